// Accounts that other nodes may have: one question to all of them, the first good answer counts, and
// "not found" only when everybody has said so (AC-82, AC-83, AC-86). Control thread; pure. Must stay
// true: each question ends exactly once, by an answer or by time.
import type { ResolverEffect } from "./effects.ts";

/** How a question ended. */
export type PeerAnswer =
  | { readonly kind: "found"; readonly text: string }
  | { readonly kind: "absent" }
  | { readonly kind: "timeout" }
  | { readonly kind: "stopped" };

interface Question {
  readonly deadlineMs: number;
  /** Empty answers that still have to come. */
  missing: number;
  readonly empty: Set<string>;
  readonly isGood: (text: string) => boolean;
  readonly finish: (answer: PeerAnswer) => void;
}

export class PeerLookup {
  readonly #questions = new Map<number, Question>();
  readonly #out: ResolverEffect[];
  readonly #timeoutMs: number;
  #lastTicket = 0;

  constructor(timeoutMs: number, out: ResolverEffect[]) {
    this.#timeoutMs = timeoutMs;
    this.#out = out;
  }

  /** Questions under way. */
  get size(): number {
    return this.#questions.size;
  }

  /**
   * Asks `peerCount` nodes. `isGood` says whether an answer may be used; others are ignored, so that
   * one node with a bad file does not hide the good one of another. `nowMs` is monotonic.
   */
  start(
    key: string,
    peerCount: number,
    nowMs: number,
    isGood: (text: string) => boolean,
    finish: (answer: PeerAnswer) => void,
  ): void {
    if (peerCount === 0) {
      finish({ kind: "absent" });
      return;
    }
    this.#lastTicket += 1;
    const deadlineMs = nowMs + this.#timeoutMs;
    const question = { deadlineMs, missing: peerCount, empty: new Set<string>(), isGood, finish };
    this.#questions.set(this.#lastTicket, question);
    const message = { kind: "lookup", ticket: this.#lastTicket, key } as const;
    this.#out.push({ kind: "send", to: undefined, message });
  }

  /** `from` is a node's name, or anything that differs from node to node. */
  onAnswer(from: string, ticket: number, text: string): void {
    const question = this.#questions.get(ticket);
    if (question === undefined || question.empty.has(from)) return;
    if (text !== "" && question.isGood(text)) {
      this.#end(ticket, { kind: "found", text });
      return;
    }
    question.empty.add(from);
    question.missing -= 1;
    if (question.missing === 0) this.#end(ticket, { kind: "absent" });
  }

  nextDueMs(): number {
    // All wait equally long, so the first is due first.
    for (const { deadlineMs } of this.#questions.values()) return deadlineMs;
    return Number.POSITIVE_INFINITY;
  }

  tick(nowMs: number): void {
    for (const [ticket, { deadlineMs }] of this.#questions) {
      if (deadlineMs > nowMs) return;
      this.#end(ticket, { kind: "timeout" });
    }
  }

  /** Ends all questions. */
  stop(): void {
    for (const ticket of [...this.#questions.keys()]) this.#end(ticket, { kind: "stopped" });
  }

  #end(ticket: number, answer: PeerAnswer): void {
    const question = this.#questions.get(ticket);
    this.#questions.delete(ticket);
    question?.finish(answer);
  }
}
