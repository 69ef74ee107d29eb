// Questions to services that have no answer yet. Control thread; pure: the time is an argument. What
// must stay true: their number is bounded, each is given back once (answered, late, or dropped), and
// one service never holds more places than it leaves free.
import type { Millis } from "@weft/base";

interface Held<T> {
  readonly service: string;
  readonly question: T;
  readonly untilMs: Millis;
}

export class UnderWay<T> {
  readonly #max: number;
  readonly #held = new Map<string, Held<T>>();
  /** Places by service; only those that hold any. */
  readonly #places = new Map<string, number>();

  /** So many for all services together; half as many for one that is asked alone. */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#held.size;
  }

  /** A service may hold as many places as are free: whoever comes late still finds some. */
  hasRoomFor(service: string): boolean {
    return (this.#places.get(service) ?? 0) < this.#max - this.#held.size;
  }

  add(token: string, service: string, question: T, untilMs: Millis): void {
    this.#held.set(token, { service, question, untilMs });
    this.#places.set(service, (this.#places.get(service) ?? 0) + 1);
  }

  /** Undefined: answered before, late, or never asked. */
  take(token: string): T | undefined {
    const held = this.#held.get(token);
    if (held === undefined) return undefined;
    this.#held.delete(token);
    this.#giveBack(held.service);
    return held.question;
  }

  /** Those whose time is over. */
  expire(nowMs: Millis): T[] {
    const late: T[] = [];
    for (const [token, { service, question, untilMs }] of this.#held) {
      if (untilMs > nowMs) continue;
      this.#held.delete(token);
      this.#giveBack(service);
      late.push(question);
    }
    return late;
  }

  /** All of them. */
  drop(): T[] {
    return this.expire(Number.POSITIVE_INFINITY);
  }

  #giveBack(service: string): void {
    const places = (this.#places.get(service) ?? 1) - 1;
    if (places === 0) this.#places.delete(service);
    else this.#places.set(service, places);
  }
}
