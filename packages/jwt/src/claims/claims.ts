// What the tokens of NATS say, as plain data: the fields of github.com/nats-io/jwt v2 under whole
// names. Any thread. Each name in JSON stands in docs/formats/jwt.md. A list or map that may be
// absent is empty; where absence means something else, it is undefined. -1 = no limit.
import type { JsonObject } from "../json/json-reader.ts";

/** Which claims a token carries. */
export type ClaimKind =
  | "operator"
  | "account"
  | "user"
  | "activation"
  | "authorization_request"
  | "authorization_response"
  | "generic";

/** The registered claims of every token. Times are Unix seconds; 0 = not set. */
export interface StandardClaims {
  readonly audience: string;
  readonly expiresAtSeconds: number;
  /** Hash over these claims; set when a token is encoded. */
  readonly id: string;
  readonly issuedAtSeconds: number;
  /** Public key that signed the token; set when it is encoded. */
  readonly issuer: string;
  readonly name: string;
  readonly notBeforeSeconds: number;
  readonly subject: string;
}

interface ClaimsOf<K extends ClaimKind, B> extends StandardClaims {
  readonly kind: K;
  /** 1 for a migrated token, else 2. What is encoded is always 2. */
  readonly version: number;
  readonly tags: readonly string[];
  readonly nats: B;
}

export interface OperatorBody {
  readonly signingKeys: readonly string[];
  readonly accountServerUrl: string;
  readonly operatorServiceUrls: readonly string[];
  readonly systemAccount: string;
  readonly assertServerVersion: string;
  readonly strictSigningKeyUsage: boolean;
}

/** Absent lists differ from empty ones: an empty allow list beside a deny list allows nothing. */
export interface Permission {
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[] | undefined;
}

export interface ResponsePermissionClaim {
  readonly messagesMax: number;
  readonly expiresNanos: number;
}

export interface Permissions {
  readonly publish: Permission;
  readonly subscribe: Permission;
  readonly responses: ResponsePermissionClaim | undefined;
}

/** A time of day from `start` to `end`, `15:04:05` each. */
export interface TimeRange {
  readonly start: string;
  readonly end: string;
}

/** What a user may do, in the user's token or in the template of a scoped signing key. */
export interface UserPermissionLimits extends Permissions {
  /** Networks in CIDR form. */
  readonly sourceNetworks: readonly string[] | undefined;
  readonly times: readonly TimeRange[] | undefined;
  /** IANA time zone of `times`; "" = the server's. */
  readonly timesLocation: string;
  readonly subscriptionsMax: number;
  /** Not enforced, as in the reference. */
  readonly dataBytesMax: number;
  readonly payloadBytesMax: number;
  readonly bearerToken: boolean;
  readonly proxyRequired: boolean;
  readonly allowedConnectionTypes: readonly string[] | undefined;
}

export interface UserBody extends UserPermissionLimits {
  /** The account, when a signing key of it issued the token. */
  readonly issuerAccount: string;
}

/** Time of revocation (Unix seconds) by public key; `*` = everybody. */
export type RevocationList = ReadonlyMap<string, number>;

export interface ServiceLatencyClaim {
  /** Percent; 0 = where headers ask for it. */
  readonly sampling: number;
  readonly results: string;
}

export type TrafficKind = "stream" | "service";

export interface ExportClaim {
  readonly name: string;
  readonly subject: string;
  readonly type: TrafficKind | "";
  readonly tokenRequired: boolean;
  readonly revocations: RevocationList;
  /** `Singleton`, `Stream`, `Chunked` or "". */
  readonly responseType: string;
  readonly responseThresholdNanos: number;
  readonly latency: ServiceLatencyClaim | undefined;
  /** From 1; 0 = none. */
  readonly accountTokenPosition: number;
  readonly advertise: boolean;
  readonly allowTrace: boolean;
  readonly description: string;
  readonly infoUrl: string;
}

export interface ImportClaim {
  readonly name: string;
  /** The publisher's subject: the exporter's for streams, the importer's for services with `to`. */
  readonly subject: string;
  readonly account: string;
  /** Activation token. */
  readonly token: string;
  /** Deprecated in favour of `localSubject`. */
  readonly to: string;
  readonly localSubject: string;
  readonly type: TrafficKind | "";
  readonly share: boolean;
  readonly allowTrace: boolean;
}

export interface JetStreamLimits {
  readonly memoryStorageBytesMax: number;
  readonly diskStorageBytesMax: number;
  readonly streamsMax: number;
  readonly consumersMax: number;
  readonly ackPendingMax: number;
  readonly memoryStreamBytesMax: number;
  readonly diskStreamBytesMax: number;
  readonly maxBytesRequired: boolean;
}

