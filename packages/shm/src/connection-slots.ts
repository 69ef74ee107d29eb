// The connection board of one worker: for each of its connections a place with figures and a short
// text in shared memory, so that monitoring reads them without asking. One writer, the worker; any
// thread may read.
//
// Must stay true: a place's version is odd while the place changes its owner or its text, and differs
// afterwards, so that a reader who finds the same even version before and after has read one
// connection. Figures are plain stores: each by itself is whole, two may be of different moments.
//
//   place: [ version i32 | text bytes i32 | figures f64 × 11 | text ]
import { assert, FIGURE_CLIENT_ID, FIGURE_STARTED_AT, FIGURES_COUNT } from "@weft/base";
import { sharedRegion } from "./region.ts";
import type { RingRegion } from "./ring.ts";

/** One cache line before the first place; its first word is how many places were ever used. */
const HEAD_BYTES = 64;
const PLACE_BYTES = 384;
const FIGURES_OFFSET = 8;
const TEXT_OFFSET = FIGURES_OFFSET + FIGURES_COUNT * 8;
const TEXT_BYTES_MAX = PLACE_BYTES - TEXT_OFFSET;
/** Attempts of a reader at a place that keeps changing. */
const READ_TRIES = 8;

/** Shared memory for `places` connections; untouched places cost nothing. */
export function connectionSlotsRegion(places: number): SharedArrayBuffer {
  return sharedRegion(HEAD_BYTES + places * PLACE_BYTES);
}

class Layout {
  readonly figures: Float64Array;
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly placesMax: number;

  constructor(region: RingRegion) {
    this.figures = new Float64Array(region);
    this.words = new Int32Array(region);
    this.bytes = Buffer.from(region as ArrayBuffer);
    this.placesMax = Math.floor((region.byteLength - HEAD_BYTES) / PLACE_BYTES);
  }
}

/** The worker's side. A connection is named by the index of its first figure. */
export class ConnectionSlots {
  /** All figures of the worker; see `connection-figures.ts` in base. */
  readonly figures: Float64Array;
  readonly #layout: Layout;
  readonly #free: number[] = [];
  #used = 0;

  constructor(region: RingRegion) {
    this.#layout = new Layout(region);
    this.figures = this.#layout.figures;
  }

  /** A place with all figures 0 but these two, and no text; -1 when there is none left. */
  take(clientId: number, startedAt: number): number {
    const { words, placesMax, figures } = this.#layout;
    let place = this.#free.pop();
    if (place === undefined) {
      if (this.#used === placesMax) return -1;
      place = this.#used;
    }
    const start = HEAD_BYTES + place * PLACE_BYTES;
    const first = (start + FIGURES_OFFSET) / 8;
    this.#open(start);
    words[start / 4 + 1] = 0;
    for (let at = first; at < first + FIGURES_COUNT; at += 1) figures[at] = 0;
    figures[first + FIGURE_CLIENT_ID] = clientId;
    figures[first + FIGURE_STARTED_AT] = startedAt;
    this.#close(start);
    if (place === this.#used) {
      this.#used += 1;
      Atomics.store(words, 0, this.#used);
    }
    return first;
  }

  /** Sets the text; false when it is too long for its place, which has none then. */
  describe(first: number, text: string): boolean {
    const start = first * 8 - FIGURES_OFFSET;
    const { words, bytes } = this.#layout;
    const from = start + TEXT_OFFSET;
    this.#open(start);
    // A character may take three bytes, so that only what fits for certain is written.
    const fits = text.length * 3 <= TEXT_BYTES_MAX || Buffer.byteLength(text) <= TEXT_BYTES_MAX;
    words[start / 4 + 1] = fits ? bytes.write(text, from) : 0;
    this.#close(start);
    return fits;
  }

  release(first: number): void {
    const start = first * 8 - FIGURES_OFFSET;
    this.#open(start);
    this.figures[first + FIGURE_CLIENT_ID] = 0;
    this.#close(start);
    this.#free.push((start - HEAD_BYTES) / PLACE_BYTES);
  }

  #open(start: number): void {
    const version = Atomics.add(this.#layout.words, start / 4, 1);
    assert((version & 1) === 0, "a place is changed by one at a time");
  }

  #close(start: number): void {
    Atomics.add(this.#layout.words, start / 4, 1);
  }
}

/** Any thread's view of one worker's connections. */
export class ConnectionSlotsReader {
  readonly #layout: Layout;

  constructor(region: RingRegion) {
    this.#layout = new Layout(region);
  }

  /** Places that were ever used; each may be free. */
  get places(): number {
    return Atomics.load(this.#layout.words, 0);
  }

  /** Copies the figures of a place to `into[at..]`; false when the place is free. */
  figures(place: number, into: Float64Array, at: number): boolean {
    const start = HEAD_BYTES + place * PLACE_BYTES;
    const first = (start + FIGURES_OFFSET) / 8;
    const { words, figures } = this.#layout;
    for (let tries = 0; tries < READ_TRIES; tries += 1) {
      const before = Atomics.load(words, start / 4);
      for (let i = 0; i < FIGURES_COUNT; i += 1) into[at + i] = figures[first + i] as number;
      if ((before & 1) === 0 && Atomics.load(words, start / 4) === before) break;
    }
    return (into[at + FIGURE_CLIENT_ID] as number) !== 0;
  }

  /**
   * The text of a place while it belongs to this connection: "" when there is none, or none that
   * fits; undefined when it belongs to another or to nobody.
   */
  text(place: number, clientId: number): string | undefined {
    const start = HEAD_BYTES + place * PLACE_BYTES;
    const { words, bytes, figures } = this.#layout;
    const owner = (start + FIGURES_OFFSET) / 8 + FIGURE_CLIENT_ID;
    for (let tries = 0; tries < READ_TRIES; tries += 1) {
      const before = Atomics.load(words, start / 4);
      if ((before & 1) !== 0) continue;
      const isOwner = figures[owner] === clientId;
      const from = start + TEXT_OFFSET;
      const text = bytes.toString("utf8", from, from + (words[start / 4 + 1] as number));
      if (Atomics.load(words, start / 4) === before) return isOwner ? text : undefined;
    }
    return undefined;
  }
}
