// Memory of finished pages whose readers have not taken them yet. Control thread. Must stay true: the
// pages that were let in hold no more than the budget; who is slow is cut only when another page
// needs the room, and then the one that has stood still longest.

/** A page's part of the budget. */
export interface PageHold {
  /** The reader took so many bytes: they are free again, and it did not stand still. */
  taken(bytes: number): void;
  /** What is left is free again. Any number of times. */
  release(): void;
}

/** Of a page that is too small to count. */
export const NOTHING_HELD: PageHold = { taken: () => undefined, release: () => undefined };

interface Held extends PageHold {
  bytes: number;
  movedAtMs: number;
  readonly cut: () => void;
}

interface Waiting {
  readonly bytes: number;
  readonly cut: () => void;
  readonly resolve: (hold: PageHold) => void;
}

export class PageBudget {
  readonly #bytesMax: number;
  readonly #graceMs: number;
  readonly #held = new Set<Held>();
  /** Few: each has a turn at making pages. */
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Nobody is cut who took something within the last `graceMs`. */
  constructor(bytesMax: number, graceMs: number) {
    this.#bytesMax = bytesMax;
    this.#graceMs = graceMs;
  }

  /** Bytes that wait for their readers. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves when there is room for a page of so many bytes, at most the whole budget. `cut` ends its
   * reader, should another page need the room.
   */
  take(bytes: number, cut: () => void): Promise<PageHold> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes: Math.min(bytes, this.#bytesMax), cut, resolve });
      this.#admit();
    });
  }

  #admit(): void {
    clearTimeout(this.#timer);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#bytes + next.bytes > this.#bytesMax && !this.#cutSlowest()) return;
      if (this.#bytes + next.bytes > this.#bytesMax) continue;
      this.#waiting.shift();
      next.resolve(this.#hold(next));
    }
  }

  /** False: all have taken something just now; it is tried again when one has not for a while. */
  #cutSlowest(): boolean {
    let slowest: Held | undefined;
    for (const held of this.#held) {
      if (slowest === undefined || held.movedAtMs < slowest.movedAtMs) slowest = held;
    }
    if (slowest === undefined) return false;
    const waitMs = slowest.movedAtMs + this.#graceMs - performance.now();
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#admit(), Math.ceil(waitMs));
      return false;
    }
    this.#free(slowest, slowest.bytes);
    slowest.cut();
    return true;
  }

  #hold({ bytes, cut }: Waiting): PageHold {
    const held: Held = {
      bytes,
      movedAtMs: performance.now(),
      cut,
      taken: (taken) => {
        held.movedAtMs = performance.now();
        this.#free(held, taken);
        this.#admit();
      },
      release: () => {
        this.#free(held, held.bytes);
        this.#admit();
      },
    };
    this.#held.add(held);
    this.#bytes += bytes;
    return held;
  }

  #free(held: Held, bytes: number): void {
    const freed = Math.min(bytes, held.bytes);
    held.bytes -= freed;
    this.#bytes -= freed;
    if (held.bytes === 0) this.#held.delete(held);
  }
}
