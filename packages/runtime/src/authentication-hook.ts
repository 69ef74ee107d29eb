// What an authentication module, or an embedding program, decides about logins with (GP-14, SB-04,
// SB-27). Types only: the documented interface.
import type { AuthenticationAnswer, AuthenticationRequest } from "@weft/auth";

/** What helps a hook, beside what it is asked. */
export interface AuthenticationTools {
  /** Aborted when the time for the answer is over: nobody waits for it any more. */
  readonly signal: AbortSignal;
  /**
   * True if the client has signed the nonce with the private key of `connect.nkey`. That it is a key
   * which may come in is for the hook to know.
   */
  isSigned(): boolean;
}

/**
 * Decides about one login. May be asked about many at the same time. What it throws refuses the
 * login, as does an answer that makes no sense.
 */
export type AuthenticationHook = (
  request: AuthenticationRequest,
  tools: AuthenticationTools,
) => AuthenticationAnswer | Promise<AuthenticationAnswer>;
