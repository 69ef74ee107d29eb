// What one address may do (`address_limits`; attacks 30, 64): new connections in a second, failed
// logins in a minute. Acceptor thread; time is an argument. Must stay true: both tables are bounded;
// who is not limited is not counted.
import { LIMITS, LoginThrottle, networkOf } from "@weft/base";
import type { AddressLimits } from "@weft/config";
import type { ThrottleReason } from "./throttle-counters.ts";

const WINDOW_MS = 1_000;

interface Opened {
  count: number;
  /** Monotonic milliseconds. */
  until: number;
}

export class AddressThrottle {
  readonly #connectionsMax: number;
  readonly #opened = new Map<string, Opened>();
  readonly #logins: LoginThrottle | undefined;

  constructor({ connectionsPerSecond, loginFailures }: AddressLimits) {
    this.#connectionsMax = connectionsPerSecond || Number.POSITIVE_INFINITY;
    this.#logins = loginFailures === 0 ? undefined : new LoginThrottle(loginFailures);
  }

  /** Addresses whose connections are counted. */
  get size(): number {
    return this.#opened.size;
  }

  /** Why a new connection of this address may not go on; undefined = it may. Counts it. */
  refusal(address: string, nowMs: number): ThrottleReason | undefined {
    const waitSeconds = this.#logins?.waitSeconds(address, nowMs) ?? 0;
    if (waitSeconds > 0) return "failedLogins";
    if (this.#connectionsMax === Number.POSITIVE_INFINITY) return undefined;
    const key = networkOf(address);
    const opened = this.#opened.get(key);
    if (opened !== undefined && opened.until > nowMs) {
      opened.count += 1;
      return opened.count <= this.#connectionsMax ? undefined : "connections";
    }
    // Behind all others: the first of the map is the oldest.
    this.#opened.delete(key);
    this.#opened.set(key, { count: 1, until: nowMs + WINDOW_MS });
    if (this.#opened.size > LIMITS.throttledAddressesMax) this.#forgetOldest();
    return undefined;
  }

  loginFailed(address: string, nowMs: number): void {
    this.#logins?.failed(address, nowMs);
  }

  #forgetOldest(): void {
    for (const oldest of this.#opened.keys()) {
      this.#opened.delete(oldest);
      return;
    }
  }
}
