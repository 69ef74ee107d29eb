// What logins have to know of the operators of a server. Any thread; plain values, cloned to workers.
import type { TrustedOperators } from "@weft/jwt";

export interface OperatorRules {
  readonly operators: TrustedOperators;
  /** AN-55. Undefined = every account. */
  readonly pinnedAccounts: ReadonlySet<string> | undefined;
  /** AN-54. The token of whoever brings none; undefined = a token is required. */
  readonly sentinel: string | undefined;
  /** SA-22. A callout places nobody among users with tokens, nor the other way round. */
  readonly oneMechanism: boolean;
  /** IANA name of the server's own time zone. */
  readonly timeZone: string;
}
