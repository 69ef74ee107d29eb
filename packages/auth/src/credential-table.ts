// The users of a configuration, ready to be looked up: one table by name, one by nkey, with the
// identity that each results in. Any thread; immutable. Names come from peers, hence Maps.
import { withoutCalloutSubject } from "./callout-subject.ts";
import type { Identity, LoginKind } from "./identity.ts";
import { isBcrypt } from "./password.ts";
import { type CompiledPermissions, compilePermissions, permissionsKey } from "./permissions.ts";
import type { AuthSpec, ConnectionType, PermissionsSpec, UserSpec } from "./spec.ts";

/** AN-20. Where users without an account go. */
export const GLOBAL_ACCOUNT = "$G";

/** One way to log in. */
export interface Credential {
  readonly identity: Identity;
  /** Stored password or token; empty for an nkey or a user without password. */
  readonly secret: string;
  readonly bcrypt: boolean;
  /** AN-33. A user without password, found by its certificate only. */
  readonly certificateOnly: boolean;
  readonly allowedConnectionTypes: readonly ConnectionType[] | undefined;
}

/** Compiles each set of permissions once. */
class PermissionsPool {
  readonly #known = new Map<string, CompiledPermissions>();

  get(key: string, spec: PermissionsSpec | undefined): CompiledPermissions {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const compiled = compilePermissions(spec);
    this.#known.set(key, compiled);
    return compiled;
  }
}

/** All credentials of an {@link AuthSpec}. */
export class CredentialTable {
  readonly users = new Map<string, Credential>();
  readonly nkeys = new Map<string, Credential>();
  /** The single user, if there is one, with its password. */
  readonly single: Credential | undefined;
  readonly token: Credential | undefined;
  /** What a connection is when nobody has to log in, and in the case of AN-12. */
  readonly anonymous: Identity;
  /** A bcrypt hash of this table; undefined = there is none. */
  readonly bcryptExample: string | undefined;
  /** AN-07. Some password is not hashed. */
  readonly plaintextPasswords: boolean;
  readonly #pool = new PermissionsPool();
  readonly #calloutAccount: string | undefined;

  constructor(spec: AuthSpec) {
    this.#calloutAccount = spec.callout?.account;
    const identityOf = (kind: LoginKind, user: string) =>
      this.#identity({
        kind,
        user,
        permissions: spec.defaultPermissions,
        proxyRequired: spec.proxyRequired,
      });
    this.anonymous = this.#identity({ kind: "none", user: "", permissions: undefined });
    this.token = spec.token ? credential(identityOf("token", ""), spec.token) : undefined;
    this.single = spec.user
      ? credential(identityOf("user", spec.user), spec.password ?? "")
      : undefined;
    for (const user of spec.users) this.#add(user, spec.defaultPermissions);
    const all = [...this.users.values(), this.single, this.token].filter(
      (one) => one !== undefined,
    );
    this.bcryptExample = all.find((one) => one.bcrypt)?.secret;
    // A token is not counted (as in the reference); an empty password may belong to a certificate.
    this.plaintextPasswords = all.some(
      (one) => one !== this.token && !one.bcrypt && !(spec.tlsMap && one.secret === ""),
    );
  }

  #add(user: UserSpec, defaultPermissions: PermissionsSpec | undefined): void {
    const isNkey = user.nkey !== undefined;
    const identity = this.#identity({
      kind: isNkey ? "nkey" : "user",
      user: user.user,
      nkey: user.nkey,
      account: user.account,
      // AN-14. Users of accounts come with the default of their account already.
      permissions: user.permissions ?? defaultPermissions,
      proxyRequired: user.proxyRequired,
    });
    const added = credential(identity, user.password, user.allowedConnectionTypes);
    if (user.nkey !== undefined) this.nkeys.set(user.nkey, added);
    else this.users.set(user.user, added);
  }

  #identity(of: {
    kind: LoginKind;
    user: string;
    nkey?: string | undefined;
    account?: string | undefined;
    permissions: PermissionsSpec | undefined;
    proxyRequired?: boolean | undefined;
  }): Identity {
    const accountName = of.account ?? GLOBAL_ACCOUNT;
    const isBesideService = accountName === this.#calloutAccount;
    const permissions = isBesideService ? withoutCalloutSubject(of.permissions) : of.permissions;
    const key = permissionsKey(permissions);
    return {
      kind: of.kind,
      user: of.user,
      nkey: of.nkey,
      accountName,
      permissionsKey: key,
      permissions: this.#pool.get(key, permissions),
      proxyRequired: of.proxyRequired,
    };
  }
}

function credential(
  identity: Identity,
  password: string | undefined,
  allowedConnectionTypes?: readonly ConnectionType[],
): Credential {
  const secret = password ?? "";
  return {
    identity,
    secret,
    bcrypt: isBcrypt(secret),
    certificateOnly: password === undefined,
    allowedConnectionTypes,
  };
}
