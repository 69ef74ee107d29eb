// Test support: random claims of every kind, good ones and such with something wrong anywhere.
import type { KeyKind } from "@weft/auth";
import type { Prng } from "@weft/base";
import type {
  AccountClaims,
  ActivationClaims,
  AuthorizationRequestClaims,
  AuthorizationResponseClaims,
  Claims,
  ExportClaim,
  ImportClaim,
  JetStreamLimits,
  OperatorClaims,
  Permission,
  Permissions,
  RevocationList,
  StandardClaims,
  UserClaims,
  UserPermissionLimits,
  UserScope,
  WeightedMapping,
} from "../claims/claims.ts";
import {
  newAccountClaims,
  newActivationClaims,
  newAuthorizationRequestClaims,
  newAuthorizationResponseClaims,
  newOperatorClaims,
  newUserClaims,
  newUserScope,
} from "../claims/new-claims.ts";
import { encodeClaims } from "../encode.ts";
import {
  BAD_SUBJECTS,
  CLOCKS,
  CONNECTIONS,
  LOCALS,
  NETWORKS,
  NUMBERS,
  SUBJECTS,
  TAGS,
  TEXTS,
  URLS,
  VERSIONS,
  ZONES,
} from "./random-values.ts";
import { publicKey, testKey } from "./test-keys.ts";

/** Makes random values; `badness` is the chance, in percent, of a value that may be wrong. */
export class RandomClaims {
  readonly #prng: Prng;
  readonly #badness: number;
  readonly #nowSeconds: number;

  constructor(prng: Prng, badness: number, nowSeconds: number) {
    this.#prng = prng;
    this.#badness = badness;
    this.#nowSeconds = nowSeconds;
  }

  one<T>(values: readonly T[]): T {
    return values[this.#prng.below(values.length)] as T;
  }

  chance(percent: number): boolean {
    return this.#prng.below(100) < percent;
  }

  #bad(): boolean {
    return this.chance(this.#badness);
  }

  some<T>(make: () => T, max = 3): T[] {
    return Array.from({ length: this.#prng.below(max + 1) }, make);
  }

  subject(): string {
    return this.#bad() ? this.one(BAD_SUBJECTS) : this.one(SUBJECTS);
  }

  key(kind: KeyKind): string {
    if (!this.#bad()) return publicKey(kind, this.#prng.below(4));
    const other = this.one(["user", "account", "operator", "server", "curve"] as const);
    return this.one(["", "*", "bad", publicKey(other, 1), `${publicKey(kind, 1).slice(0, -1)}A`]);
  }

  #number(): number {
    return this.chance(50) ? -1 : this.one(NUMBERS);
  }

  #time(): number {
    const offset = this.one([-1_000_000, 1_000_000, 86_400 * 300]);
    return this.chance(80) ? 0 : this.#nowSeconds + offset;
  }

  #standard(): Pick<StandardClaims, "audience" | "expiresAtSeconds" | "name" | "notBeforeSeconds"> {
    return {
      audience: this.chance(80) ? "" : this.one(TEXTS),
      expiresAtSeconds: this.#time(),
      name: this.one(TEXTS),
      notBeforeSeconds: this.#time(),
    };
  }

  #tags(): string[] {
    return this.some(() => this.one(TAGS));
  }

