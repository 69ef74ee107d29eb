// The measurement of one request to a service, as it is published (AC-61, AC-62). Worker; pure.
import type { UnixNanos } from "@weft/base";
import { wireTime } from "@weft/control";
import type { ClientDescription } from "../session/client-description.ts";
import type { SamplingHeaders } from "./header-sampling.ts";

const TYPE = "io.nats.server.metric.v1.service_latency";

/** AC-62: what became of the request. */
export const LATENCY_OUTCOMES = {
  answered: { status: 200 },
  withoutReply: { status: 400, description: "Bad Request" },
  requesterGone: { status: 408, description: "Request Timeout" },
  noResponder: { status: 503, description: "Service Unavailable" },
  timedOut: { status: 504, description: "Service Timeout" },
} as const;

export type LatencyOutcome = keyof typeof LATENCY_OUTCOMES;

/** What was seen of one request. */
export interface LatencyFacts {
  readonly outcome: LatencyOutcome;
  readonly requestor: ClientDescription | undefined;
  readonly responder: ClientDescription | undefined;
  readonly header: SamplingHeaders | undefined;
  /** When the server took the request. */
  readonly receivedAt: UnixNanos;
  /** From the request to the answer, as seen by the server; 0 without an answer. */
  readonly answeredAfterNanos: number;
  /** What the server itself took to pass the answer on. */
  readonly passingNanos: number;
}

/** AC-61, fields in the reference's order; times in nanoseconds. */
export function latencyEvent(facts: LatencyFacts, id: string, at: UnixNanos): object {
  const { outcome, requestor, responder, answeredAfterNanos } = facts;
  const requestorNanos = requestor?.rtt ?? 0;
  const responderNanos = responder?.rtt ?? 0;
  const isAnswered = outcome === "answered";
  // The reference tells of its own part only where the responder's way is known.
  const system = isAnswered && responderNanos > 0 ? facts.passingNanos : 0;
  return {
    type: TYPE,
    id,
    timestamp: wireTime(at),
    ...LATENCY_OUTCOMES[outcome],
    requestor,
    responder,
    header: facts.header,
    // The requester sent it half a round trip ago or more; the reference takes the whole.
    start: wireTime(facts.receivedAt - BigInt(requestorNanos)),
    service: isAnswered ? Math.max(0, answeredAfterNanos - responderNanos) : 0,
    system,
    total: isAnswered ? requestorNanos + answeredAfterNanos + system : 0,
  };
}
