// Memory of finished pages whose readers have not taken them yet, and of those that wait for room.
// Control thread. Must stay true: the pages that were let in hold no more than the budget, those
// that wait no more than its other half and one page; who is slow is cut only when another page
// needs the room. Order of cutting: who has stood still longest, at once; then, when the next page
// has waited for `patienceMs`, who took least of late: a reader that trickles never stands still.
// Between addresses: who holds a quarter of the budget comes behind all others, and is waited for no
// longer than `graceMs`; of those that hold nothing one may wait where there is no room to wait.

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

/** Whom a page is for. */
export interface PageReader {
  /** What several readers have in common. */
  readonly address: string;
  /** Ends it, should another page need the room. */
  cut(): void;
}

/** Part of the budget that one address may hold before the others go first. */
const ADDRESS_SHARE = 1 / 4;
/** What a reader takes is counted over this time and the one before. */
const WINDOW_MS = 1_000;

interface Held extends PageHold {
  bytes: number;
  readonly sinceMs: number;
  movedAtMs: number;
  windowAtMs: number;
  takenInWindow: number;
  takenBefore: number;
  readonly reader: PageReader;
}

interface Waiting {
  readonly bytes: number;
  readonly reader: PageReader;
  readonly resolve: (hold: PageHold) => void;
}

interface Coming {
  readonly bytes: number;
  readonly address: string;
  readonly resolve: (place: PagePlace) => void;
}

export class PageBudget {
  readonly #bounds: PageBounds;
  readonly #held = new Set<Held>();
  /** Finished; bounded by their bytes. */
  readonly #waiting: Waiting[] = [];
  /** Not made yet; bounded by the requests of all connections. */
  readonly #coming: Coming[] = [];
  /** Places that were given out, by address. */
  readonly #placed = new Map<string, number>();
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
   * Resolves when there is room for a page of so many bytes, at most the whole budget. Undefined = so
   * much waits already that this page must be thrown away, and made again in a `place`; who has a
   * place may always wait.
   */
  take(bytes: number, reader: PageReader, place?: PagePlace): Promise<PageHold> | undefined {
    const counted = Math.min(bytes, this.#bounds.bytesMax);
    if (place === undefined && !this.#mayWait(counted, reader.address)) return undefined;
    place?.leave();
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) this.#firstSinceMs = performance.now();
      this.#waiting.push({ bytes: counted, reader, resolve });
      this.#waitingBytes += counted;
      this.#admit();
    });
  }

  /** A place for a page of at most so many bytes, in the order in which they are asked for. */
  place(bytes: number, address: string): Promise<PagePlace> {
    return new Promise((resolve) => {
      this.#coming.push({ bytes, address, resolve });
      this.#admit();
    });
  }

  #mayWait(bytes: number, address: string): boolean {
    const hasRoom = this.#waiting.length === 0 && this.#bytes + bytes <= this.#bounds.bytesMax;
    if (hasRoom || this.#waitingBytes === 0) return true;
    if (this.#coming.length === 0 && !this.#isFull(bytes)) return true;
    return this.#isGuest(address) && this.#coming.every((one) => one.address !== address);
  }

  #isFull(bytes: number): boolean {
    return this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#bounds.waitingBytesMax;
  }

  /** It has nothing here, and nobody waits beyond the bound yet. */
  #isGuest(address: string): boolean {
    if (this.#waitingBytes > this.#bounds.waitingBytesMax) return false;
    const isHere = this.#waiting.some(({ reader }) => reader.address === address);
    return !isHere && !this.#placed.has(address) && this.#heldBy(address).length === 0;
  }

  /** Whoever is cut may release at once: then the pass that cuts goes on, and no other begins. */
  #admit(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    clearTimeout(this.#timer);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (this.#bytes + next.bytes > this.#bounds.bytesMax) {
        if (!this.#cutSlowest(next)) break;
        continue;
      }
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#waitingBytes -= next.bytes;
      this.#firstSinceMs = performance.now();
      next.resolve(this.#hold(next));
    }
    this.#isAdmitting = false;
    this.#givePlaces();
  }

  /** Who would not hold more than a share of the budget goes first. */
  #next(): Waiting | undefined {
    return this.#waiting.find((one) => this.#isModest(one)) ?? this.#waiting[0];
  }

  #isModest({ bytes, reader }: Waiting): boolean {
    const held = bytesOf(this.#heldBy(reader.address));
    return held === 0 || held + bytes <= this.#bounds.bytesMax * ADDRESS_SHARE;
  }

  #heldBy(address: string): Held[] {
    return [...this.#held].filter(({ reader }) => reader.address === address);
  }

  /** Several pages, and more than a share of the budget. */
  #isGreedy(address: string): boolean {
    const held = this.#heldBy(address);
    return held.length > 1 && bytesOf(held) > this.#bounds.bytesMax * ADDRESS_SHARE;
  }

  #givePlaces(): void {
    for (;;) {
      const [first] = this.#coming;
      if (first === undefined) return;
      const next = this.#isFull(first.bytes)
        ? this.#coming.find(({ address }) => this.#isGuest(address))
        : first;
      if (next === undefined) return;
      this.#coming.splice(this.#coming.indexOf(next), 1);
      next.resolve(this.#placeOf(next));
    }
  }

  #placeOf({ bytes, address }: Coming): PagePlace {
    let left = bytes;
    this.#waitingBytes += bytes;
    this.#placed.set(address, (this.#placed.get(address) ?? 0) + 1);
    return {
      leave: () => {
        if (left === 0) return;
        this.#waitingBytes -= left;
        left = 0;
        const others = (this.#placed.get(address) ?? 1) - 1;
        if (others === 0) this.#placed.delete(address);
        else this.#placed.set(address, others);
        queueMicrotask(() => this.#admit());
      },
    };
  }

  /** False: nobody may be cut yet; it is tried again when somebody may. */
  #cutSlowest(next: Waiting): boolean {
    const now = performance.now();
    const { graceMs, patienceMs } = this.#bounds;
    const stillest = leastOf(this.#held, ({ movedAtMs }) => movedAtMs);
    if (stillest === undefined) return false;
    if (now - stillest.movedAtMs >= graceMs) return this.#cut(stillest);
    const settled = [...this.#held].filter(({ sinceMs }) => now - sinceMs >= graceMs);
    const greedy = this.#isModest(next)
      ? settled.filter(({ reader }) => this.#isGreedy(reader.address))
      : [];
    const isGreed = greedy.length > 0;
    const slowest = leastOf(isGreed ? greedy : settled, (held) => takenOfLate(held, now));
    const patienceLeftMs = this.#firstSinceMs + (isGreed ? graceMs : patienceMs) - now;
    if (slowest !== undefined && patienceLeftMs <= 0) return this.#cut(slowest);
    const graceLeftMs = stillest.movedAtMs + graceMs - now;
    const waitMs = slowest === undefined ? graceLeftMs : Math.min(graceLeftMs, patienceLeftMs);
    this.#timer = setTimeout(() => this.#admit(), Math.max(1, Math.ceil(waitMs)));
    return false;
  }

  #cut(held: Held): true {
    this.#free(held, held.bytes);
    held.reader.cut();
    return true;
  }

  #hold({ bytes, reader }: Waiting): PageHold {
    const now = performance.now();
    const held: Held = {
      bytes,
      sinceMs: now,
      movedAtMs: now,
      windowAtMs: now,
      takenInWindow: 0,
      takenBefore: 0,
      reader,
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

function bytesOf(all: readonly Held[]): number {
  return all.reduce((sum, { bytes }) => sum + bytes, 0);
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
