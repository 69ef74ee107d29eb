// Another server as far as interest is concerned: it hears the ordered feed of changes of every
// segment over a link that loses some of all that goes over it, and rebuilds who wants what. Test
// support; it uses nothing but `InterestWriter.listen`, `snapshot` and `snapshotPart`.
//
// Must stay true: what goes over the link tells the sequence of the last change before it, so a gap is
// seen in every phase; a segment with a gap takes a full picture, anew if a part of that gets lost.
import type { InterestWriter } from "@weft/subjects";
import { matches } from "@weft/subjects";

/** A standing interest: its weight by account, filter and queue. */
type Picture = Map<string, number>;

/** What goes over the link, in order. */
type Item =
  | {
      readonly kind: "delta";
      readonly sequence: number;
      readonly key: string;
      readonly weight: number;
    }
  | {
      readonly kind: "part";
      /** Of the request that it answers. */
      readonly request: number;
      readonly place: number;
      /** Of the last delta before it. */
      readonly sequence: number;
      readonly entries: Picture;
      readonly isLast: boolean;
    }
  | { readonly kind: "announce"; readonly sequence: number };

type Part = Extract<Item, { kind: "part" }>;
type Delta = Extract<Item, { kind: "delta" }>;

function keyOf(account: number, filter: Uint8Array, queue: Uint8Array | null): string {
  const name = queue === null ? "" : Buffer.from(queue).toString("latin1");
  return `${account} ${Buffer.from(filter).toString("latin1")} ${name}`;
}

/** The full picture of a segment, taken in one piece. */
export function pictureOf(writer: InterestWriter): Picture {
  const picture: Picture = new Map();
  writer.snapshot((account, filter, queue, weight) => {
    picture.set(keyOf(account, filter, queue), weight);
  });
  return picture;
}

/** Beside the segment: hears of every change, and takes pictures where it is asked to. */
class Sender {
  readonly stop: () => void;
  readonly #writer: InterestWriter;
  readonly #isLost: () => boolean;
  /** What is lost never gets here. */
  readonly #link: Item[] = [];
  #sequence = 0;
  #request = 0;
  #place = 0;
  /** Next record of the picture being taken; 0 = none is. */
  #cursor = 0;

  constructor(writer: InterestWriter, isLost: () => boolean) {
    this.#writer = writer;
    this.#isLost = isLost;
    this.stop = writer.listen((sequence, account, filter, queue, weight) => {
      this.#sequence = sequence;
      this.#send({ kind: "delta", sequence, key: keyOf(account, filter, queue), weight });
    });
  }

