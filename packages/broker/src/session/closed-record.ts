// What is remembered of a finished connection (CP-110).
import type { ClosedConnection } from "../ports.ts";
import type { ClientSession } from "./client-session.ts";

/** `nowMs`: wall clock in Unix milliseconds. */
export function closedRecord(
  session: ClientSession,
  account: string,
  nowMs: number,
): ClosedConnection {
  const { facts, outbox, transport, connectOptions } = session;
  return {
    clientId: session.clientId,
    reason: session.closedReason ?? "Unknown State",
    // What was asked for, where the login was refused.
    name: facts.name || (connectOptions?.name ?? ""),
    user: session.user || (connectOptions?.user ?? ""),
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
