// Memory of finished pages whose readers have not taken them yet, and of those that wait for room.
// Control thread. Must stay true: the pages that were let in hold no more than the budget, those
// that wait no more than its other half; who is slow is cut only when another page needs the room.
// Order of cutting: who has stood still longest, at once; then, when the next page has waited for
// `patienceMs`, who took least of late: a reader that trickles never stands still.

export interface PageBounds {
  /** Of pages that are being read. */
  readonly bytesMax: number;
  /** Of pages that wait for room; one may always wait. */
  readonly waitingBytesMax: number;
  /** Nobody stands still who took something within this time. */
  readonly graceMs: number;
  /** How long the next page waits for readers that do take something. */
  readonly patienceMs: number;
}

/** A page's part of the budget. */
export interface PageHold {
  /** The reader took so many bytes: they are free again, and it did not stand still. */
  taken(bytes: number): void;
  /** What is left is free again. Any number of times. */
  release(): void;
}

/** Of a page that is too small to count. */
export const NOTHING_HELD: PageHold = { taken: () => undefined, release: () => undefined };

/** Room among the pages that wait, for one that is yet to be made. */
export interface PagePlace {
  /** Gives it back. Any number of times. */
  leave(): void;
}

/** What a reader takes is counted over this time and the one before. */
const WINDOW_MS = 1_000;

interface Held extends PageHold {
  bytes: number;
  readonly sinceMs: number;
  movedAtMs: number;
  windowAtMs: number;
  takenInWindow: number;
  takenBefore: number;
  readonly cut: () => void;
}

interface Waiting {
  readonly bytes: number;
  readonly cut: () => void;
  readonly resolve: (hold: PageHold) => void;
}

interface Coming {
  readonly bytes: number;
  readonly resolve: (place: PagePlace) => void;
}

export class PageBudget {
  readonly #bounds: PageBounds;
  readonly #held = new Set<Held>();
  /** Finished; bounded by their bytes. */
  readonly #waiting: Waiting[] = [];
  /** Not made yet; bounded by the requests of all connections. */
  readonly #coming: Coming[] = [];
  #bytes = 0;
  #waitingBytes = 0;
  /** When the first of those who wait became the first. */
  #firstSinceMs = 0;
  #isAdmitting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(bounds: PageBounds) {
    this.#bounds = bounds;
  }

  /** Bytes that wait for their readers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of finished pages that wait for room, and of places for others. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Resolves when there is room for a page of so many bytes, at most the whole budget. `cut` ends its
   * reader, should another page need the room. Undefined = so much waits already that this page must
   * be thrown away, and made again in a `place`; who has a place may always wait.
   */
  take(bytes: number, cut: () => void, place?: PagePlace): Promise<PageHold> | undefined {
    const counted = Math.min(bytes, this.#bounds.bytesMax);
    if (place === undefined && !this.#mayWait(counted)) return undefined;
    place?.leave();
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) this.#firstSinceMs = performance.now();
      this.#waiting.push({ bytes: counted, cut, resolve });
      this.#waitingBytes += counted;
      this.#admit();
    });
  }

  /** A place for a page of at most so many bytes, in the order in which they are asked for. */
  place(bytes: number): Promise<PagePlace> {
    return new Promise((resolve) => {
      this.#coming.push({ bytes, resolve });
      this.#admit();
    });
  }

  #mayWait(bytes: number): boolean {
    const hasRoom = this.#waiting.length === 0 && this.#bytes + bytes <= this.#bounds.bytesMax;
    if (hasRoom || this.#waitingBytes === 0) return true;
    const isFull = this.#waitingBytes + bytes > this.#bounds.waitingBytesMax;
    return this.#coming.length === 0 && !isFull;
  }

  /** Whoever is cut may release at once: then the pass that cuts goes on, and no other begins. */
  #admit(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    clearTimeout(this.#timer);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#bytes + next.bytes > this.#bounds.bytesMax) {
        if (!this.#cutSlowest()) break;
        continue;
      }
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes;
      this.#firstSinceMs = performance.now();
      next.resolve(this.#hold(next));
    }
    this.#isAdmitting = false;
    this.#givePlaces();
  }

  #givePlaces(): void {
    for (let next = this.#coming[0]; next !== undefined; next = this.#coming[0]) {
      const isFull = this.#waitingBytes + next.bytes > this.#bounds.waitingBytesMax;
      if (isFull && this.#waitingBytes > 0) return;
      this.#coming.shift();
      next.resolve(this.#placeOf(next.bytes));
    }
  }

  #placeOf(bytes: number): PagePlace {
    let left = bytes;
    this.#waitingBytes += bytes;
    return {
      leave: () => {
        this.#waitingBytes -= left;
        if (left > 0) queueMicrotask(() => this.#admit());
        left = 0;
      },
    };
  }

  /** False: nobody may be cut yet; it is tried again when somebody may. */
  #cutSlowest(): boolean {
    const now = performance.now();
    const { graceMs, patienceMs } = this.#bounds;
    const stillest = leastOf(this.#held, ({ movedAtMs }) => movedAtMs);
    if (stillest === undefined) return false;
    if (now - stillest.movedAtMs >= graceMs) return this.#cut(stillest);
    const settled = [...this.#held].filter(({ sinceMs }) => now - sinceMs >= graceMs);
    const patienceLeftMs = this.#firstSinceMs + patienceMs - now;
    const slowest = leastOf(settled, (held) => takenOfLate(held, now));
    if (slowest !== undefined && patienceLeftMs <= 0) return this.#cut(slowest);
    const graceLeftMs = stillest.movedAtMs + graceMs - now;
    const waitMs = slowest === undefined ? graceLeftMs : Math.min(graceLeftMs, patienceLeftMs);
    this.#timer = setTimeout(() => this.#admit(), Math.max(1, Math.ceil(waitMs)));
    return false;
  }

  #cut(held: Held): true {
    this.#free(held, held.bytes);
    held.cut();
    return true;
  }

  #hold({ bytes, cut }: Waiting): PageHold {
    const now = performance.now();
    const held: Held = {
      bytes,
      sinceMs: now,
      movedAtMs: now,
      windowAtMs: now,
      takenInWindow: 0,
      takenBefore: 0,
      cut,
      taken: (taken) => {
        countTaken(held, taken, performance.now());
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

function leastOf(all: Iterable<Held>, sizeOf: (held: Held) => number): Held | undefined {
  let least: Held | undefined;
  let leastSize = Number.POSITIVE_INFINITY;
  for (const held of all) {
    const size = sizeOf(held);
    if (size >= leastSize) continue;
    least = held;
    leastSize = size;
  }
  return least;
}

function countTaken(held: Held, bytes: number, now: number): void {
  held.movedAtMs = now;
  rollWindow(held, now);
  held.takenInWindow += bytes;
}

function rollWindow(held: Held, now: number): void {
  const windows = Math.floor((now - held.windowAtMs) / WINDOW_MS);
  if (windows === 0) return;
  held.takenBefore = windows === 1 ? held.takenInWindow : 0;
  held.takenInWindow = 0;
  held.windowAtMs += windows * WINDOW_MS;
}

/** Bytes of about the last second. What the kernel took at the beginning is forgotten. */
function takenOfLate(held: Held, now: number): number {
  rollWindow(held, now);
  const share = (now - held.windowAtMs) / WINDOW_MS;
  return held.takenInWindow + held.takenBefore * (1 - share);
}