  #permission(): Permission {
    const entry = () => (this.chance(20) ? `${this.subject()} ${this.subject()}` : this.subject());
    const list = () => {
      if (this.chance(50)) return undefined;
      const entries = this.some(entry);
      return entries.length === 0 ? undefined : entries;
    };
    return { allow: list(), deny: list() };
  }

  permissions(): Permissions {
    const isSilent = this.chance(40);
    const nothing = { allow: undefined, deny: undefined };
    return {
      publish: isSilent ? nothing : this.#permission(),
      subscribe: isSilent ? nothing : this.#permission(),
      responses: this.chance(80)
        ? undefined
        : { messagesMax: this.one([-1, 0, 1, 100]), expiresNanos: this.one([0, -1, 500_000, 1e9]) },
    };
  }

  userLimits(): UserPermissionLimits {
    const orNone = <T>(values: T[]) =>
      values.length === 0 || this.chance(60) ? undefined : values;
    return {
      ...this.permissions(),
      sourceNetworks: orNone(
        this.some(() => (this.#bad() ? this.one(NETWORKS) : this.one(NETWORKS.slice(0, 6)))),
      ),
      times: orNone(
        this.some(() => {
          const clocks = this.#bad() ? CLOCKS : CLOCKS.slice(0, 5);
          return { start: this.one(clocks), end: this.one(clocks) };
        }),
      ),
      timesLocation: this.#bad() ? this.one(ZONES) : this.one(ZONES.slice(0, 6)),
      subscriptionsMax: this.#number(),
      dataBytesMax: this.#number(),
      payloadBytesMax: this.#number(),
      bearerToken: this.chance(20),
      proxyRequired: this.chance(10),
      allowedConnectionTypes: orNone(this.some(() => this.one(CONNECTIONS))),
    };
  }

  operator(subject: number): OperatorClaims {
    const claims = newOperatorClaims(publicKey("operator", subject));
    const url = () => (this.#bad() ? this.one(URLS) : this.one(URLS.slice(0, 4)));
    const nats = {
      signingKeys: this.some(() => this.key("operator")),
      // A bad one cannot be encoded.
      accountServerUrl: this.one(["", "https://h/jwt/v1", "nats://h", "HTTP://H"]),
      operatorServiceUrls: this.some(url),
      systemAccount: this.chance(50) ? "" : this.key("account"),
      assertServerVersion: this.#bad() ? this.one(VERSIONS) : this.one(VERSIONS.slice(0, 3)),
      strictSigningKeyUsage: this.chance(30),
    };
    return { ...claims, ...this.#standard(), tags: this.#tags(), nats };
  }

  user(subject: number): UserClaims {
    const claims = newUserClaims(publicKey("user", subject));
    const issuerAccount = this.chance(50) ? "" : this.key("account");
    const nats = { ...this.userLimits(), issuerAccount };
    return { ...claims, ...this.#standard(), tags: this.#tags(), nats };
  }

  activation(subject: number): ActivationClaims {
    const nats = {
      importSubject: this.subject(),
      importType: this.#bad() ? ("" as const) : this.one(["stream", "service"] as const),
      issuerAccount: this.chance(60) ? "" : this.key("account"),
    };
    const claims = newActivationClaims(publicKey("account", subject));
    return { ...claims, ...this.#standard(), tags: this.#tags(), nats };
  }

  request(): AuthorizationRequestClaims {
    const claims = newAuthorizationRequestClaims(this.one(["x", publicKey("account", 1)]));
    const text = () => this.one(TEXTS);
    const nats = {
      ...claims.nats,
      server: { ...claims.nats.server, name: text(), id: this.key("server"), tags: this.#tags() },
      userNkey: this.key("user"),
      clientInformation: {
        ...claims.nats.clientInformation,
        host: text(),
        id: this.#prng.below(1_000),
        nonce: text(),
      },
      connectOptions: {
        ...claims.nats.connectOptions,
        user: text(),
        password: text(),
        protocol: 1,
      },
      clientTls: this.chance(50)
        ? undefined
        : {
            version: "1.3",
            cipher: text(),
            certificates: this.some(text),
            verifiedChains: this.some(() => this.some(text)),
          },
      requestNonce: text(),
    };
    return { ...claims, ...this.#standard(), tags: this.#tags(), nats };
  }

  response(): AuthorizationResponseClaims {
    const claims = newAuthorizationResponseClaims(this.key("user") || "x");
    const nats = {
      jwt: this.chance(50) ? "" : "a.b.c",
      error: this.chance(50) ? "" : this.one(TEXTS),
      issuerAccount: this.chance(50) ? "" : this.key("account"),
    };
    const audience = this.key("server");
    return { ...claims, ...this.#standard(), audience, tags: this.#tags(), nats };
  }

  #revocations(): RevocationList {
    const key = () => (this.chance(20) ? "*" : this.key("user"));
    return new Map(this.some(() => [key(), this.#nowSeconds - this.#prng.below(1_000)] as const));
  }

  #export(): ExportClaim {
    const type = this.#bad() ? ("" as const) : this.one(["stream", "service"] as const);
    const isService = type === "service" || this.#bad();
    return {
      name: this.one(TEXTS),
      subject: this.subject(),
      type,
      tokenRequired: this.chance(30),
      revocations: this.#revocations(),
      responseType: isService ? this.one(["", "Singleton", "Stream", "Chunked", "Odd"]) : "",
      responseThresholdNanos: isService ? this.one([0, 1e9, -1, 5e6]) : 0,
      latency:
        isService && this.chance(30)
          ? { sampling: this.one([0, 1, 50, 100]), results: this.subject() }
          : undefined,
      accountTokenPosition: this.chance(80) ? 0 : this.one([1, 2, 3, 9]),
      advertise: this.chance(20),
      allowTrace: isService && this.chance(20),
      description: this.one(TEXTS),
      infoUrl: this.chance(70) ? "" : this.one(URLS),
    };
  }

  #token(): string {
    if (this.#bad()) return this.one(["x", "a.b.c", "http://h/x"]);
    const issuer = testKey("account", this.#prng.below(4));
    const made = encodeClaims(this.activation(this.#prng.below(4)), issuer, this.#nowSeconds);
    return made.ok ? made.token : "";
  }

  #import(): ImportClaim {
    const type = this.#bad() ? ("" as const) : this.one(["stream", "service"] as const);
    const isRenamed = this.chance(40);
    return {
      name: this.one(TEXTS),
      subject: this.subject(),
      account: this.key("account"),
      token: this.chance(60) ? "" : this.#token(),
      to: this.chance(80) || (isRenamed && !this.#bad()) ? "" : this.subject(),
      localSubject: isRenamed ? this.one(LOCALS) : "",
      type,
      share: type === "service" ? this.chance(30) : this.#bad(),
      allowTrace: type === "stream" ? this.chance(30) : this.#bad(),
    };
  }

  #jetStream(): JetStreamLimits {
    return {
      memoryStorageBytesMax: this.#number(),
      diskStorageBytesMax: this.#number(),
      streamsMax: this.#number(),
      consumersMax: this.#number(),
      ackPendingMax: this.#number(),
      memoryStreamBytesMax: this.#number(),
      diskStreamBytesMax: this.#number(),
      maxBytesRequired: this.chance(50),
    };
  }

  scope(number: number): UserScope {
    const scope = newUserScope(publicKey("account", number));
    const limits = this.userLimits();
    // The reference rounds larger numbers of a template to seventeen digits.
    const limit = (value: number) => (value === 0 || value > 2 ** 53 ? -1 : value);
    const template = {
      ...limits,
      // Zero is not written and reads as "no limit".
      subscriptionsMax: limit(limits.subscriptionsMax),
      dataBytesMax: limit(limits.dataBytesMax),
      payloadBytesMax: limit(limits.payloadBytesMax),
    };
    return { ...scope, role: this.one(TEXTS), template, description: this.one(TEXTS) };
  }

  account(subject: number): AccountClaims {
    const claims = newAccountClaims(publicKey("account", subject));
    const keys = this.some(() => this.#prng.below(8));
    const signingKeys = new Map<string, UserScope | undefined>();
    for (const key of keys) {
      signingKeys.set(publicKey("account", key), this.chance(50) ? undefined : this.scope(key));
    }
    if (this.#bad()) signingKeys.set(this.key("account"), undefined);
    const isTiered = this.chance(20);
    const mapping = (): WeightedMapping => ({
      subject: this.subject(),
      weight: this.one([0, 20, 50, 80, 100, this.#bad() ? 200 : 10]),
      cluster: this.chance(70) ? "" : this.one(["c1", "c2"]),
    });
    const limits = this.chance(10)
      ? {
          ...newAccountClaims("x").nats.limits,
          importsMax: 0,
          exportsMax: 2,
          wildcardExports: false,
        }
      : claims.nats.limits;
    const tier = () => [this.#bad() ? "" : this.one(["R1", "R3"]), this.#jetStream()] as const;
    const nats = {
      ...claims.nats,
      imports: this.some(() => this.#import(), 4),
      exports: this.some(() => this.#export(), 4),
      limits: isTiered
        ? { ...limits, tiers: new Map(this.some(tier)) }
        : { ...limits, ...(this.chance(30) ? this.#jetStream() : {}) },
      signingKeys,
      revocations: this.#revocations(),
      defaultPermissions: this.permissions(),
      mappings: new Map(this.some(() => [this.subject(), this.some(mapping)] as const)),
      authorization: this.chance(70)
        ? claims.nats.authorization
        : {
            authUsers: this.some(() => this.key("user")),
            allowedAccounts: this.chance(40) ? ["*"] : this.some(() => this.key("account")),
            xkey: this.chance(50) ? "" : this.key("curve"),
          },
      trace: this.chance(70)
        ? undefined
        : { destination: this.subject(), sampling: this.one([0, 1, 100, 101, -1]) },
      clusterTraffic: this.#bad() ? "odd" : this.one(["", "system", "owner"]),
      description: this.one(TEXTS),
      infoUrl: this.chance(80) ? "" : this.one(URLS),
    };
    return { ...claims, ...this.#standard(), tags: this.#tags(), nats };
  }

  /** Claims of any kind but generic, and a kind of key that may sign them. */
  any(): { claims: Claims; signer: KeyKind } {
    const subject = this.#prng.below(4);
    switch (this.#prng.below(7)) {
      case 0:
        return { claims: this.operator(subject), signer: "operator" };
      case 1:
        return { claims: this.user(subject), signer: "account" };
      case 2:
        return { claims: this.activation(subject), signer: "account" };
      case 3:
        return { claims: this.request(), signer: "server" };
      case 4:
        return { claims: this.response(), signer: "account" };
      default:
        return { claims: this.account(subject), signer: this.one(["operator", "account"]) };
    }
  }
}
