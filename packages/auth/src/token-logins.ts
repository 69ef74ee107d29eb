// Logins by user tokens (AN-43 to AN-55), as a worker asks for them: who judges tokens is handed in,
// so that a server without operators loads none of it. Owned by a worker. Must stay true: every
// answer is given by what this thread knows at that moment; what it lacks is asked of control.
import type {
  AccountPending,
  Identity,
  LoginAnswer,
  LoginFacts,
  LoginOutcome,
  LoginRequest,
} from "./identity.ts";

/** Why somebody who is logged in has to go. */
export type TokenEnd =
  /** CP-82. */
  | "user expired"
  /** CP-83: expired, or gone. */
  | "account expired"
  /** CP-84. */
  | "revoked"
  /** Reads as a login that is refused. */
  | "violation"
  /** Nobody is told why, as in the reference. */
  | "refused";

/** An account that is gone, and what its users are told. */
export interface ForgottenAccount {
  readonly key: string;
  readonly end: TokenEnd;
}

export type TokenVerdict =
  | { readonly kind: "granted"; readonly identity: Identity }
  | { readonly kind: "ended"; readonly why: TokenEnd; readonly detail: string };

export interface TokenLogins {
  /** AN-54. Who brings no token is somebody. */
  readonly hasSentinel: boolean;
  begin(request: LoginRequest, facts: LoginFacts): LoginOutcome;
  /** `answer` came for the account that `pending` waits for. */
  finish(pending: AccountPending, answer: LoginAnswer, facts: LoginFacts): LoginOutcome;
  /** What is true now of somebody who logged in by a token. */
  judgeAgain(identity: Identity, facts: LoginFacts): TokenVerdict;
  /**
   * What has ended his right to be connected, as far as that is known without reading his token, for
   * the change that was told last; undefined = he has to be judged.
   */
  knownEnd(identity: Identity): TokenVerdict | undefined;
  /** Rules of a reload: `operator` of the snapshot, as whoever made it knows it. */
  follow(rules: unknown): void;
  /** Accounts as whoever made them knows them, in place of those of the same key; others are gone. */
  know(accounts: readonly unknown[], forgotten: readonly ForgottenAccount[]): void;
}
