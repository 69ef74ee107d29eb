// A session that threw while its kept input was handled: where the transport's call is not there to
// charge it to its connection (F27). Owned by the session's worker.
import { AssertionFailure } from "@weft/base";
import { TRANSPORT_REASONS } from "@weft/protocol";
import type { ClientSession } from "./client-session.ts";
import { logAbout } from "./session-log.ts";

/** A failed assert ends the thread; anything else costs this connection. */
export function endFaulty(session: ClientSession, error: unknown): void {
  if (error instanceof AssertionFailure) throw error;
  session.host.counters.connectionFaults += 1;
  logAbout(session, "error", `connection closed by a fault: ${faultText(error)}`);
  session.abort(TRANSPORT_REASONS.error);
}

export function faultText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
