// How many handshakes of one listener may begin in a second, counted over all threads (TL-12).
// Shared memory; any thread that owns sockets. What must stay true: of the connections that begin
// within a second of the first one, exactly `perSecondMax` are admitted, whoever asks.

/** Size of the region that all threads of a listener share, zero-filled. */
export const HANDSHAKE_RATE_BYTES = 16;
/** The reference's unit: a window begins with the first connection after the last one. */
export const HANDSHAKE_WINDOW_MS = 1_000;
/** Low bits of the word: connections admitted in this window. Above them: its start. */
const COUNT_BITS = 24n;
const COUNT_MASK = (1n << COUNT_BITS) - 1n;
/** A limit above this is none: no machine shakes that many hands. */
const PER_SECOND_BOUND = Number(COUNT_MASK);

/** Plain data, so that it can be cloned to the workers, which share the region. */
export interface HandshakeRateOptions {
  /** Above 0. */
  readonly perSecondMax: number;
  readonly region: SharedArrayBuffer;
}

export class HandshakeRate {
  readonly #perSecondMax: number;
  readonly #window: BigInt64Array;
  readonly #rejected: Int32Array;

  constructor(options: HandshakeRateOptions) {
    this.#perSecondMax = Math.min(options.perSecondMax, PER_SECOND_BOUND);
    this.#window = new BigInt64Array(options.region, 0, 1);
    this.#rejected = new Int32Array(options.region, 8, 1);
  }

  /** `nowMs`: whole milliseconds of a clock that all threads share. */
  admits(nowMs: number): boolean {
    for (;;) {
      const seen = Atomics.load(this.#window, 0);
      const count = Number(seen & COUNT_MASK);
      const isOver = nowMs - Number(seen >> COUNT_BITS) > HANDSHAKE_WINDOW_MS;
      if (!isOver && count >= this.#perSecondMax) return false;
      const next = isOver ? (BigInt(nowMs) << COUNT_BITS) + 1n : seen + 1n;
      if (Atomics.compareExchange(this.#window, 0, seen, next) === seen) return true;
    }
  }

  /** True for the first one since the last `takeRejected`: whoever counted it reports them all. */
  countRejected(): boolean {
    return Atomics.add(this.#rejected, 0, 1) === 0;
  }

  /** Connections that were turned away since the last call. */
  takeRejected(): number {
    return Atomics.exchange(this.#rejected, 0, 0);
  }
}
