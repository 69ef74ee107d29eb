// Who guesses at the login of the monitoring port is made to wait, by address (attacks 30, 64).
// Thread: control; time is an argument. Must stay true: the table is bounded; an address in it is
// forgotten a minute after its first failure, or after the end of its wait.
import { LIMITS } from "@weft/base";

const WINDOW_MS = 60_000;

interface Attempts {
  failures: number;
  /** Monotonic milliseconds. */
  until: number;
}

export class LoginThrottle {
  readonly #attempts = new Map<string, Attempts>();

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
    if (attempts.failures < LIMITS.monitorLoginFailuresMax) return 0;
    return Math.ceil((attempts.until - nowMs) / 1_000);
  }

  failed(address: string, nowMs: number): void {
    const key = networkOf(address);
    const known = this.#attempts.get(key);
    if (known !== undefined && known.until > nowMs) {
      known.failures += 1;
      if (known.failures === LIMITS.monitorLoginFailuresMax) known.until = nowMs + WINDOW_MS;
      return;
    }
    this.#attempts.delete(key);
    this.#attempts.set(key, { failures: 1, until: nowMs + WINDOW_MS });
    if (this.#attempts.size <= LIMITS.monitorLoginAddressesMax) return;
    for (const oldest of this.#attempts.keys()) {
      this.#attempts.delete(oldest);
      break;
    }
  }

  succeeded(address: string): void {
    this.#attempts.delete(networkOf(address));
  }
}

/** The address, or the 64 bits of an IPv6 address that one household has. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1] as string;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::", 2);
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array.from({ length: zeros }, () => "0"), ...back];
  return groups.slice(0, 4).join(":");
}
