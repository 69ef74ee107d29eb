// A shared buffer seen as 32-bit words and as bytes: the only door of the interest index to shared
// memory, so that a test can stand in for it and see (or suspend) every single access.
// Any thread. `load`, `store`, `add` and `swap` are sequentially consistent. `read` and `write` are
// plain, and allowed only where the single writer or the publication rule makes them race-free.
// `peek` is plain too, on words that do change: an atomic load costs a call (6 ns) against 1 ns.
// What it returns may be old, but not older than what the thread has synchronised with, so a zero
// means "nothing that this thread has to know of"; a pointer must be loaded again to be followed.

/** Accesses to one shared buffer. Word indexes count 32-bit words, byte indexes bytes. */
export interface WordMemory {
  readonly wordsCount: number;
  /** Atomic load, for whatever another thread may change meanwhile. */
  load(word: number): number;
  /** Atomic store, for what publishes, unpublishes or signals. */
  store(word: number, value: number): void;
  /** Atomic add; returns the old value. */
  add(word: number, amount: number): number;
  /** Atomic compare-and-swap; returns the old value. */
  swap(word: number, expected: number, value: number): number;
  /** Plain load: fields of a published record that never change, or the writer's own words. */
  read(word: number): number;
  /** Plain load of a word that may change: good for "is it zero", see above. */
  peek(word: number): number;
  /** Plain store: records that no reader can reach. */
  write(word: number, value: number): void;
  readByte(byte: number): number;
  writeByte(byte: number, value: number): void;
}

/** {@link WordMemory} over a real buffer, shared or not. */
export class SharedWords implements WordMemory {
  readonly wordsCount: number;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBufferLike) {
    this.#words = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    this.#bytes = new Uint8Array(buffer);
    this.wordsCount = this.#words.length;
  }

  load(word: number): number {
    return Atomics.load(this.#words, word);
  }

  store(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }

  add(word: number, amount: number): number {
    return Atomics.add(this.#words, word, amount);
  }

  swap(word: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#words, word, expected, value);
  }

  read(word: number): number {
    return this.#words[word] as number;
  }

  peek(word: number): number {
    return this.#words[word] as number;
  }

  write(word: number, value: number): void {
    this.#words[word] = value;
  }

  readByte(byte: number): number {
    return this.#bytes[byte] as number;
  }

  writeByte(byte: number, value: number): void {
    this.#bytes[byte] = value;
  }
}

/** Tells a {@link WordMemory} from a plain buffer. */
export function isWordMemory(region: ArrayBufferLike | WordMemory): region is WordMemory {
  return "wordsCount" in region;
}
