// When this very program stood still: stopped, or without a processor. A server that gives a client
// one second to log in is right to refuse one that came to a stop in between.
const LOOK_EVERY_MS = 20;
const PAUSE_MS = 300;

export class OwnPauses {
  #lookedAtMs = performance.now();
  #lastEndMs = Number.NEGATIVE_INFINITY;
  #longestMs = 0;
  readonly #timer = setInterval(() => this.#look(), LOOK_EVERY_MS);

  /** True if there was a pause that ended after `startMs` of `performance.now`. */
  since(startMs: number): boolean {
    this.#look();
    return this.#lastEndMs > startMs;
  }

  /** The longest time between two looks since the last call, in milliseconds. */
  takeLongest(): number {
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const passed = now - this.#lookedAtMs;
    this.#lookedAtMs = now;
    this.#longestMs = Math.max(this.#longestMs, passed);
    if (passed > PAUSE_MS) this.#lastEndMs = now;
  }
}
