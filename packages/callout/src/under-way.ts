// Questions to a service that have no answer yet. Control thread; pure: the time is an argument. What
// must stay true: their number is bounded, and each is given back once: answered, late, or dropped.
import type { Millis } from "@weft/base";

interface Held<T> {
  readonly question: T;
  readonly untilMs: Millis;
}

export class UnderWay<T> {
  readonly #max: number;
  readonly #held = new Map<string, Held<T>>();

  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#held.size;
  }

  get isFull(): boolean {
    return this.#held.size >= this.#max;
  }

  add(token: string, question: T, untilMs: Millis): void {
    this.#held.set(token, { question, untilMs });
  }

  /** Undefined: answered before, late, or never asked. */
  take(token: string): T | undefined {
    const held = this.#held.get(token);
    this.#held.delete(token);
    return held?.question;
  }

  has(token: string): boolean {
    return this.#held.has(token);
  }

  /** Those whose time is over. */
  expire(nowMs: Millis): T[] {
    const late: T[] = [];
    for (const [token, { question, untilMs }] of this.#held) {
      if (untilMs > nowMs) continue;
      this.#held.delete(token);
      late.push(question);
    }
    return late;
  }

  /** All of them. */
  drop(): T[] {
    return this.expire(Number.POSITIVE_INFINITY);
  }
}
