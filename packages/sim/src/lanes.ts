// Frames between simulated threads, by the contract of `Bus`: a bounded data lane that refuses and
// later tells of space, a control lane that never refuses, first in first out on each. Test
// support. Must stay true: what was committed is invisible until `publish`; a lane that refused once
// refuses until its writer was told of space, so nothing overtakes a parked frame; a frame that was
// handled is overwritten, so that whoever keeps a view of it is found out.
import { assert, type Prng } from "@weft/base";
import type { Bus } from "@weft/broker";
import type { Scheduler } from "./scheduler.ts";

const SCRIBBLE = 0xee;
/** Room in front of a frame: offsets of real lanes are never 0. */
const LEAD_BYTES = 24;

/** Control frames beyond this wait for room, as in a real control lane. */
const CONTROL_BYTES_MAX = 64 * 1024;

/** What takes part on a thread: a worker's core, or something without sockets. */
export interface ThreadHandler {
  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean;
  onControlFrame(from: number, bytes: Buffer, start: number, end: number): void;
  onSpace(to: number): void;
  flush(): void;
}

interface Frame {
  readonly bytes: Buffer;
  readonly start: number;
}

/** One direction of one lane. */
class Lane {
  readonly to: number;
  readonly capacityBytes: number;
  /** Published, then what waits for `publish`. */
  readonly visible: Frame[] = [];
  readonly committed: Frame[] = [];
  bytes = 0;
  bytesMax = 0;
  reserved: Frame | undefined;
  refused = false;
  refusals = 0;
  spacePosted = false;

  constructor(to: number, capacityBytes: number) {
    this.to = to;
    this.capacityBytes = capacityBytes;
  }

  get isEmpty(): boolean {
    return this.visible.length === 0 && this.committed.length === 0;
  }

  /** A frame above the capacity fits alone, as real lanes put it into a slab. */
  reserve(leastBytes: number, mostBytes = leastBytes): number {
    if (this.refused || (this.bytes > 0 && this.bytes + leastBytes > this.capacityBytes)) {
      this.refused = true;
      this.refusals += 1;
      return -1;
    }
    const bytes = Math.max(leastBytes, Math.min(mostBytes, this.capacityBytes - this.bytes));
    this.reserved = { bytes: Buffer.alloc(LEAD_BYTES + bytes), start: LEAD_BYTES };
    return LEAD_BYTES;
  }

  get room(): number {
    return this.reserved === undefined ? 0 : this.reserved.bytes.length - LEAD_BYTES;
  }

  commit(frameBytes: number): void {
    const reserved = this.reserved;
    assert(reserved !== undefined, "a frame is reserved before it is committed");
    const { bytes, start } = reserved;
    assert(frameBytes > 0 && frameBytes <= this.room, "a frame is within its reservation");
    this.reserved = undefined;
    this.bytes += frameBytes;
    this.bytesMax = Math.max(this.bytesMax, this.bytes);
    this.committed.push({ bytes: bytes.subarray(0, start + frameBytes), start });
  }

  publish(): void {
    for (const frame of this.committed) this.visible.push(frame);
    this.committed.length = 0;
  }

  take(): Frame | undefined {
    const frame = this.visible.shift();
    if (frame !== undefined) this.bytes -= frame.bytes.length - frame.start;
    return frame;
  }
}

/** The bus of one simulated thread. */
class SimBus implements Bus {
  readonly threadIndex: number;
  readonly threadsCount: number;
  readonly dataLanes: Lane[] = [];
  readonly controlLanes: Lane[] = [];
  readonly #published: (to: number) => void;

  constructor(
    threadIndex: number,
    threadsCount: number,
    laneBytes: number,
    published: (to: number) => void,
  ) {
    this.threadIndex = threadIndex;
    this.threadsCount = threadsCount;
    this.#published = published;
    for (let to = 0; to < threadsCount; to += 1) {
      this.dataLanes.push(new Lane(to, laneBytes));
      this.controlLanes.push(new Lane(to, Number.POSITIVE_INFINITY));
    }
  }

  reserveData(to: number, leastBytes: number, mostBytes: number): number {
    return this.#data(to).reserve(leastBytes, mostBytes);
  }

  dataRoom(to: number): number {
    return this.#data(to).room;
  }

  dataBytes(to: number): Buffer {
    const frame = this.#data(to).reserved;
    assert(frame !== undefined, "bytes of a reserved frame");
    return frame.bytes;
  }

  commitData(to: number, frameBytes: number): void {
    this.#data(to).commit(frameBytes);
  }

