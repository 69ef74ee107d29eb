// Test support: a random operator, accounts and a user with their tokens, and a connection.
import type { ConnectionType } from "@weft/auth";
import type { Prng } from "@weft/base";
import type {
  AccountClaims,
  Claims,
  OperatorClaims,
  Permission,
  UserPermissionLimits,
  UserScope,
} from "../claims/claims.ts";
import {
  newAccountClaims,
  newOperatorClaims,
  newScopedUserClaims,
  newUserClaims,
  newUserScope,
} from "../claims/new-claims.ts";
import { encodeClaims } from "../encode.ts";
import { publicKey, type TestKey, testKey } from "./test-keys.ts";

/** Account keys: 0 and 1 are accounts, the others their signing keys. */
const SCOPED_KEYS = [2, 3] as const;
const PLAIN_KEY = 4;
const SUBJECTS = ["a", "a.b", "a.*", "a.>", "b.*.c", ">", "user.x", "dept.a", "dept.*.in"] as const;
const TEMPLATES = [
  ...SUBJECTS,
  "user.{{name()}}",
  "{{subject()}}.>",
  "{{account-name()}}.{{account-subject()}}",
  "dept.{{tag(dept)}}",
  "dept.{{ tag(dept) }}.{{tag(role)}}",
  "{{account-tag(region)}}.{{tag(dept)}}.*",
  "x..{{name()}}",
] as const;
const TAGS = ["dept:a", "dept:b", "role:r", "dept:", "region:eu"] as const;
const NAMES = ["x", "y z", "", "a.b", "*"] as const;
const HOSTS = ["127.0.0.1", "10.1.2.3", "192.168.1.1"] as const;
const NETWORKS = ["127.0.0.0/8", "10.0.0.0/8", "192.168.1.1/32", "0.0.0.0/0"] as const;
const TYPES: readonly ConnectionType[] = ["STANDARD", "WEBSOCKET", "MQTT"];
const CLOCKS = ["00:00:00", "06:00:00", "12:00:00", "18:30:30", "23:59:59"] as const;
const ZONES = ["", "UTC", "Asia/Kathmandu", "Asia/Tokyo"] as const;

export interface RandomGraph {
  readonly operators: readonly OperatorClaims[];
  readonly accountToken: string;
  readonly userToken: string;
  readonly connection: {
    readonly type: ConnectionType;
    readonly host: string;
    readonly signer: TestKey | undefined;
    readonly viaProxy: boolean;
  };
}

/** Makes graphs in which about a half of the users may log in. */
export class GraphMaker {
  readonly #prng: Prng;
  readonly #nowSeconds: number;

  constructor(prng: Prng, nowSeconds: number) {
    this.#prng = prng;
    this.#nowSeconds = nowSeconds;
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#prng.below(values.length)] as T;
  }

