// What is shown of an account that came by a token (MO-25, AC-56): made where tokens are judged, read
// by the monitoring pages. Any thread; plain data. Must stay true: the token's signature is not
// among it.

export interface AccountDocument {
  readonly updatedMs: number;
  readonly isExpired: boolean;
  /** Everything that the token asks for works. */
  readonly isComplete: boolean;
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
