// What sources said about accounts a while ago, good and bad. Control thread; pure. Must stay true:
// both tables are bounded, the oldest entry makes room; no answer outlives its JWT; bad answers are
// kept apart, so that asking for accounts that do not exist pushes no good answer out.
import type { LookupFailure } from "./account-lookup.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

interface GoodAnswer {
  /** Undefined where the directory keeps the text. */
  readonly text: string | undefined;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
  /** Unix milliseconds; Infinity = never. */
  readonly expiresMs: number;
}

/** Why there was no answer. */
export interface BadAnswer {
  readonly failure: LookupFailure;
  readonly error: string;
}

export class AnswerCache {
  readonly #good = new Map<string, GoodAnswer>();
  readonly #bad = new Map<string, BadAnswer & { readonly untilMs: number }>();

  /** Whether the account was found here at any time that is remembered. */
  isKnown(key: string): boolean {
    return this.#good.has(key);
  }

  /** A JWT that needs no question. */
  fresh(key: string, nowMs: number, unixMs: number): string | undefined {
    const answer = this.#good.get(key);
    if (answer === undefined || answer.freshUntilMs <= nowMs) return undefined;
    return answer.expiresMs <= unixMs ? undefined : answer.text;
  }

  /** A JWT for want of a better one. */
  stale(key: string, nowMs: number, unixMs: number): string | undefined {
    const answer = this.#good.get(key);
    if (answer === undefined || answer.staleUntilMs <= nowMs) return undefined;
    return answer.expiresMs <= unixMs ? undefined : answer.text;
  }

  failure(key: string, nowMs: number): BadAnswer | undefined {
    const answer = this.#bad.get(key);
    if (answer === undefined) return undefined;
    if (answer.untilMs > nowMs) return answer;
    this.#bad.delete(key);
    return undefined;
  }

  /** `expires` in Unix seconds, 0 = never. */
  found(key: string, text: string | undefined, expires: number, nowMs: number): void {
    this.#bad.delete(key);
    this.#good.delete(key);
    makeRoom(this.#good);
    this.#good.set(key, {
      text,
      freshUntilMs: nowMs + RESOLVER_LIMITS.foundTtlMs,
      staleUntilMs: nowMs + RESOLVER_LIMITS.staleTtlMs,
      expiresMs: expires === 0 ? Number.POSITIVE_INFINITY : expires * 1000,
    });
  }

  failed(key: string, { failure, error }: BadAnswer, nowMs: number): void {
    if (failure === "stopped" || failure === "busy") return;
    const isDown = failure === "unavailable" || failure === "timeout";
    const ttlMs = isDown ? RESOLVER_LIMITS.unavailableTtlMs : RESOLVER_LIMITS.absentTtlMs;
    // Who is gone for good must not come back when the source is down later.
    if (!isDown) this.#good.delete(key);
    this.#bad.delete(key);
    makeRoom(this.#bad);
    this.#bad.set(key, { failure, error, untilMs: nowMs + ttlMs });
  }

  forget(key: string): void {
    this.#good.delete(key);
    this.#bad.delete(key);
  }
}

function makeRoom(table: Map<string, unknown>): void {
  if (table.size < RESOLVER_LIMITS.answersKept) return;
  const [oldest] = table.keys();
  if (oldest !== undefined) table.delete(oldest);
}
