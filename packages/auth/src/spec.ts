// What a configuration or a token says about users and their rights, before compilation.
// Plain data: it is made on the control thread and cloned to the workers.
import type { SourcePosition } from "@weft/base";

/** One side of a permission (AZ-01, AZ-02). `allow` undefined = everything; `[]` = nothing. */
export interface SubjectRules {
  /** Entries are `subject` or, for subscriptions, `subject queue` (AZ-09). */
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

/** AZ-11. Right to answer the reply subjects of delivered messages. */
export interface ResponsePermission {
  /** Answers per reply subject; negative = any number. */
  readonly messagesMax: number;
  /** Time for them in milliseconds; negative = for ever. */
  readonly expiresMs: number;
}

/** AZ-01. */
export interface PermissionsSpec {
  readonly publish?: SubjectRules | undefined;
  readonly subscribe?: SubjectRules | undefined;
  readonly responses?: ResponsePermission | undefined;
}

/** AN-13. */
export type ConnectionType =
  | "STANDARD"
  | "WEBSOCKET"
  | "LEAFNODE"
  | "LEAFNODE_WS"
  | "MQTT"
  | "MQTT_WS"
  | "IN_PROCESS";

/** One static user: by name and password, or by nkey (AN-04, AN-08). */
export interface UserSpec {
  /** Name; empty for an nkey user. */
  readonly user: string;
  /** Plain or bcrypt (`$2a$`, `$2b$`, `$2x$`, `$2y$`); undefined = found by certificate only. */
  readonly password?: string | undefined;
  /** Public user nkey (`U...`). */
  readonly nkey?: string | undefined;
  /** Account name; undefined = `$G`. */
  readonly account?: string | undefined;
  readonly permissions?: PermissionsSpec | undefined;
  readonly allowedConnectionTypes?: readonly ConnectionType[] | undefined;
  /** AN-82. Only through a trusted proxy. */
  readonly proxyRequired?: boolean | undefined;
  readonly at?: SourcePosition | undefined;
}

/** How the users of an account log in. */
export type Mechanism = "static" | "jwt" | "callout";

/** An account of the configuration, `$G` included. */
export interface MixedAccount {
  readonly name: string;
  /** Its public key, if it has one. */
  readonly key?: string | undefined;
  readonly mechanism: Mechanism;
}

/** GP-1. Several mechanisms beside each other; accounts that are not in here have tokens. */
export interface MixedSpec {
  readonly accounts: readonly MixedAccount[];
}

/** AN-60. `authorization { auth_callout { ... } }`. */
export interface CalloutSpec {
  /** Public account nkey that signs the users of the service. */
  readonly issuer: string;
  /** Account in which the service listens. */
  readonly account: string;
  /** Names or nkeys of users that no service is asked about: the service itself. */
  readonly authUsers: readonly string[];
  /** Public curve nkey of the service: requests are sealed to it. */
  readonly xkey?: string | undefined;
  /** Accounts whose users the service decides about; empty = all. `$G` always is one. */
  readonly allowedAccounts: readonly string[];
}

/** GP-14. A module of the operator's own that decides about logins. */
export interface PluginSpec {
  /** Path of the module; a name that is no path = a function of the embedding program. */
  readonly name: string;
  /** For one answer. */
  readonly timeoutMs: number;
  /** Names or nkeys of users that it is not asked about. */
  readonly authUsers: readonly string[];
}

/** Static authentication of the client listener (docs/compat/03-authentication.md, 3.1). */
export interface AuthSpec {
  /** `authorization { user, password }`. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** `authorization { token }`, plain or bcrypt. */
  readonly token?: string | undefined;
  /** Permissions of the single user or token and default for `users` without their own (AN-14). */
  readonly defaultPermissions?: PermissionsSpec | undefined;
  readonly users: readonly UserSpec[];
  readonly noAuthUser?: string | undefined;
  /** AN-60. Who decides about logins that nothing here answers. */
  readonly callout?: CalloutSpec | undefined;
  /** GP-14. Who is asked about logins before anybody else. */
  readonly plugin?: PluginSpec | undefined;
  /** Undefined = users, tokens and callout do not stand beside each other. */
  readonly mixed?: MixedSpec | undefined;
  /** True when users are looked up from the client certificate (AN-30). */
  readonly tlsMap: boolean;
  /** AN-82. The same for the single user or the token. */
  readonly proxyRequired?: boolean | undefined;
  /** AN-80. Public keys of proxies. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** AN-12. An `authorization` block was written, with whatever content. */
  readonly authorizationBlock?: boolean | undefined;
  /** AN-12. The accounts of the configuration, without the implicit ones. */
  readonly accountNames?: readonly string[] | undefined;
  /** AN-12. `system_account` as written; undefined = not written. */
  readonly systemAccount?: string | undefined;
}
