// Users of one account who log in by tokens, and may do what a test says. Test support.
import {
  compilePermissions,
  type Identity,
  type LoginOutcome,
  type LoginRequest,
  type PermissionsSpec,
  permissionsKey,
  type TokenLogins,
  type TokenVerdict,
} from "@weft/auth";

/** What users may do; who has gone has no entry. */
export class TokenUsers implements TokenLogins {
  readonly hasSentinel = false;
  readonly rights = new Map<string, PermissionsSpec | undefined>();
  /** Users that are known to have gone. */
  readonly gone = new Set<string>();
  /** Who was judged, in order. */
  readonly judged: string[] = [];
  /** Called for each judgement. */
  onJudge: () => void = () => undefined;

  readonly #accountName: string;

  constructor(accountName: string) {
    this.#accountName = accountName;
  }

  begin({ user = "" }: LoginRequest): LoginOutcome {
    return { kind: "granted", identity: this.#identity(user) };
  }

  finish(): LoginOutcome {
    return { kind: "denied", reason: "token refused" };
  }

  judgeAgain({ user }: Identity): TokenVerdict {
    this.judged.push(user);
    this.onJudge();
    if (!this.rights.has(user)) return { kind: "ended", why: "user expired", detail: "it is" };
    return { kind: "granted", identity: this.#identity(user) };
  }

  knownEnd({ user }: Identity): TokenVerdict | undefined {
    return this.gone.has(user) ? { kind: "ended", why: "revoked", detail: "it is" } : undefined;
  }

  follow(): void {}
  know(): void {}

  #identity(user: string): Identity {
    const spec = this.rights.get(user);
    return {
      kind: "jwt",
      user,
      accountName: this.#accountName,
      permissionsKey: permissionsKey(spec),
      permissions: compilePermissions(spec),
      token: { text: user, name: user, tags: [], issuerKey: "", issuedAtSeconds: 0 },
    };
  }
}