  sendControl(to: number, frame: Uint8Array): void {
    assert(to !== this.threadIndex, "no lane to the own thread");
    const lane = this.controlLanes[to] as Lane;
    const start = lane.reserve(frame.length);
    lane.reserved?.bytes.set(frame, start);
    lane.commit(frame.length);
  }

  controlWaits(to: number): boolean {
    if (to === this.threadIndex) return false;
    return (this.controlLanes[to] as Lane).bytes > CONTROL_BYTES_MAX;
  }

  publish(): void {
    for (let to = 0; to < this.threadsCount; to += 1) {
      const bulk = this.dataLanes[to] as Lane;
      const control = this.controlLanes[to] as Lane;
      bulk.publish();
      control.publish();
      if (bulk.visible.length > 0 || control.visible.length > 0 || bulk.refused) {
        this.#published(to);
      }
    }
  }

  #data(to: number): Lane {
    assert(to !== this.threadIndex, "no lane to the own thread");
    return this.dataLanes[to] as Lane;
  }
}

/** All lanes of a process, and the turns in which they are drained. */
export class LaneFabric {
  readonly #buses: SimBus[] = [];
  readonly #handlers: (ThreadHandler | undefined)[] = [];
  readonly #draining: boolean[] = [];
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;

  constructor(threadsCount: number, laneBytes: number, scheduler: Scheduler, prng: Prng) {
    this.#scheduler = scheduler;
    this.#prng = prng;
    for (let from = 0; from < threadsCount; from += 1) {
      const published = (to: number) => this.#published(from, to);
      this.#buses.push(new SimBus(from, threadsCount, laneBytes, published));
      this.#handlers.push(undefined);
    }
  }

  bus(thread: number): Bus {
    return this.#buses[thread] as SimBus;
  }

  attach(thread: number, handler: ThreadHandler): void {
    this.#handlers[thread] = handler;
  }

  /** Frames that a data lane turned away, over all lanes. */
  get refusals(): number {
    return this.#lanes().reduce((sum, lane) => sum + lane.refusals, 0);
  }

  /** Most that ever waited in one control lane. */
  get controlBytesMax(): number {
    return Math.max(...this.#buses.flatMap((bus) => bus.controlLanes.map((lane) => lane.bytesMax)));
  }

  /** True when no frame is under way and no writer waits for space. */
  get isQuiet(): boolean {
    return this.#lanes().every((lane) => lane.isEmpty && !lane.refused);
  }

  #lanes(): Lane[] {
    return this.#buses.flatMap((bus) => [...bus.dataLanes, ...bus.controlLanes]);
  }

  #published(from: number, to: number): void {
    this.#offerSpace(from, to);
    const key = from * this.#buses.length + to;
    if (this.#draining[key] === true) return;
    this.#draining[key] = true;
    this.#scheduler.post(() => this.#drain(from, to));
  }

  /** One pass over what thread `from` sent to thread `to`: control first, then some data. */
  #drain(from: number, to: number): void {
    this.#draining[from * this.#buses.length + to] = false;
    const bus = this.#buses[from] as SimBus;
    const handler = this.#handlers[to];
    if (handler === undefined) return;
    const control = bus.controlLanes[to] as Lane;
    for (let frame = control.take(); frame !== undefined; frame = control.take()) {
      handler.onControlFrame(from, frame.bytes, frame.start, frame.bytes.length);
      frame.bytes.fill(SCRIBBLE);
    }
    const bulk = bus.dataLanes[to] as Lane;
    for (let left = 1 + this.#prng.below(6); left > 0; left -= 1) {
      const frame = bulk.visible[0];
      if (frame === undefined) break;
      // Refused: its turn is spent, or answers wait for room. It stays the next one.
      if (!handler.onDataFrame(from, frame.bytes, frame.start, frame.bytes.length)) break;
      bulk.take();
      frame.bytes.fill(SCRIBBLE);
    }
    handler.flush();
    if (bulk.visible.length > 0 || control.visible.length > 0) this.#published(from, to);
    else this.#offerSpace(from, to);
  }

  #offerSpace(from: number, to: number): void {
    const lane = (this.#buses[from] as SimBus).dataLanes[to] as Lane;
    if (!lane.refused || lane.spacePosted || lane.bytes > lane.capacityBytes / 2) return;
    lane.spacePosted = true;
    this.#scheduler.post(() => {
      lane.spacePosted = false;
      lane.refused = false;
      const handler = this.#handlers[from];
      handler?.onSpace(to);
      handler?.flush();
    });
  }
}
