// Test support: what the code of one modelled thread runs against. It holds private copies of the
// rings, answers the steps whose results are known already, and suspends the code, by a throw, at
// the first step whose result is not.
import { HEAD_WORD, RING_HEADER_BYTES, TAIL_WORD } from "../ring.ts";
import { fingerprint } from "./fingerprint.ts";
import type { AtomicsPort } from "./source-loader.ts";

export interface RingSpec {
  readonly name: string;
  readonly writer: string;
  readonly reader: string;
  readonly capacityBytes: number;
  /** First position; near the int32 limit to try the wrap. */
  readonly position?: number | undefined;
}

export type Request =
  | { readonly kind: "load"; readonly ring: number; readonly word: number }
  | { readonly kind: "store"; readonly ring: number; readonly word: number; readonly value: number }
  | {
      readonly kind: "exchange";
      readonly ring: number;
      readonly word: number;
      readonly expected: number;
      readonly value: number;
    }
  | { readonly kind: "touch"; readonly ring: number; readonly start: number; readonly end: number }
  | { readonly kind: "signal"; readonly to: string; readonly event: string }
  | { readonly kind: "wait" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: string };

export interface Result {
  readonly value: number;
  readonly event: string;
  /** Bytes seen by this step, at this place of the ring. */
  readonly seen: readonly { readonly start: number; readonly bytes: Buffer }[];
}

/** Equal for steps that an actor cannot tell apart. */
export function resultKey(result: Result): string {
  const seen = result.seen.map(({ bytes }) => bytes.toString("latin1"));
  return `${result.value} ${result.event} ${seen.join()}`;
}

/** The last checkpoint of a run: what it goes on from, and after how many results. */
export interface Mark {
  readonly text: string;
  readonly at: number;
}

/** Thrown where an actor has to wait for its next step. */
export const SUSPENDED = Symbol("suspended");

/** What an actor's code may do; every method but `region`, `boot` and `report` is a step. */
export class ActorPort implements AtomicsPort {
  readonly #rings: readonly RingSpec[];
  readonly #self: string;
  readonly #results: readonly Result[];
  readonly #regions: (ArrayBuffer | null)[];
  #at = 0;
  #booting = false;
  request: Request = { kind: "done" };
  #mark: Mark;
  readonly reports: string[] = [];

  /** `known` is the last checkpoint of a run with all but the last of these results. */
  constructor(
    rings: readonly RingSpec[],
    self: string,
    results: readonly Result[],
    known: Mark = { text: "", at: 0 },
  ) {
    this.#rings = rings;
    this.#self = self;
    this.#results = results;
    this.#regions = rings.map(() => null);
    this.#mark = known;
  }

  /** This actor's copy of a ring. */
  region(name: string): ArrayBuffer {
    const ring = this.#rings.findIndex((spec) => spec.name === name);
    const spec = this.#rings[ring]!;
    const region = new ArrayBuffer(RING_HEADER_BYTES + spec.capacityBytes);
    const words = new Int32Array(region);
    words[HEAD_WORD] = spec.position ?? 0;
    words[TAIL_WORD] = spec.position ?? 0;
    this.#regions[ring] = region;
    return region;
  }

  /** Code that runs before any thread: its accesses are no steps. */
  boot<Made>(make: () => Made): Made {
    this.#booting = true;
    const made = make();
    this.#booting = false;
    return made;
  }

  load(words: Int32Array, word: number): number {
    if (this.#booting) return words[word]!;
    return this.#step({ kind: "load", ring: this.#ringOf(words), word }).value;
  }

  store(words: Int32Array, word: number, value: number): number {
    this.#step({ kind: "store", ring: this.#ringOf(words), word, value: value | 0 });
    return value;
  }

  compareExchange(words: Int32Array, word: number, expected: number, value: number): number {
    const ring = this.#ringOf(words);
    return this.#step({ kind: "exchange", ring, word, expected, value }).value;
  }

  /** Bytes `[start, end)` of a ring are about to be written, or about to be looked at. */
  touch(name: string, start: number, end: number): void {
    const ring = this.#rings.findIndex((spec) => spec.name === name);
    this.#step({ kind: "touch", ring, start, end });
  }

  signal(to: string, event: string): void {
    this.#step({ kind: "signal", to, event });
  }

  wait(): string {
    return this.#step({ kind: "wait" }).event;
  }

  /** All that decides how the actor goes on is in `roots`, its reports and its rings. */
  checkpoint(...roots: readonly unknown[]): void {
    if (this.#at <= this.#mark.at && this.#mark.text !== "") return;
    const copies = this.#regions.map((region) => region && Buffer.from(region).toString("latin1"));
    const text = `${fingerprint(roots)} ${this.reports.join()} ${copies.join()}`;
    this.#mark = { text, at: this.#at };
  }

  get mark(): Mark {
    return this.#mark;
  }

  /** Equal for runs that go on equally. */
  key(): string {
    const since = this.#results.slice(this.#mark.at).map(resultKey);
    return `${this.#mark.text} | ${since.join()} | ${JSON.stringify(this.request)}`;
  }

  report(text: string): void {
    this.reports.push(text);
  }

  written(): (Buffer | null)[] {
    return this.#regions.map((region, ring) => {
      if (region === null || this.#rings[ring]!.writer !== this.#self) return null;
      return Buffer.from(Buffer.from(region, RING_HEADER_BYTES));
    });
  }

  #ringOf(words: Int32Array): number {
    return this.#regions.indexOf(words.buffer as ArrayBuffer);
  }

  #step(request: Request): Result {
    const result = this.#results[this.#at++];
    if (result === undefined) {
      this.request = request;
      throw SUSPENDED;
    }
    if ("ring" in request) {
      const bytes = Buffer.from(this.#regions[request.ring]!, RING_HEADER_BYTES);
      for (const { start, bytes: seen } of result.seen) seen.copy(bytes, start);
    }
    return result;
  }
}
