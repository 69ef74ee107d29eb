// The breakers of many services, each by the account that it listens in. Control thread; pure: the time
// is an argument. What must stay true: a service that is silent rests alone, and one that answers costs
// no memory here.
import { Breaker, type BreakerState } from "./breaker.ts";

export class Breakers {
  readonly #max: number;
  /** Of services that were silent last; who was so most recently stands last. */
  readonly #silent = new Map<string, Breaker>();

  /** Of more silent services than this, the one that was asked least recently is forgiven. */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#silent.size;
  }

  /** With several services: the worst of their states. */
  state(nowMs: number): BreakerState {
    let worst: BreakerState = "closed";
    for (const breaker of this.#silent.values()) {
      const state = breaker.state(nowMs);
      if (state === "open") return state;
      if (state === "half-open") worst = state;
    }
    return worst;
  }

  /** See {@link Breaker}, here and below. */
  mayAsk(service: string, nowMs: number): boolean {
    return this.#silent.get(service)?.mayAsk(nowMs) ?? true;
  }

  answered(service: string): boolean {
    const breaker = this.#silent.get(service);
    this.#silent.delete(service);
    return breaker?.answered() ?? false;
  }

  silent(service: string, nowMs: number): number | undefined {
    const breaker = this.#silent.get(service) ?? new Breaker();
    this.#silent.delete(service);
    this.#silent.set(service, breaker);
    if (this.#silent.size > this.#max) {
      const [oldest = ""] = this.#silent.keys();
      this.#silent.delete(oldest);
    }
    return breaker.silent(nowMs);
  }

  notAsked(service: string): void {
    this.#silent.get(service)?.notAsked();
  }

  /** Its account is gone. */
  forget(service: string): void {
    this.#silent.delete(service);
  }

  keepOnly(services: ReadonlyMap<string, unknown>): void {
    for (const service of this.#silent.keys()) {
      if (!services.has(service)) this.#silent.delete(service);
    }
  }
}