export interface AccountLimitsClaim extends JetStreamLimits {
  readonly subscriptionsMax: number;
  readonly dataBytesMax: number;
  readonly payloadBytesMax: number;
  readonly importsMax: number;
  readonly exportsMax: number;
  readonly wildcardExports: boolean;
  readonly disallowBearer: boolean;
  readonly connectionsMax: number;
  readonly leafnodesMax: number;
  /** By tier, such as `R3`; takes the place of the JetStream limits above. */
  readonly tiers: ReadonlyMap<string, JetStreamLimits>;
}

/** What a scoped signing key gives to the users that it signs. */
export interface UserScope {
  readonly key: string;
  readonly role: string;
  readonly template: UserPermissionLimits;
  readonly description: string;
}

/** Signing keys of an account; undefined = not scoped. */
export type SigningKeys = ReadonlyMap<string, UserScope | undefined>;

export interface WeightedMapping {
  readonly subject: string;
  /** Percent; 0 = 100. */
  readonly weight: number;
  readonly cluster: string;
}

export interface ExternalAuthorization {
  readonly authUsers: readonly string[];
  readonly allowedAccounts: readonly string[];
  readonly xkey: string;
}

export interface MessageTraceClaim {
  readonly destination: string;
  /** Percent; 0 = 100. */
  readonly sampling: number;
}

export interface AccountBody {
  readonly imports: readonly ImportClaim[];
  readonly exports: readonly ExportClaim[];
  readonly limits: AccountLimitsClaim;
  readonly signingKeys: SigningKeys;
  readonly revocations: RevocationList;
  readonly defaultPermissions: Permissions;
  readonly mappings: ReadonlyMap<string, readonly WeightedMapping[]>;
  readonly authorization: ExternalAuthorization;
  readonly trace: MessageTraceClaim | undefined;
  /** `system`, `owner` or "". */
  readonly clusterTraffic: string;
  readonly description: string;
  readonly infoUrl: string;
}

export interface ActivationBody {
  readonly importSubject: string;
  readonly importType: TrafficKind | "";
  readonly issuerAccount: string;
}

export interface ServerIdentity {
  readonly name: string;
  readonly host: string;
  readonly id: string;
  readonly version: string;
  readonly cluster: string;
  readonly tags: readonly string[];
  readonly xkey: string;
}

export interface ClientInformation {
  readonly host: string;
  readonly id: number;
  readonly user: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly nameTag: string;
  readonly kind: string;
  readonly type: string;
  readonly mqttId: string;
  readonly nonce: string;
}

/** What the client sent. Holds secrets: never to be logged. */
export interface ConnectOptionsClaim {
  readonly jwt: string;
  readonly nkey: string;
  readonly signedNonce: string;
  readonly token: string;
  readonly user: string;
  readonly password: string;
  readonly name: string;
  readonly language: string;
  readonly version: string;
  readonly protocol: number;
}

export interface ClientTlsClaim {
  readonly version: string;
  readonly cipher: string;
  /** PEM. */
  readonly certificates: readonly string[];
  readonly verifiedChains: readonly (readonly string[])[];
}

export interface AuthorizationRequestBody {
  readonly server: ServerIdentity;
  readonly userNkey: string;
  readonly clientInformation: ClientInformation;
  readonly connectOptions: ConnectOptionsClaim;
  readonly clientTls: ClientTlsClaim | undefined;
  readonly requestNonce: string;
}

export interface AuthorizationResponseBody {
  readonly jwt: string;
  readonly error: string;
  readonly issuerAccount: string;
}

export type OperatorClaims = ClaimsOf<"operator", OperatorBody>;
export type AccountClaims = ClaimsOf<"account", AccountBody>;
export type UserClaims = ClaimsOf<"user", UserBody>;
export type ActivationClaims = ClaimsOf<"activation", ActivationBody>;
export type AuthorizationRequestClaims = ClaimsOf<
  "authorization_request",
  AuthorizationRequestBody
>;
export type AuthorizationResponseClaims = ClaimsOf<
  "authorization_response",
  AuthorizationResponseBody
>;
/** A token of any other type; `nats` as it was read. */
export type GenericClaims = ClaimsOf<"generic", JsonObject>;

export type Claims =
  | OperatorClaims
  | AccountClaims
  | UserClaims
  | ActivationClaims
  | AuthorizationRequestClaims
  | AuthorizationResponseClaims
  | GenericClaims;

/** The claims of a kind. */
export type ClaimsOfKind<K extends ClaimKind> = Extract<Claims, { readonly kind: K }>;
