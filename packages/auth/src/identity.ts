// What a login results in, and what it may have to wait for. Any thread; plain values.
import type { TlsFacts } from "@weft/base";
import type { CompiledPermissions } from "./permissions.ts";
import type { AuthenticationRequest, PluginVerdict } from "./plugin.ts";
import type { ConnectionType, PermissionsSpec } from "./spec.ts";

/** How an identity was proved. `none` = nothing was asked for. */
export type LoginKind =
  | "none"
  | "no-auth-user"
  | "nkey"
  | "user"
  | "certificate"
  | "token"
  | "jwt"
  | "callout"
  | "plugin";

/** What the token of a user says beside its rights (AN-57). */
export interface TokenFacts {
  /** The token as it was sent: rights are judged anew by it. Must not be shown. */
  readonly text: string;
  /** Name of the user for people. */
  readonly name: string;
  readonly tags: readonly string[];
  /** Key that signed the token: the account's own or one of its signing keys. */
  readonly issuerKey: string;
  /** What a revocation goes by. */
  readonly issuedAtSeconds: number;
}

/**
 * By what somebody is judged when accounts change whom a callout has placed into an account by token
 * (AN-65, AC-93): the user's token itself is not kept.
 */
export interface PlacedFacts {
  /** Key of the account whose service placed him. */
  readonly calloutAccount: string;
  /** Key of the user in the answer. */
  readonly userKey: string;
  /** Key that signed the user: the account's own or one of its signing keys. */
  readonly issuerKey: string;
  /** Equal for as long as the template of that key is; "" = the key is not scoped. */
  readonly templateKey: string;
  /** What a revocation goes by. */
  readonly issuedAtSeconds: number;
  /** The permissions are the account's default and change with it. */
  readonly hasDefaultPermissions: boolean;
}

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
  /** Of a login by token. */
  readonly token?: TokenFacts | undefined;
  /** Of a callout into an account by token. */
  readonly placed?: PlacedFacts | undefined;
  /** AN-82. Only through a trusted proxy. */
  readonly proxyRequired?: boolean | undefined;
  /** AN-71. What a callout service or an authentication module says of somebody, for people. */
  readonly tags?: readonly string[] | undefined;
}

/** AN-57. Key that vouches for who logged in by a token or by a callout into an account by token. */
export function issuerKeyOf(
  identity: Pick<Identity, "placed" | "token"> | undefined,
): string | undefined {
  return identity?.token?.issuerKey ?? identity?.placed?.issuerKey;
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
  /** The peer's IP address; undefined = none. */
  readonly address?: string | undefined;
  readonly tls?: TlsFacts | undefined;
  /** AN-81. Key of the trusted proxy that it came through; undefined = it came directly. */
  readonly proxy?: string | undefined;
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
  /** The login is refused like this already; only the time is missing. */
  readonly refusal?: Refusal | undefined;
}

/** Wanted: the account with this key, from a resolver. */
export interface AccountPending {
  readonly kind: "account";
  readonly key: string;
  /** What whoever judges tokens made of the login so far. */
  readonly judged: unknown;
}

/** Wanted: the answer of the callout service of this account (AN-60); the driver adds the rest. */
export interface CalloutPending {
  readonly kind: "callout";
  readonly account: string;
  /** The user token that the service is shown; "" in a static configuration (AN-73). */
  readonly jwt: string;
  /** Refused like this whatever the answer is; the service is not shown what would prove anything. */
  readonly refusal?: Refusal | undefined;
  /** Before a refusal that follows from the answer: the time that others' refusals take. */
  readonly costs?: HashPending | undefined;
}

/** Wanted: the verdict of the authentication module (GP-14). */
export interface PluginPending {
  readonly kind: "plugin";
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
  /** AN-44: the account with this key. */
  | { readonly kind: "account"; readonly key: string }
  | CalloutQuestion
  | { readonly kind: "plugin"; readonly request: AuthenticationRequest };

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
  /** AN-82. */
  readonly proxyRequired?: boolean | undefined;
  /** AN-71. For people. */
  readonly tags?: readonly string[] | undefined;
  /** Undefined in an account of the configuration. */
  readonly placed?: PlacedFacts | undefined;
}

/** The answer to a {@link LoginQuestion} of the same kind; plain data. */
export type LoginAnswer =
  | { readonly kind: "hash"; readonly matches: boolean }
  /** `error` undefined: the account was told to this thread before. */
  | { readonly kind: "account"; readonly error?: string | undefined }
  /** Without a user: refused, for this reason. */
  | { readonly kind: "plugin"; readonly verdict: PluginVerdict }
  | { readonly kind: "callout"; readonly user: CalloutUser }
  | { readonly kind: "callout"; readonly user?: undefined; readonly reason: string };

/** What to ask for a wait; undefined = not known here: the driver's question, or nobody's. */
export function questionOf(wait: Pending): LoginQuestion | undefined {
  if (wait.kind === "account") return { kind: "account", key: wait.key };
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
  | "plugin refused"
  | "answer unexpected"
  /** AN-81, AN-82; in the reference's words. */
  | "proxy is not trusted"
  | "proxy connection required"
  /** AN-55. */
  | "account not pinned"
  /** The account takes another kind of login (GP-1). */
  | "mechanism not allowed"
  /** A token, or what stands behind it, is not good; `detail` of the outcome says why. */
  | "token refused";

export interface Refusal {
  readonly kind: "denied";
  readonly reason: DenyReason;
  /** For the log, in place of the reason. No secret stands in it. */
  readonly detail?: string | undefined;
  /** Account of the callout service that said so. */
  readonly accountName?: string | undefined;
}

export type LoginOutcome =
  | { readonly kind: "granted"; readonly identity: Identity }
  | Refusal
  | { readonly kind: "pending"; readonly wait: Pending };

/**
 * Looks up the user that a verified client certificate stands for (AN-31); undefined = none. A user
 * who may not connect in this way is none.
 */
export interface CertificateMapper {
  mapCertificate(facts: TlsFacts, connectionType: ConnectionType): string | undefined;
}
