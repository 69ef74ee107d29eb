// What is remembered of a finished connection (CP-110).
import type { ClosedConnection } from "../ports.ts";
import type { ClientSession } from "./client-session.ts";

/** `nowMs`: wall clock in Unix milliseconds. */
export function closedRecord(
  session: ClientSession,
  account: string,
  nowMs: number,
): ClosedConnection {
  const { facts, outbox, transport } = session;
  return {
    clientId: session.clientId,
    reason: session.closedReason ?? "Unknown State",
    name: facts.name,
    user: session.user,
    account,
    address: transport.remoteAddress,
    port: transport.remotePort,
    startedAt: session.startedUnixMs,
    closedAt: nowMs,
    inMessages: session.inMessages,
    inBytes: session.inBytes,
    outMessages: outbox.messages,
    outBytes: outbox.payloadBytes,
  };
}
