// What is shown of an account that came by a token (MO-25, AC-56): made where tokens are judged, read
// by the monitoring pages. Any thread; plain data. Must stay true: the token's signature is not
// among it.

/** An import that does not work, and why; it is not among those of the account's specification. */
export interface BrokenImport {
  readonly kind: "stream" | "service";
  readonly subject: string;
  /** Account that it would be from. */
  readonly account: string;
  readonly problem: string;
}

export interface AccountDocument {
  readonly updatedMs: number;
  readonly isExpired: boolean;
  /** Everything that the token asks for works. */
  readonly isComplete: boolean;
  /** What does not, for people. */
  readonly problems: readonly string[];
  readonly brokenImports: readonly BrokenImport[];
  /** Header and claims; "" = there is no token yet. */
  readonly token: string;
  readonly issuerKey: string;
  readonly nameTag: string;
  readonly tags: readonly string[];
  /** The claims as JSON; "" = there are none. */
  readonly claimsJson: string;
  readonly findings: readonly {
    readonly text: string;
    readonly isBlocking: boolean;
    readonly isAboutTime: boolean;
  }[];
  /** Unix seconds by user key. */
  readonly revokedUsers: ReadonlyMap<string, number>;
}
