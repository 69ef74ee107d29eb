// Time and randomness of the real world, for the pure cores. Any thread.
import { randomFillSync } from "node:crypto";
import type { Clock, Entropy } from "@weft/base";

const NANOS_PER_MS = 1_000_000n;
/** How often the wall clock is compared with the monotonic one. */
const COMPARE_EVERY_NANOS = 100n * NANOS_PER_MS;
/** Steps of the wall clock above this are followed; below, its grain is finer than it shows. */
const STEP_NANOS = 2n * NANOS_PER_MS;

class SystemClock implements Clock {
  #offset: bigint;
  #comparedAt: bigint;

  constructor() {
    this.#comparedAt = process.hrtime.bigint();
    this.#offset = wallNanos() - this.#comparedAt;
  }

  monotonicMs(): number {
    return performance.now();
  }

  unixNanos(): bigint {
    const now = process.hrtime.bigint();
    if (now - this.#comparedAt > COMPARE_EVERY_NANOS) {
      this.#comparedAt = now;
      const offset = wallNanos() - now;
      const step = offset - this.#offset;
      if (step > STEP_NANOS || step < -STEP_NANOS) this.#offset = offset;
    }
    return now + this.#offset;
  }
}

function wallNanos(): bigint {
  return BigInt(Date.now()) * NANOS_PER_MS;
}

export function systemClock(): Clock {
  return new SystemClock();
}

/** Milliseconds of a clock that all threads of the process share, for heartbeats. */
export function processMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Bytes drawn at a time: a draw costs more than these, and a nonce needs eleven. */
const DRAWN_BYTES = 2_048;

/** Random bytes of the system, drawn ahead. None is given twice, none stays after it was given. */
class SystemEntropy implements Entropy {
  readonly #drawn = new Uint8Array(DRAWN_BYTES);
  #given = DRAWN_BYTES;

  fill(out: Uint8Array): void {
    if (out.length > DRAWN_BYTES) {
      randomFillSync(out);
      return;
    }
    if (this.#given + out.length > DRAWN_BYTES) {
      randomFillSync(this.#drawn);
      this.#given = 0;
    }
    const end = this.#given + out.length;
    out.set(this.#drawn.subarray(this.#given, end));
    this.#drawn.fill(0, this.#given, end);
    this.#given = end;
  }
}

export const systemEntropy: Entropy = new SystemEntropy();

const NAME_BYTES = 16;

/** A token of a subject that nobody guesses. */
export function freshName(): string {
  const name = Buffer.alloc(NAME_BYTES);
  systemEntropy.fill(name);
  return name.toString("base64url");
}
