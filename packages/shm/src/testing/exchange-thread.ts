// Test support: a worker thread that sends numbered frames with checksums to all others, checks
// what it receives, and closes its mailbox when both are complete.
import { parentPort, workerData } from "node:worker_threads";
import { createPrng, type Prng } from "@weft/base";
import type { Mailbox, MailboxHandler } from "../mailbox.ts";
import type { OutgoingLane } from "../outgoing-lane.ts";
import { openMailbox } from "../port-wiring.ts";
import type { ExchangeOrder, ExchangeReport } from "./exchange.ts";

const order: ExchangeOrder = workerData;
const HEADER_BYTES = 8;
/** Frames written before others get their turn. */
const TURN_FRAMES = 500;

/** Ordinal, a random mark, then the mark's first byte up to the end. */
function fill(bytes: Buffer, start: number, length: number, ordinal: number, prng: Prng): void {
  bytes.writeUInt32LE(ordinal, start);
  const mark = prng.nextUint32();
  bytes.writeUInt32LE(mark, start + 4);
  bytes.fill(mark & 255, start + HEADER_BYTES, start + length);
}

function check(bytes: Buffer, start: number, end: number, ordinal: number): string | null {
  const found = bytes.readUInt32LE(start);
  if (found !== ordinal) return `frame ${found} instead of ${ordinal}`;
  // All bytes after the header equal its fifth: the frame is its own copy moved by one byte.
  const body = bytes.subarray(start + HEADER_BYTES, end);
  const isWhole = body.length === 0 || body[0] === bytes[start + 4];
  if (isWhole && body.subarray(1).equals(body.subarray(0, -1))) return null;
  return `frame ${ordinal} of ${end - start} bytes is damaged`;
}

class Exchange implements MailboxHandler {
  readonly #mailbox: Mailbox;
  readonly #peers: readonly number[];
  readonly #prng = createPrng(order.seed.index + 1);
  readonly #sent: number[];
  readonly #controlSent: number[];
  readonly #received: number[];
  readonly #controlReceived: number[];
  readonly #refused = new Set<string>();
  readonly #errors: string[] = [];
  #largeFrames = 0;
  #spaces = 0;
  #reported = false;

  constructor() {
    const zeros = order.seed.outgoing.map(() => 0);
    this.#sent = [...zeros];
    this.#controlSent = [...zeros];
    this.#received = [...zeros];
    this.#controlReceived = [...zeros];
    this.#peers = [...zeros.keys()].filter((index) => index !== order.seed.index);
    this.#mailbox = openMailbox(order.seed, this);
    for (const peer of this.#peers) this.#send(peer);
    this.#mailbox.publish();
  }

  onControlFrame(from: number, bytes: Buffer, start: number, end: number): void {
    this.#verify(bytes, start, end, this.#controlReceived[from]!++);
  }

  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    const ordinal = this.#received[from]!;
    const mark = `${from}:${ordinal}`;
    if (order.refuseEvery > 0 && ordinal % order.refuseEvery === 1 && !this.#refused.has(mark)) {
      this.#refused.add(mark);
      setImmediate(() => this.#mailbox.resume(from));
      return false;
    }
    this.#received[from] = ordinal + 1;
    this.#verify(bytes, start, end, ordinal);
    if (end - start > order.frameBytesMax) this.#largeFrames++;
    return true;
  }

  onSpace(to: number): void {
    this.#spaces++;
    this.#send(to);
  }

  afterDrain(): void {
    this.#reportWhenComplete();
  }

  /** Writes until the lane refuses; goes on with `onSpace`, or in a later turn. */
  #send(to: number): void {
    const lane = this.#mailbox.dataLane(to);
    for (let count = 0; count < TURN_FRAMES; count++) {
      const ordinal = this.#sent[to]!;
      if (ordinal === order.framesCount) return;
      if (!this.#write(lane, this.#lengthOf(ordinal), ordinal)) return;
      this.#sent[to] = ordinal + 1;
      if (ordinal % order.controlEvery === 0) {
        const control = this.#mailbox.controlLane(to);
        this.#write(control, this.#lengthOf(1), this.#controlSent[to]!++);
      }
    }
    setImmediate(() => {
      this.#send(to);
      this.#mailbox.publish();
      this.#reportWhenComplete();
    });
  }

  #lengthOf(ordinal: number): number {
    const isLarge = order.largeEvery > 0 && ordinal % order.largeEvery === order.largeEvery - 1;
    const lengthMax = isLarge ? order.largeBytesMax : order.frameBytesMax;
    return HEADER_BYTES + this.#prng.below(lengthMax - HEADER_BYTES);
  }

  #write(lane: OutgoingLane, length: number, ordinal: number): boolean {
    const start = lane.reserve(length);
    if (start < 0) return false;
    fill(lane.bytes, start, length, ordinal, this.#prng);
    lane.commit();
    return true;
  }

  #verify(bytes: Buffer, start: number, end: number, ordinal: number): void {
    const wrong = check(bytes, start, end, ordinal);
    if (wrong !== null && this.#errors.length < 10) this.#errors.push(wrong);
  }

  #reportWhenComplete(): void {
    const controlCount = Math.ceil(order.framesCount / order.controlEvery);
    const isComplete = this.#peers.every(
      (peer) =>
        this.#sent[peer] === order.framesCount &&
        this.#received[peer] === order.framesCount &&
        this.#controlReceived[peer] === controlCount,
    );
    if (!isComplete || this.#reported || this.#mailbox.unsent) return;
    this.#reported = true;
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
    const report: ExchangeReport = {
      index: order.seed.index,
      dataFrames: sum(this.#received),
      controlFrames: sum(this.#controlReceived),
      largeFrames: this.#largeFrames,
      refusals: this.#refused.size,
      spaces: this.#spaces,
      errors: this.#errors,
    };
    parentPort!.postMessage(report);
    // Frames of this thread may still be under way: closing must not lose them.
    this.#mailbox.close();
  }
}

new Exchange();
