// Another server as far as interest is concerned: it hears the ordered feed of changes of every
// segment over a link that loses some, and rebuilds who wants what. Test support; it uses nothing
// but `InterestWriter.listen`, `snapshot` and `snapshotPart`.
//
// Must stay true: deltas of one segment carry consecutive sequences, so a gap is seen; a segment
// with a gap takes a full picture and goes on.
import type { InterestWriter } from "@weft/subjects";
import { matches } from "@weft/subjects";

/** A standing interest: its weight by account, filter and queue. */
type Picture = Map<string, number>;

interface Delta {
  readonly sequence: number;
  readonly key: string;
  readonly weight: number;
}

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

/** One segment as the peer knows it. */
class RemoteSegment {
  picture: Picture = new Map();
  resyncs = 0;
  readonly #writer: InterestWriter;
  /** Deltas on the link, in order; what is lost never gets here. */
  readonly #link: Delta[] = [];
  #sequence: number;
  /** Next part of the picture being taken; 0 = none is. */
  #cursor = 0;
  #parts: Picture = new Map();
  #since: Delta[] = [];

  constructor(writer: InterestWriter, isLost: () => boolean) {
    this.#writer = writer;
    this.#sequence = writer.feed.sequence;
    this.picture = pictureOf(writer);
    writer.listen((sequence, account, filter, queue, weight) => {
      const delta = { sequence, key: keyOf(account, filter, queue), weight };
      // A picture that is being taken hears of every change where it is taken.
      if (this.#cursor !== 0) this.#keep(this.#parts, delta);
      if (!isLost()) this.#link.push(delta);
    });
  }

  /** Receives up to `count` deltas, and goes on with a resync. */
  receive(count: number, partRecords: number): void {
    if (this.#cursor !== 0) this.#takePart(partRecords);
    for (const delta of this.#link.splice(0, count)) this.#apply(delta);
  }

  /** The sender says where it is: how the loss of the last delta is noticed. */
  announce(): void {
    this.receive(this.#link.length, 1 << 20);
    if (this.#cursor === 0 && this.#sequence !== this.#writer.feed.sequence) this.#resync();
    while (this.#cursor !== 0) this.#takePart(1 << 20);
  }

  stop(): void {
    this.#writer.listen(null);
  }

  #apply(delta: Delta): void {
    if (this.#cursor !== 0) {
      this.#since.push(delta);
      return;
    }
    if (delta.sequence <= this.#sequence) return;
    if (delta.sequence !== this.#sequence + 1) {
      this.#resync();
      return;
    }
    this.#sequence = delta.sequence;
    this.#keep(this.picture, delta);
  }

  #keep(picture: Picture, { key, weight }: Delta): void {
    if (weight === 0) picture.delete(key);
    else picture.set(key, weight);
  }

  #resync(): void {
    this.resyncs += 1;
    this.#cursor = 1;
    this.#parts = new Map();
    this.#since = [];
  }

  #takePart(records: number): void {
    const parts = this.#parts;
    this.#cursor = this.#writer.snapshotPart(
      this.#cursor,
      records,
      (account, filter, queue, weight) => parts.set(keyOf(account, filter, queue), weight),
    );
    if (this.#cursor !== 0) return;
    this.picture = parts;
    this.#sequence = this.#writer.feed.sequence;
    for (const delta of this.#since) this.#apply(delta);
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
