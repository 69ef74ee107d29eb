// How many logins are looked at: in all, from one address, and after failures of one user. Pure: the
// time is an argument. Must stay true: memory is bounded whatever clients call themselves; who was not
// heard of for longest is forgotten first; another spelling of a name is no other user.
import { countedName } from "./names.ts";

interface Bucket {
  tokens: number;
  atMs: number;
}

const KEYS_MAX = 10_000;

/** Token buckets by key: `perSecond` on average, twice as many at once. */
export class Buckets {
  readonly #perSecond: number;
  readonly #capacity: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, capacity = Math.max(1, perSecond * 2)) {
    this.#perSecond = perSecond;
    this.#capacity = capacity;
  }

  /** True if `key` had one left; takes it. */
  take(key: string, nowMs: number): boolean {
    const bucket = this.#fill(key, nowMs);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** True if there is one left. */
  hasLeft(key: string, nowMs: number): boolean {
    const known = this.#buckets.get(key);
    return known === undefined || this.#fill(key, nowMs).tokens >= 1;
  }

  #fill(key: string, nowMs: number): Bucket {
    const known = this.#buckets.get(key);
    this.#buckets.delete(key);
    const bucket = known ?? { tokens: this.#capacity, atMs: nowMs };
    const grown = (Math.max(0, nowMs - bucket.atMs) / 1_000) * this.#perSecond;
    bucket.tokens = Math.min(this.#capacity, bucket.tokens + grown);
    bucket.atMs = nowMs;
    if (this.#buckets.size >= KEYS_MAX) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

export interface ThrottleLimits {
  readonly loginsPerSecond: number;
  readonly loginsPerSecondPerHost: number;
  readonly failuresPerMinute: number;
}

export class Throttle {
  readonly #all: Buckets;
  readonly #hosts: Buckets;
  readonly #failures: Buckets;

  constructor(limits: ThrottleLimits) {
    this.#all = new Buckets(limits.loginsPerSecond);
    this.#hosts = new Buckets(limits.loginsPerSecondPerHost);
    const failures = limits.failuresPerMinute;
    this.#failures = new Buckets(failures / 60, failures);
  }

  /** Why the login is not looked at; undefined = it is. */
  refusal(host: string, user: string, nowMs: number): string | undefined {
    if (!this.#hosts.take(host, nowMs)) return "too many logins from this address";
    if (!this.#failures.hasLeft(keyOf(host, user), nowMs)) {
      return "too many failures of this user from this address";
    }
    return this.#all.take("", nowMs) ? undefined : "too many logins";
  }

  failed(host: string, user: string, nowMs: number): void {
    this.#failures.take(keyOf(host, user), nowMs);
  }
}

/** By address as well, or anybody could lock anybody else out. */
function keyOf(host: string, user: string): string {
  return `${host} ${countedName(user)}`;
}
