// Sends the event of a traced message to where its publisher wants it (AC-70, AC-71). Owned by the
// worker with the publisher.
import { gzipSync } from "node:zlib";
import { AssertionFailure, LIMITS } from "@weft/base";
import { type Packing, snappyStream } from "@weft/control";
import { fillMessage, planReachesSomebody } from "../internal/internal-message.ts";
import type { BrokerDependencies, ServerIdentity } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import { hashSubject } from "../publish/plan-compiler.ts";
import type { Publisher } from "../publish/publisher.ts";
import { faultText } from "../session/faulty-session.ts";
import { serverFacts } from "../session/system-events.ts";
import type { MessageTrace } from "./message-trace.ts";
import { traceDocument } from "./trace-event.ts";

/** Beside the plan that is being followed. */
const EVENT_DEPTH = 1;
const NO_HEADER = Buffer.alloc(0);
/** To make an event, and for so many times its bytes, against a delivery. */
const WORK_PER_EVENT = 1_000;
const WORK_PER_BYTE = 8;

export interface TracePublisherHost {
  readonly publisher: Publisher;
  readonly contexts: ContextTable;
  readonly server: ServerIdentity;
}

type Dependencies = Pick<BrokerDependencies, "clock" | "hashSeed" | "log" | "nextEventSequence">;

/**
 * Publishes the event, as the server itself: nobody's permissions, mappings or traces apply. It is not
 * made where nobody would get it, and a fault loses it: whoever is in hand did not ask for it.
 */
export function publishTrace(
  trace: MessageTrace,
  host: TracePublisherHost,
  dependencies: Dependencies,
): void {
  if (trace.destination === undefined) return;
  try {
    publishEvent(trace, trace.destination, host, dependencies);
  } catch (error) {
    if (error instanceof AssertionFailure) throw error;
    dependencies.log.write(
      "error",
      `The event of a trace was lost by a fault: ${faultText(error)}`,
    );
  }
}

function publishEvent(
  trace: MessageTrace,
  destination: Buffer,
  { publisher, contexts, server }: TracePublisherHost,
  { clock, hashSeed, nextEventSequence }: Dependencies,
): void {
  if (destination.length > LIMITS.subjectBytesMax) return;
  const view = new MessageView();
  view.subject = destination;
  view.subjectEnd = view.subject.length;
  view.hash = hashSubject(view.subject, 0, view.subjectEnd, hashSeed);
  const context = contexts.mapped(trace.account);
  // One look at the plan is one sight of its subject: destinations may come once each.
  const plan = publisher.planFor(context, view, EVENT_DEPTH);
  if (!planReachesSomebody(plan)) return;
  const stamp = { sequence: nextEventSequence(), at: clock.unixNanos() };
  const document = traceDocument(serverFacts(server), stamp, trace.request, trace.entries);
  const body = Buffer.from(document, "utf8");
  publisher.spend(WORK_PER_EVENT, 0);
  publisher.spend(WORK_PER_BYTE, body.length);
  const { packing } = trace;
  const header =
    packing === "none"
      ? NO_HEADER
      : Buffer.from(`NATS/1.0\r\nContent-Encoding: ${packing}\r\n\r\n`, "latin1");
  fillMessage(view, header, packed(body, packing));
  publisher.run(plan, view, context, EVENT_DEPTH);
  trace.whenTold?.(body.length);
}

function packed(body: Buffer, packing: Packing): Buffer {
  if (packing === "gzip") return gzipSync(body);
  return packing === "snappy" ? snappyStream(body) : body;
}