  /** The picture that a new link begins with, and the sequence of the last delta that it includes. */
  begin(): { readonly picture: Picture; readonly sequence: number } {
    const picture: Picture = new Map();
    this.#sequence = this.#writer.snapshot((account, filter, queue, weight) => {
      picture.set(keyOf(account, filter, queue), weight);
    });
    return { picture, sequence: this.#sequence };
  }

  /** A picture is wanted, in parts; the question may be lost like all else. */
  ask(request: number): void {
    if (this.#isLost()) return;
    this.#request = request;
    this.#place = 0;
    this.#cursor = 1;
  }

  /** Sends the next part, if a picture is being taken. */
  goOn(records: number): void {
    if (this.#cursor === 0) return;
    const entries: Picture = new Map();
    this.#cursor = this.#writer.snapshotPart(
      this.#cursor,
      records,
      (account, filter, queue, weight) => entries.set(keyOf(account, filter, queue), weight),
    );
    const isLast = this.#cursor === 0;
    const [request, place, sequence] = [this.#request, this.#place, this.#sequence];
    this.#place += 1;
    this.#send({ kind: "part", request, place, sequence, entries, isLast });
  }

  /** Says where it is: how the loss of the last delta is noticed. */
  announce(): void {
    this.#send({ kind: "announce", sequence: this.#sequence });
  }

  /** Of the last change. */
  get sequence(): number {
    return this.#sequence;
  }

  take(count: number): Item[] {
    return this.#link.splice(0, count);
  }

  #send(item: Item): void {
    if (!this.#isLost()) this.#link.push(item);
  }
}

/** Deltas without a part of the picture that was asked for, after which it is asked for anew. */
const PATIENCE = 20;
const ALL_RECORDS = 1 << 20;

/** One segment as the peer knows it. */
class RemoteSegment {
  picture: Picture;
  resyncs = 0;
  /** Pictures that were given up, as something was lost while they were taken. */
  broken = 0;
  readonly #sender: Sender;
  /** Of the last delta in the picture, or in the parts of the one being taken. */
  #sequence: number;
  /** Undefined = no picture is being taken. */
  #parts: Picture | undefined;
  #request = 0;
  #place = 0;
  #waited = 0;
  #isCurrent = false;

  constructor(writer: InterestWriter, isLost: () => boolean) {
    this.#sender = new Sender(writer, isLost);
    const { picture, sequence } = this.#sender.begin();
    this.picture = picture;
    this.#sequence = sequence;
  }

  /** Whether the picture has to be that of the segment: for tests, no peer can look there. */
  get hasAll(): boolean {
    return this.#parts === undefined && this.#sequence === this.#sender.sequence;
  }

  /** Receives up to `count` items; a part of a picture has up to `partRecords` records. */
  receive(count: number, partRecords: number): void {
    this.#sender.goOn(partRecords);
    for (const item of this.#sender.take(count)) this.#take(item);
  }

  /** Goes on, with losses, until the peer knows that it has all. */
  catchUp(): void {
    this.#isCurrent = false;
    while (!this.#isCurrent) {
      this.#sender.announce();
      this.receive(Number.POSITIVE_INFINITY, ALL_RECORDS);
    }
  }

  stop(): void {
    this.#sender.stop();
  }

  #take(item: Item): void {
    if (item.kind === "part") this.#takePart(item);
    else if (item.kind === "delta") this.#takeDelta(item);
    else {
      this.#isCurrent = this.#parts === undefined && item.sequence === this.#sequence;
      if (!this.#isCurrent) this.#resync();
    }
  }

  #takeDelta(delta: Delta): void {
    if (this.#parts !== undefined) this.#waited += 1;
    // Older than the first part, which shows it.
    const isOld = this.#parts !== undefined && this.#place === 0;
    const isNext = isOld || delta.sequence === this.#sequence + 1;
    if (!isNext || this.#waited > PATIENCE) this.#resync();
    else if (!isOld) this.#apply(delta, this.#parts ?? this.picture);
  }

  #apply({ sequence, key, weight }: Delta, picture: Picture): void {
    this.#sequence = sequence;
    if (weight === 0) picture.delete(key);
    else picture.set(key, weight);
  }

  #takePart({ request, place, sequence, entries, isLast }: Part): void {
    const parts = this.#parts;
    if (parts === undefined || request !== this.#request) return;
    if (place === 0) this.#sequence = sequence;
    if (place !== this.#place || sequence !== this.#sequence) {
      this.#resync();
      return;
    }
    this.#waited = 0;
    this.#place += 1;
    for (const [key, weight] of entries) parts.set(key, weight);
    if (!isLast) return;
    this.picture = parts;
    this.#parts = undefined;
  }

  #resync(): void {
    if (this.#parts === undefined) this.resyncs += 1;
    else this.broken += 1;
    this.#parts = new Map();
    this.#place = 0;
    this.#waited = 0;
    this.#request += 1;
    this.#sender.ask(this.#request);
  }
}

export class FakeRoutePeer {
  readonly segments: RemoteSegment[];

  constructor(writers: readonly InterestWriter[], isLost: () => boolean) {
    this.segments = writers.map((writer) => new RemoteSegment(writer, isLost));
  }

  /** Plain interest, or a group that has members, in `account` for `subject`. */
  isInterested(account: number, subject: string): boolean {
    return this.segments.some(({ picture }) =>
      [...picture.keys()].some((key) => {
        const [owner, filter] = key.split(" ");
        return owner === `${account}` && matches(filter as string, subject);
      }),
    );
  }

  stop(): void {
    for (const segment of this.segments) segment.stop();
  }
}
