// Users of two accounts who log in by tokens, and may do what a test says. Test support.
import {
  type AccountPending,
  compilePermissions,
  type Identity,
  type LoginOutcome,
  type LoginRequest,
  type PermissionsSpec,
  permissionsKey,
  type TokenLogins,
  type TokenVerdict,
} from "@weft/auth";

export const MANY_ACCOUNT = "MANY";
/** Of users whose names begin with `o`. */
export const OTHER_ACCOUNT = "OTHER";

/** What users may do; who has gone has no entry. */
export class TokenUsers implements TokenLogins {
  readonly hasSentinel = false;
  readonly rights = new Map<string, PermissionsSpec | undefined>();
  /** Users that are known to have gone. */
  readonly gone = new Set<string>();
  readonly judged: string[] = [];
  /** Logins that were begun. */
  begun = 0;
  /** Called for each judgement, and for each login. */
  onJudge: (user: string) => void = () => undefined;

  /** Of users whose names begin with `a`, control is asked. */
  begin({ user = "" }: LoginRequest): LoginOutcome {
    if (user.startsWith("a")) {
      return { kind: "pending", wait: { kind: "account", key: MANY_ACCOUNT, judged: user } };
    }
    this.begun += 1;
    this.onJudge(user);
    return { kind: "granted", identity: this.#identity(user) };
  }

  finish({ judged }: AccountPending): LoginOutcome {
    this.begun += 1;
    this.onJudge(judged as string);
    return { kind: "granted", identity: this.#identity(judged as string) };
  }

  judgeAgain({ user }: Identity): TokenVerdict {
    this.judged.push(user);
    this.onJudge(user);
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
      accountName: user.startsWith("o") ? OTHER_ACCOUNT : MANY_ACCOUNT,
      permissionsKey: permissionsKey(spec),
      permissions: compilePermissions(spec),
      token: { text: user, name: user, tags: [], issuerKey: "", issuedAtSeconds: 0 },
    };
  }
}
