// What a login results in, and what it may have to wait for. Any thread; plain values.
import type { TlsFacts } from "@weft/base";
import type { CompiledPermissions } from "./permissions.ts";
import type { ConnectionType, PermissionsSpec } from "./spec.ts";

/** How an identity was proved. `none` = nothing was asked for. */
export type LoginKind =
  | "none"
  | "no-auth-user"
  | "nkey"
  | "user"
  | "certificate"
  | "token"
  | "callout";

/** Who a connection is. Contains no secret. */
export interface Identity {
  readonly kind: LoginKind;
  /** Name for logs and monitoring; empty for a token or for nobody in particular. */
  readonly user: string;
  /** Public key of an nkey user. */
  readonly nkey?: string | undefined;
  readonly accountName: string;
  /** Equal for identities with equal permissions; "" = unrestricted. */
  readonly permissionsKey: string;
  readonly permissions: CompiledPermissions;
  /** Limits of the user, to be combined with those of account and server; undefined = none. */
  readonly payloadBytesMax?: number | undefined;
  readonly subscriptionsMax?: number | undefined;
  /** Wall-clock end of the right to be connected (CP-82), Unix milliseconds. */
  readonly expiresAtMs?: number | undefined;
}

/** The fields of CONNECT that a login looks at (CP-20). */
export interface LoginRequest {
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
  readonly authToken?: string | undefined;
  readonly nkey?: string | undefined;
  readonly sig?: string | undefined;
  readonly jwt?: string | undefined;
  /** CP-28: not empty = refused. */
  readonly account?: string | undefined;
  readonly newAccount?: boolean | undefined;
}

/** What the server knows of the connection. */
export interface LoginFacts {
  /** The bytes of the nonce text in INFO; what a signature is over (CP-06). */
  readonly nonce: Uint8Array;
  readonly connectionType: ConnectionType;
  readonly tls?: TlsFacts | undefined;
}

/** Wanted: compare `given` with the bcrypt hash `stored`; see password.ts for what counts. */
export interface HashPending {
  readonly kind: "hash";
  readonly stored: string;
  readonly given: string;
  /** Who it will be if it fits; undefined = nobody: the work is done to cost the same time. */
  readonly candidate: Identity | undefined;
  /** Why the login is refused whatever the answer is; only where there is no candidate. */
  readonly reason?: DenyReason | undefined;
}

/** Wanted: the account with this key, from a resolver. */
export interface AccountPending {
  readonly kind: "account";
  readonly key: string;
}

/** Wanted: the answer of the callout service of this account (AN-60); the driver adds the rest. */
export interface CalloutPending {
  readonly kind: "callout";
  readonly account: string;
  /** The user token that the service is shown; "" in a static configuration (AN-73). */
  readonly jwt: string;
}

/** Wanted: the verdict of an authentication plug-in (AN-19). */
export interface PluginPending {
  readonly kind: "plugin";
  readonly plugin: string;
}

/** Wanted: the revocation state of the client certificate. */
export interface OcspPending {
  readonly kind: "ocsp";
  readonly certificate: Uint8Array;
}

/** What a login waits for. All kinds share the one deadline of the login (CP-31). */
export type Pending = HashPending | AccountPending | CalloutPending | PluginPending | OcspPending;

/** What the control thread is asked while a login waits; plain data, clones to another thread. */
export type LoginQuestion =
  | { readonly kind: "hash"; readonly stored: string; readonly given: string }
  | CalloutQuestion;

/** Everything that a callout service is told of a login (AN-63). Holds secrets: never logged. */
export interface CalloutQuestion {
  readonly kind: "callout";
  /** Account of the service. */
  readonly account: string;
  readonly clientId: number;
  /** Address of the peer. */
  readonly host: string;
  /** What counts as the name of who wants in: nkey, user or token; may be empty. */
  readonly rawUser: string;
  readonly nonce: string;
  readonly connectionType: ConnectionType;
  readonly connect: {
    readonly jwt: string;
    readonly nkey: string;
    readonly sig: string;
    readonly token: string;
    readonly user: string;
    readonly pass: string;
    readonly name: string;
    readonly lang: string;
    readonly version: string;
    readonly protocol: number;
  };
  readonly tls?: CalloutTls | undefined;
}

/** Certificates are DER; the client's own first, then its issuers. */
export interface CalloutTls {
  readonly version: string;
  readonly cipher: string;
  readonly chain: readonly Uint8Array[];
}

/** Who a callout service says that a connection is; plain data without a secret. */
export interface CalloutUser {
  readonly accountName: string;
  /** Name in the service's token; "" = as the client called itself. */
  readonly name: string;
  /** Undefined = unrestricted. */
  readonly permissions?: PermissionsSpec | undefined;
  readonly payloadBytesMax?: number | undefined;
  readonly subscriptionsMax?: number | undefined;
  /** Unix milliseconds. */
  readonly expiresAtMs?: number | undefined;
}

/** The answer to a {@link LoginQuestion} of the same kind; plain data. */
export type LoginAnswer =
  | { readonly kind: "hash"; readonly matches: boolean }
  /** Without a user: refused, for this reason. */
  | { readonly kind: "callout"; readonly user: CalloutUser }
  | { readonly kind: "callout"; readonly user?: undefined; readonly reason: string };

/** What to ask for a wait; undefined = not known here: the driver's question, or nobody's. */
export function questionOf(wait: Pending): LoginQuestion | undefined {
  if (wait.kind !== "hash") return undefined;
  return { kind: "hash", stored: wait.stored, given: wait.given };
}

/**
 * The finer cause of a refusal, for logs and events; the client always reads
 * `Authorization Violation` (CP-30).
 */
export type DenyReason =
  | "account in connect"
  | "credentials missing"
  | "user unknown"
  | "nkey unknown"
  | "connection type not allowed"
  | "signature missing"
  | "signature malformed"
  | "signature not verified"
  | "certificate required"
  | "certificate not mapped"
  | "password wrong"
  | "token wrong"
  | "callout refused"
  | "answer unexpected";

export type LoginOutcome =
  | { readonly kind: "granted"; readonly identity: Identity }
  /** `detail`: the same in more words, and the account of the service that said so. */
  | {
      readonly kind: "denied";
      readonly reason: DenyReason;
      readonly detail?: string | undefined;
      readonly accountName?: string | undefined;
    }
  | { readonly kind: "pending"; readonly wait: Pending };

/**
 * Looks up the user that a verified client certificate stands for (AN-31); undefined = none. A user
 * who may not connect in this way is none.
 */
export interface CertificateMapper {
  mapCertificate(facts: TlsFacts, connectionType: ConnectionType): string | undefined;
}
