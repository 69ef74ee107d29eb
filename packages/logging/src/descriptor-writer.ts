// Lines into one file descriptor: at most one write is under way, what comes meanwhile waits.
// Control thread. What must stay true: each line is written once, whole and in order; a write that
// fails is tried again, so that a full disk costs only what no longer fits into memory.
import { closeSync, write, writeSync } from "node:fs";
import { type OutputEvents, WAITING_CHARACTERS_MAX } from "./log-output.ts";

/** Characters handed to the system at once. */
const CHUNK_CHARACTERS = 256 * 1024;
/** A pipe that is full is tried again after this, anything else after the longer time. */
const RETRY_FULL_MS = 20;
const RETRY_FAILED_MS = 1_000;
/** A last line does not wait longer than this for a full pipe. */
const LAST_WAIT_MS = 200;

/** Characters that wait for all writers of one output. */
export interface Waiting {
  characters: number;
}

export class DescriptorWriter {
  readonly #descriptor: number;
  readonly #owned: boolean;
  readonly #events: OutputEvents;
  readonly #waiting: Waiting;
  #lines: string[] = [];
  #chunk: Buffer | undefined;
  #chunkCharacters = 0;
  /** A write is under way, or a retry is due. */
  #busy = false;
  #retry: NodeJS.Timeout | undefined;
  #failing = false;
  #lost = 0;
  #finished: (() => void) | undefined;

  /** `owned`: the descriptor is closed at the end. */
  constructor(descriptor: number, owned: boolean, waiting: Waiting, events: OutputEvents) {
    this.#descriptor = descriptor;
    this.#owned = owned;
    this.#waiting = waiting;
    this.#events = events;
  }

  /** False when there was no room for the line. */
  write(line: string): boolean {
    if (this.#waiting.characters + line.length > WAITING_CHARACTERS_MAX) {
      this.#lost += 1;
      if (this.#lost === 1) this.#events.onLoss(new Error("the output is too slow"));
      return false;
    }
    this.#lines.push(line);
    this.#waiting.characters += line.length;
    if (!this.#busy) this.#writeNext();
    return true;
  }

  /** Writes what waits and this line before it returns; a write under way may end behind it. */
  writeNow(line: string): boolean {
    const text = this.#lines.join("") + line;
    this.#waiting.characters -= text.length - line.length;
    this.#lines = [];
    let rest = Buffer.from(text);
    const untilMs = performance.now() + LAST_WAIT_MS;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        if (!isFull(error) || performance.now() > untilMs) return false;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_FULL_MS);
      }
    }
    return true;
  }

  /** Resolves when all is written and the descriptor closed. No `write` may follow. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve;
      if (!this.#busy) this.#writeNext();
    });
  }

  #writeNext(): void {
    if (this.#chunk === undefined && !this.#takeChunk()) {
      if (this.#finished !== undefined) this.#close();
      else this.#events.onDrained();
      return;
    }
    const chunk = this.#chunk as Buffer;
    this.#busy = true;
    write(this.#descriptor, chunk, 0, chunk.length, null, (error, written) => {
      if (error === null) this.#written(chunk, written);
      else this.#failed(error);
    });
  }

  #takeChunk(): boolean {
    if (this.#lines.length === 0) return false;
    let characters = 0;
    let count = 0;
    for (const line of this.#lines) {
      if (characters >= CHUNK_CHARACTERS) break;
      characters += line.length;
      count += 1;
    }
    this.#chunk = Buffer.from(this.#lines.splice(0, count).join(""));
    this.#chunkCharacters = characters;
    return true;
  }

  #written(chunk: Buffer, written: number): void {
    this.#busy = false;
    this.#chunk = written < chunk.length ? chunk.subarray(written) : undefined;
    if (this.#chunk === undefined) {
      this.#waiting.characters -= this.#chunkCharacters;
      this.#chunkCharacters = 0;
    }
    const lost = this.#lost;
    if (lost > 0 || this.#failing) {
      this.#lost = 0;
      this.#failing = false;
      this.#events.onRegained(lost);
    }
    this.#writeNext();
  }

  #failed(error: NodeJS.ErrnoException): void {
    const full = isFull(error);
    if (!full && !this.#failing) {
      this.#failing = true;
      this.#events.onLoss(error);
    }
    this.#retry = setTimeout(() => this.#writeNext(), full ? RETRY_FULL_MS : RETRY_FAILED_MS);
    this.#retry.unref();
  }

  #close(): void {
    clearTimeout(this.#retry);
    if (this.#owned) closeSync(this.#descriptor);
    this.#finished?.();
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EAGAIN";
}