  #chance(percent: number): boolean {
    return this.#prng.below(100) < percent;
  }

  #some<T>(values: readonly T[], max: number): T[] {
    return Array.from({ length: this.#prng.below(max + 1) }, () => this.#one(values));
  }

  /** A list or, for none, its absence. */
  #list<T>(values: readonly T[], percent: number): T[] | undefined {
    return this.#chance(percent) ? [this.#one(values), ...this.#some(values, 2)] : undefined;
  }

  #permission(subjects: readonly string[]): Permission {
    return { allow: this.#list(subjects, 40), deny: this.#list(subjects, 25) };
  }

  #rights(base: UserPermissionLimits, subjects: readonly string[]): UserPermissionLimits {
    const clock = () => this.#one(CLOCKS);
    return {
      ...base,
      publish: this.#permission(subjects),
      subscribe: this.#permission(subjects),
      responses: this.#chance(15) ? { messagesMax: 1, expiresNanos: 1e9 } : undefined,
      sourceNetworks: this.#list(NETWORKS, 15),
      times: this.#chance(20)
        ? [
            { start: clock(), end: clock() },
            { start: clock(), end: clock() },
          ]
        : undefined,
      timesLocation: this.#chance(20) ? this.#one(ZONES) : "",
      subscriptionsMax: this.#one([-1, -1, 5, 100]),
      payloadBytesMax: this.#one([-1, -1, 8, 1_000]),
      bearerToken: this.#chance(15),
      proxyRequired: this.#chance(5),
      allowedConnectionTypes: this.#list(TYPES, 15),
    };
  }

  #ends(): { expiresAtSeconds: number; notBeforeSeconds: number } {
    const now = this.#nowSeconds;
    return {
      expiresAtSeconds: this.#chance(80)
        ? 0
        : this.#one([now - 1, now, now + 1, now + 50, now + 5_000]),
      notBeforeSeconds: this.#chance(95) ? 0 : this.#one([now - 1, now, now + 1]),
    };
  }

  #token(claims: Claims, signer: TestKey): string {
    const issuedAt = this.#nowSeconds - this.#prng.below(4);
    const made = encodeClaims(claims, signer, issuedAt);
    if (!made.ok) throw new Error(made.error.message);
    return made.token;
  }

  #operator(number: number): OperatorClaims {
    const claims = newOperatorClaims(publicKey("operator", number));
    const signingKeys = this.#chance(92) ? [publicKey("operator", number + 5)] : [];
    return {
      ...claims,
      nats: { ...claims.nats, signingKeys, strictSigningKeyUsage: this.#chance(20) },
    };
  }

  #scope(key: number): UserScope {
    const scope = newUserScope(publicKey("account", key));
    return { ...scope, template: this.#rights(scope.template, TEMPLATES) };
  }

  #account(number: number): AccountClaims {
    const claims = newAccountClaims(publicKey("account", number));
    const signingKeys = new Map<string, UserScope | undefined>();
    for (const key of SCOPED_KEYS) {
      if (this.#chance(90)) signingKeys.set(publicKey("account", key), this.#scope(key));
    }
    if (this.#chance(90)) signingKeys.set(publicKey("account", PLAIN_KEY), undefined);
    if (this.#chance(5)) signingKeys.set(claims.subject, this.#scope(number));
    const revocations = new Map<string, number>();
    for (const key of [publicKey("user", 0), publicKey("user", 1), "*"]) {
      if (this.#chance(10)) revocations.set(key, this.#nowSeconds - this.#prng.below(5));
    }
    const limits = {
      ...claims.nats.limits,
      disallowBearer: this.#chance(20),
      subscriptionsMax: this.#one([-1, -1, 0, 50]),
      payloadBytesMax: this.#one([-1, -1, 64]),
    };
    const defaultPermissions = {
      publish: this.#permission(SUBJECTS),
      subscribe: this.#permission(SUBJECTS),
      responses: undefined,
    };
    const nats = { ...claims.nats, signingKeys, revocations, limits, defaultPermissions };
    return { ...claims, ...this.#ends(), name: this.#one(NAMES), tags: this.#some(TAGS, 2), nats };
  }

  #userToken(account: string, user: number): string {
    const key = publicKey("user", user);
    const signer = testKey("account", this.#one([0, 2, 2, 3, 4, this.#chance(20) ? 1 : 0]));
    const isOwn = signer.publicKey === account;
    const issuerAccount = isOwn && this.#chance(80) ? "" : this.#chance(98) ? account : "";
    const isScoped = SCOPED_KEYS.some((one) => publicKey("account", one) === signer.publicKey);
    const isSilent = isScoped ? this.#chance(85) : this.#chance(10);
    const plain = newUserClaims(key);
    const rights = this.#chance(3) ? [...SUBJECTS, "a..b"] : SUBJECTS;
    const claims = isSilent
      ? newScopedUserClaims(key, issuerAccount)
      : { ...plain, nats: { ...this.#rights(plain.nats, rights), issuerAccount } };
    const own = { ...this.#ends(), name: this.#one(NAMES), tags: this.#some(TAGS, 3) };
    return this.#token({ ...claims, ...own }, signer);
  }

  next(): RandomGraph {
    const operators = this.#chance(20)
      ? [this.#operator(0), this.#operator(1)]
      : [this.#operator(0)];
    const number = this.#chance(98) ? 0 : 1;
    const signer = testKey("operator", this.#one([0, 5, 5, 5, 5, 5, 5, this.#chance(20) ? 1 : 5]));
    const accountSigner = this.#chance(97) ? signer : testKey("account", number);
    const account = this.#account(number);
    const user = this.#prng.below(2);
    return {
      operators,
      accountToken: this.#token(account, accountSigner),
      userToken: this.#userToken(publicKey("account", 0), user),
      connection: {
        type: this.#one(["STANDARD", "STANDARD", ...TYPES]),
        host: this.#one(HOSTS),
        signer: this.#chance(5) ? undefined : testKey("user", this.#chance(95) ? user : 1 - user),
        viaProxy: this.#chance(30),
      },
    };
  }
}
