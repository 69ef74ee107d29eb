// Login on the monitoring port: verdicts of the pure part, hashes by the pool, throttle by address
// (docs/secure.md). Control thread. Must stay true: comparisons for the monitoring port cannot fill
// the queue that clients' logins wait in; no password is kept, but for a keyed digest of the last
// good one of each user.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { LIMITS, LoginThrottle } from "@weft/base";
import type { MonitorLogin } from "@weft/config";
import { judgeLogin, type LoginVerdict, type ShownCredentials } from "@weft/monitor";
import type { HashPool } from "./hash-pool.ts";

/** Comparisons under way for this port; further logins are told to come back. */
const COMPARED_AT_ONCE = 4;

export type LoginAnswer =
  | { readonly kind: "granted" }
  | { readonly kind: "denied" }
  | { readonly kind: "wait"; readonly status: 429 | 503; readonly seconds: number };

type Comparison = Extract<LoginVerdict, { kind: "compare" }>;

export class MonitorLogins {
  readonly #hashes: Pick<HashPool, "compare">;
  readonly #throttle = new LoginThrottle(LIMITS.monitorLoginFailuresMax);
  readonly #key = randomBytes(32);
  readonly #accepted = new Map<string, Buffer>();
  #comparing = 0;

  constructor(hashes: Pick<HashPool, "compare">) {
    this.#hashes = hashes;
  }

  /** After a change of the configuration nobody is known any more. */
  forget(): void {
    this.#accepted.clear();
  }

  async check(login: MonitorLogin, shown: ShownCredentials, address: string): Promise<LoginAnswer> {
    const seconds = this.#throttle.waitSeconds(address, performance.now());
    if (seconds > 0) return { kind: "wait", status: 429, seconds };
    const verdict = judgeLogin(login, shown);
    if (verdict.kind === "asked") return { kind: "denied" };
    if (verdict.kind !== "compare") return this.#decided(verdict.kind === "granted", address);
    if (this.#isAccepted(verdict)) return { kind: "granted" };
    if (this.#comparing >= COMPARED_AT_ONCE) return { kind: "wait", status: 503, seconds: 1 };
    this.#comparing += 1;
    try {
      const matches = await this.#hashes.compare(verdict.stored, verdict.given);
      const isGood = matches && verdict.known;
      if (isGood) this.#accepted.set(verdict.user, this.#digest(verdict));
      return this.#decided(isGood, address);
    } finally {
      this.#comparing -= 1;
    }
  }

  #decided(isGood: boolean, address: string): LoginAnswer {
    if (isGood) this.#throttle.succeeded(address);
    else this.#throttle.failed(address, performance.now());
    return { kind: isGood ? "granted" : "denied" };
  }

  /** Somebody who looks every second shall not cost a hash each time. */
  #isAccepted(verdict: Comparison): boolean {
    const accepted = this.#accepted.get(verdict.user);
    return (
      accepted !== undefined && verdict.known && timingSafeEqual(accepted, this.#digest(verdict))
    );
  }

  /** The stored hash is part of it: a changed password is a new one. */
  #digest({ stored, given }: Comparison): Buffer {
    return createHmac("sha256", this.#key).update(`${stored}\n${given}`).digest();
  }
}
