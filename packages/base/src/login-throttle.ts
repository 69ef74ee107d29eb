// Who guesses at a login is made to wait, by address (attacks 30, 64). Thread: control for the
// monitoring port, the acceptor for clients; time is an argument. Must stay true: the table is
// bounded; an address in it is forgotten a minute after its first failure, or after its wait.
import { networkOf } from "./address-network.ts";
import { LIMITS } from "./limits.ts";

const WINDOW_MS = 60_000;

interface Attempts {
  failures: number;
  /** Monotonic milliseconds. */
  until: number;
}

export class LoginThrottle {
  readonly #failuresMax: number;
  readonly #attempts = new Map<string, Attempts>();

  /** So many within a minute are too many. */
  constructor(failuresMax: number) {
    this.#failuresMax = failuresMax;
  }

  /** Addresses in the table. */
  get size(): number {
    return this.#attempts.size;
  }

  /** Seconds that this address has to wait; 0 = it may try. */
  waitSeconds(address: string, nowMs: number): number {
    const key = networkOf(address);
    const attempts = this.#attempts.get(key);
    if (attempts === undefined) return 0;
    if (attempts.until <= nowMs) {
      this.#attempts.delete(key);
      return 0;
    }
    if (attempts.failures < this.#failuresMax) return 0;
    return Math.ceil((attempts.until - nowMs) / 1_000);
  }

  failed(address: string, nowMs: number): void {
    const key = networkOf(address);
    const known = this.#attempts.get(key);
    if (known !== undefined && known.until > nowMs) {
      known.failures += 1;
      if (known.failures === this.#failuresMax) known.until = nowMs + WINDOW_MS;
      return;
    }
    this.#attempts.delete(key);
    this.#attempts.set(key, { failures: 1, until: nowMs + WINDOW_MS });
    if (this.#attempts.size <= LIMITS.throttledAddressesMax) return;
    for (const oldest of this.#attempts.keys()) {
      this.#attempts.delete(oldest);
      break;
    }
  }

  succeeded(address: string): void {
    this.#attempts.delete(networkOf(address));
  }
}
