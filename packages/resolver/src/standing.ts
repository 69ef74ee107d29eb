// Whether a node may vouch for what it holds. Deletions are remembered for a bounded time, so a node
// that slept longer than that may hold accounts that were deleted meanwhile (ADR 0013). Control
// thread; pure. Must stay true: a node that slept too long offers nothing from its own files before
// somebody who was awake has confirmed it, or nobody who was awake is there.

/** "new" = awake since not so long ago: its silence about an account proves nothing. */
export type StandingKind = "settled" | "new" | "returning";

/** What a node says of itself. */
export interface StandingWord {
  readonly kind: StandingKind;
  /** Unix milliseconds at which a returning node was last awake. */
  readonly lastMs: number;
}

/** How many intervals a returning node listens for one that was awake. */
const PATIENCE_INTERVALS = 3;

export class Standing {
  readonly #boundMs: number;
  #firstMs: number;
  readonly #lastMs: number;
  #isReturning: boolean;
  #listeningSinceMs: number | undefined;
  #latestHeardMs = 0;
  #heardSettled = false;

  /** `text`: the file that the node left when it was last awake. Times in Unix milliseconds. */
  constructor(text: string | undefined, nowMs: number, boundMs: number) {
    this.#boundMs = boundMs;
    const [first = Number.NaN, last = Number.NaN] = (text ?? "").split(" ").map(Number);
    const isKnown = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last;
    this.#firstMs = isKnown ? Math.min(first, nowMs) : nowMs;
    this.#lastMs = isKnown ? Math.min(last, nowMs) : nowMs;
    this.#isReturning = isKnown && nowMs - last > boundMs;
    if (this.#isReturning) this.#firstMs = nowMs;
  }

  get isReturning(): boolean {
    return this.#isReturning;
  }

  word(nowMs: number): StandingWord {
    if (this.#isReturning) return { kind: "returning", lastMs: this.#lastMs };
    const kind = nowMs - this.#firstMs >= this.#boundMs ? "settled" : "new";
    return { kind, lastMs: 0 };
  }

  /** What to leave for the next start. */
  text(nowMs: number): string {
    // A returning node keeps its age until it knows better, also over another start.
    const lastMs = this.#isReturning ? this.#lastMs : nowMs;
    return `${Math.min(this.#firstMs, lastMs)} ${lastMs}\n`;
  }

  /** Another node's word; `nowMs` monotonic. */
  heard(word: StandingWord, nowMs: number): void {
    this.#listeningSinceMs ??= nowMs;
    if (word.kind === "settled") this.#heardSettled = true;
    if (word.kind === "returning") this.#latestHeardMs = Math.max(this.#latestHeardMs, word.lastMs);
  }

  /** Whether nobody knows better than this node; `nowMs` monotonic. */
  mayVouch(nowMs: number, intervalMs: number): boolean {
    if (!this.#isReturning || this.#heardSettled || this.#listeningSinceMs === undefined) {
      return false;
    }
    const hasListened = nowMs - this.#listeningSinceMs >= PATIENCE_INTERVALS * intervalMs;
    return hasListened && this.#lastMs >= this.#latestHeardMs;
  }

  /** Nothing that the node holds is in doubt any more. */
  settle(): void {
    this.#isReturning = false;
  }
}
