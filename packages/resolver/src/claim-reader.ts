// The port to whoever knows signed claims: what a resolver asks about a text before it keeps it.
// Any thread; pure. Must stay true: a resolver never looks into a JWT by itself.

/** An account JWT that a trusted operator key has signed and that keeps the rules of claims. */
export interface AccountFacts {
  readonly ok: true;
  /** The JWT as it is kept: without line ends behind it. */
  readonly text: string;
  /** Why it is not good at the time asked, though it may be at another; undefined = it is good. */
  readonly timeFault?: string | undefined;
  /** Public account key. */
  readonly subject: string;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  readonly jti: string;
}

/**
 * What is wrong with an account JWT: not readable, breaking the rules of claims, signed by the
 * operator's identity key where only signing keys may, signed by somebody else, or older than the one
 * that whoever asks has.
 */
export type ClaimFaultKind = "malformed" | "invalid" | "identity-key" | "untrusted" | "older";

export interface ClaimFault {
  readonly ok: false;
  /** Without secrets; goes into replies and logs. */
  readonly error: string;
  /** Absent = "malformed". */
  readonly fault?: ClaimFaultKind | undefined;
  /** Public key that the text is about, as far as it can be read. */
  readonly subject?: string | undefined;
}

/** Any signed claim: the signature is that of `issuer`, nothing else is checked. */
export interface SignedClaim {
  readonly ok: true;
  /** As it is kept: without line ends behind it. */
  readonly text: string;
  readonly subject: string;
  readonly issuer: string;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  readonly jti: string;
  /** What the claim lists under `accounts` (AC-90); undefined if it has no such field. */
  readonly accounts?: unknown;
}

/** Reads and checks claims. Nothing here throws for any input. */
export interface ClaimReader {
  /**
   * `nowMs` in Unix milliseconds: what `timeFault` goes by. `isOlder` is asked about a JWT that an
   * operator has signed, with its account and Unix seconds, before all that costs more.
   */
  verifyAccountJwt(
    text: string,
    nowMs: number,
    isOlder?: (key: string, issuedAt: number) => boolean,
  ): AccountFacts | ClaimFault;
  /** AC-90, and the age of what was good once. */
  readSigned(text: string): SignedClaim | { readonly ok: false; readonly error: string };
  /** Operator key or operator signing key that may ask for deletion and sign accounts. */
  isOperatorKey(key: string): boolean;
}

/** True if `facts` are of a JWT of the account `key` that is good now. */
export function isGoodFor(key: string, facts: AccountFacts | ClaimFault): facts is AccountFacts {
  return facts.ok && facts.timeFault === undefined && facts.subject === key;
}
