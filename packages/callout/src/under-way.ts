// Questions to services until somebody has judged the answer. Control thread; pure: the time is an
// argument. What must stay true: their number is bounded, answers that wait included; each is given
// back once (for judging, late, or dropped); one service never holds more places than it leaves free,
// and the answers of one never wait for more than one of each other service.
import type { Millis } from "@weft/base";

interface Held<T, A> {
  readonly service: string;
  readonly question: T;
  readonly untilMs: Millis;
  arrived?: { readonly answer: A };
}

/** A question whose time is over. */
export interface Late<T> {
  readonly question: T;
  /** The service has answered, and nobody had the time to judge it. */
  readonly isAnswered: boolean;
}

export class UnderWay<T, A> {
  readonly #max: number;
  readonly #held = new Map<string, Held<T, A>>();
  /** Places by service; only those that hold any. */
  readonly #places = new Map<string, number>();
  /** Questions with an answer by service, only those that have any; whose turn is next stands first. */
  readonly #arrived = new Map<string, Set<string>>();

  /** So many for all services together; half as many for one that is asked alone. */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#held.size;
  }

  get hasArrivals(): boolean {
    return this.#arrived.size > 0;
  }

  /** A service may hold as many places as are free: whoever comes late still finds some. */
  hasRoomFor(service: string): boolean {
    return (this.#places.get(service) ?? 0) < this.#max - this.#held.size;
  }

  add(token: string, service: string, question: T, untilMs: Millis): void {
    this.#held.set(token, { service, question, untilMs });
    this.#places.set(service, (this.#places.get(service) ?? 0) + 1);
  }

  /** Keeps the answer, and its place. The question; undefined: answered before, late, or never asked. */
  arrive(token: string, answer: A): T | undefined {
    const held = this.#held.get(token);
    if (held === undefined || held.arrived !== undefined) return undefined;
    held.arrived = { answer };
    const others = this.#arrived.get(held.service);
    if (others === undefined) this.#arrived.set(held.service, new Set([token]));
    else others.add(token);
    return held.question;
  }

  /** The next answer to judge: services in turn, each in the order in which its answers came. */
  next(): { readonly question: T; readonly answer: A } | undefined {
    for (const [service, tokens] of this.#arrived) {
      const [token = ""] = tokens;
      const held = this.#held.get(token);
      this.remove(token);
      if (this.#arrived.delete(service) && tokens.size > 0) this.#arrived.set(service, tokens);
      if (held?.arrived !== undefined) {
        return { question: held.question, answer: held.arrived.answer };
      }
    }
    return undefined;
  }

  /** Nobody waits for it any more. */
  remove(token: string): void {
    const held = this.#held.get(token);
    if (held === undefined) return;
    const { service } = held;
    this.#held.delete(token);
    const tokens = this.#arrived.get(service);
    tokens?.delete(token);
    if (tokens?.size === 0) this.#arrived.delete(service);
    const places = (this.#places.get(service) ?? 1) - 1;
    if (places === 0) this.#places.delete(service);
    else this.#places.set(service, places);
  }

  /** Those whose time is over. */
  expire(nowMs: Millis): Late<T>[] {
    const late: Late<T>[] = [];
    for (const [token, { question, untilMs, arrived }] of this.#held) {
      if (untilMs > nowMs) continue;
      this.remove(token);
      late.push({ question, isAnswered: arrived !== undefined });
    }
    return late;
  }

  /** All of them. */
  drop(): T[] {
    return this.expire(Number.POSITIVE_INFINITY).map(({ question }) => question);
  }
}
