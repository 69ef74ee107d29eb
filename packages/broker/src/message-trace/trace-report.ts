// What a thread tells the one with the publisher of a traced message: which of its subscriptions got
// it. Travels as JSON in a frame between threads of one process. Worker; pure.
import type { EgressError } from "./trace-event.ts";

/** One subscription. Its texts are byte strings but for the name. */
export interface ReportedEgress {
  readonly clientId: number;
  readonly name: string;
  readonly filter: string;
  readonly queue?: string | undefined;
  readonly error?: EgressError | undefined;
  readonly ts: string;
}

export interface TraceReport {
  /** To how many it was delivered, or would have been. */
  readonly delivered: number;
  /** Threads that were asked for a member of a group that has left here; they report too. */
  readonly forwarded: number;
  readonly egress: readonly ReportedEgress[];
  /** Other entries of the event, ready to be shown. */
  readonly entries: readonly object[];
}

/** Subscriptions told of in one report; the others got the message as well. */
export const REPORTED_MAX = 4_096;

export function encodeReport(report: TraceReport): Buffer {
  return Buffer.from(JSON.stringify(report), "utf8");
}

export function decodeReport(bytes: Buffer): TraceReport {
  return JSON.parse(bytes.toString("utf8")) as TraceReport;
}
