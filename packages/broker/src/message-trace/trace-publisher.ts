// Sends the event of a traced message to where its publisher wants it (AC-70, AC-71). Owned by the
// worker with the publisher.
import { gzipSync } from "node:zlib";
import { type Packing, snappyStream } from "@weft/control";
import { fillMessage } from "../internal/internal-message.ts";
import type { BrokerDependencies, ServerIdentity } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import { hashSubject } from "../publish/plan-compiler.ts";
import type { Publisher } from "../publish/publisher.ts";
import { serverFacts } from "../session/system-events.ts";
import type { MessageTrace } from "./message-trace.ts";
import { traceDocument } from "./trace-event.ts";

/** Beside the plan that is being followed. */
const EVENT_DEPTH = 1;
const NO_HEADER = Buffer.alloc(0);

/** Publishes the event, as the server itself: nobody's permissions, mappings or traces apply. */
export function publishTrace(
  trace: MessageTrace,
  publisher: Publisher,
  contexts: ContextTable,
  server: ServerIdentity,
  dependencies: Pick<BrokerDependencies, "clock" | "hashSeed" | "nextEventSequence">,
): void {
  if (trace.destination === undefined) return;
  const { clock, hashSeed, nextEventSequence } = dependencies;
  const view = new MessageView();
  view.subject = Buffer.from(trace.destination, "latin1");
  view.subjectEnd = view.subject.length;
  view.hash = hashSubject(view.subject, 0, view.subjectEnd, hashSeed);
  const stamp = { sequence: nextEventSequence(), at: clock.unixNanos() };
  const document = traceDocument(serverFacts(server), stamp, trace.request, trace.entries);
  const body = Buffer.from(JSON.stringify(document), "utf8");
  const { packing } = trace;
  const header =
    packing === "none"
      ? NO_HEADER
      : Buffer.from(`NATS/1.0\r\nContent-Encoding: ${packing}\r\n\r\n`, "latin1");
  fillMessage(view, header, packed(body, packing));
  publisher.publishAs(contexts.mapped(trace.account), view, EVENT_DEPTH);
}

function packed(body: Buffer, packing: Packing): Buffer {
  if (packing === "gzip") return gzipSync(body);
  return packing === "snappy" ? snappyStream(body) : body;
}
