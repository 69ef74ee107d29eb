// Bytes waiting for one connection. Owned by the worker's core. Deliveries are appended to the
// current slab; at the end of the turn everything leaves in one write. At most one write is under
// way; what comes meanwhile waits, and its amount is what slow-consumer rules look at.
//
// The hot path reads `view`, `bytes`, `used` and `capacity` and writes `used` itself; it calls `grow` only
// when a message does not fit, so every rule that costs time lives in `grow`.
import { LIMITS, makeView, type Transport } from "@weft/base";
import type { OutboxOwner } from "./receiver.ts";
import { type Slab, type SlabPool, smallSlabBytes } from "./slab-pool.ts";

const EMPTY = Buffer.alloc(0);
const EMPTY_VIEW = makeView(EMPTY);

/** More than this makes publishers wait; where the limit is small itself there has to be room above. */
export function stallHighBytes(pendingBytesMax: number): number {
  return Math.min(LIMITS.stallHighBytes, pendingBytesMax / 2);
}

/** Back to this or less, and they go on. */
export function stallLowBytes(pendingBytesMax: number): number {
  return stallHighBytes(pendingBytesMax) / 4;
}

/** Decisions that an outbox leaves to the core. */
export interface OutboxHost {
  readonly slabs: SlabPool;
  readonly pendingBytesMax: number;
  /** Drop for receivers above three quarters of their limit instead of stalling (CP-106). */
  readonly dropAboveThreshold: boolean;
  /** The outbox has bytes to flush at the end of this turn. */
  outboxTouched(outbox: Outbox): void;
  /** More waits than `pendingBytesMax` (CP-103). The owner is closed. */
  outboxOverflowed(outbox: Outbox): void;
  /**
   * More than `stallHighBytes` waits, and `needBytes` more are taken: the publisher of this turn may be
   * paused.
   */
  outboxLagging(outbox: Outbox, needBytes: number): void;
  /** Back to `stallLowBytes` or less. */
  outboxCaughtUp(outbox: Outbox): void;
}

export class Outbox {
  bytes: Buffer = EMPTY;
  /** The same memory. */
  view: DataView = EMPTY_VIEW;
  used = 0;
  capacity = 0;
  /** Messages and payload bytes delivered, for statistics; the hot path adds to them. */
  messages = 0;
  payloadBytes = 0;
  closed = false;
  /** True between `outboxLagging` and `outboxCaughtUp`. */
  lagging = false;
  /** Monotonic time when the write under way began; 0 when none is. The core sets it. */
  writeStartedMs = 0;
  /** Bytes of writes that are done since the connection began. */
  writtenBytes = 0;
  readonly owner: OutboxOwner;
  readonly #host: OutboxHost;
  #start = 0;
  #slab: Slab | undefined;
  #queued: Buffer[] = [];
  #queuedSlabs: Slab[] = [];
  #queuedBytes = 0;
  #inFlightSlabs: Slab[] | undefined;
  #inFlightBytes = 0;
  #touched = false;
  #sealed = false;
  #startSmall = true;

  constructor(host: OutboxHost, owner: OutboxOwner) {
    this.#host = host;
    this.owner = owner;
  }

  /** Bytes that were accepted and not yet taken by the transport. */
  get pendingBytes(): number {
    return this.#queuedBytes + this.#inFlightBytes + (this.used - this.#start);
  }

  /** Bytes that the kernel has taken since the connection began. */
  get takenBytes(): number {
    const { unsentBytes } = this.owner.transport;
    return this.writtenBytes + Math.max(0, this.#inFlightBytes - unsentBytes);
  }

  /** Bytes not yet handed to the transport. */
  get queuedBytes(): number {
    return this.#queuedBytes + (this.used - this.#start);
  }

  get writing(): boolean {
    return this.#inFlightSlabs !== undefined;
  }

  /**
   * Makes room for `needBytes` contiguous bytes and returns the offset in `bytes` where they go,
   * or -1 when the message is not to be delivered (closed, overflowed or dropped by policy).
   */
  grow(needBytes: number): number {
    if (this.#sealed) return -1;
    this.#cut();
    if (!this.admits(needBytes)) return -1;
    return this.#begin(needBytes);
  }

  /** Starts a new slab with room for `needBytes`. */
  #begin(needBytes: number): number {
    if (!this.#touched) {
      this.#touched = true;
      this.#host.outboxTouched(this);
    }
    const first = this.#queuedBytes === 0;
    const small = first && this.#startSmall && needBytes <= smallSlabBytes;
    this.#dropSlab();
    const slab = small ? this.#host.slabs.takeSmall() : this.#host.slabs.take(needBytes);
    this.#slab = slab;
    this.bytes = slab.bytes;
    this.view = slab.view;
    this.capacity = slab.bytes.length;
    this.used = 0;
    this.#start = 0;
    return 0;
  }

  /** Appends a copy of `bytes`. For everything that is not a message: INFO, PONG, errors. */
  append(bytes: Uint8Array): void {
    if (this.#sealed) return;
    let at = this.used;
    if (at + bytes.length > this.capacity) {
      this.#cut();
      // Answers are never dropped by policy, as messages are; but they count against the limit.
      if (!this.#mayGrow(this.pendingBytes, bytes.length, false)) return;
      at = this.#begin(bytes.length);
    }
    this.bytes.set(bytes, at);
    this.used = at + bytes.length;
  }

  /**
   * Whether `needBytes` more may wait: the rules of every growth, which close or pause where they
   * say so. To be asked before the head of a message whose body goes by `appendShared`.
   */
  admits(needBytes: number): boolean {
    if (this.#sealed) return false;
    const waiting = this.pendingBytes;
    if (waiting <= stallHighBytes(this.#host.pendingBytesMax)) return true;
    return this.#mayGrow(waiting, needBytes, this.#host.dropAboveThreshold);
  }

  /** Appends `slab[0, length)` without copying; the slab gains a reference. */
  appendShared(slab: Slab, length: number): void {
    if (this.#sealed) return;
    this.#cut();
    slab.references += 1;
    this.#queued.push(slab.bytes.subarray(0, length));
    this.#queuedSlabs.push(slab);
    this.#queuedBytes += length;
    if (!this.#touched) {
      this.#touched = true;
      this.#host.outboxTouched(this);
    }
  }

  /** Hands everything to the transport, unless a write is still under way. */
  flush(transport: Transport): void {
    this.#touched = false;
    if (this.closed || this.#inFlightSlabs !== undefined) return;
    this.#cut();
    const bytes = this.#queuedBytes;
    if (bytes === 0) return;
    this.#startSmall = bytes <= smallSlabBytes;
    this.#dropSlab();
    const chunks = this.#queued;
    this.#inFlightSlabs = this.#queuedSlabs;
    this.#inFlightBytes = bytes;
    this.#queued = [];
    this.#queuedSlabs = [];
    this.#queuedBytes = 0;
    transport.write(chunks);
  }

  /** The write under way is done. The caller flushes again at the end of its turn. */
  written(): void {
    this.writtenBytes += this.#inFlightBytes;
    this.writeStartedMs = 0;
    this.#releaseInFlight();
    if (this.closed) return;
    if (this.lagging && this.pendingBytes <= stallLowBytes(this.#host.pendingBytesMax)) {
      this.lagging = false;
      this.#host.outboxCaughtUp(this);
    }
    if (!this.#touched && this.pendingBytes > 0) {
      this.#touched = true;
      this.#host.outboxTouched(this);
    }
  }

  /** What is in here still leaves; nothing is accepted any more. */
  seal(): void {
    if (this.#sealed) return;
    this.#sealed = true;
    this.#cut();
    this.#dropSlab();
  }

  /** Gives all memory back that no write under way holds. Nothing is accepted any more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#sealed = true;
    for (const slab of this.#queuedSlabs) this.#host.slabs.release(slab);
    this.#queued = [];
    this.#queuedSlabs = [];
    this.#queuedBytes = 0;
    this.#dropSlab();
    if (this.lagging) {
      this.lagging = false;
      this.#host.outboxCaughtUp(this);
    }
  }

  #mayGrow(waiting: number, needBytes: number, mayDrop: boolean): boolean {
    const limit = this.#host.pendingBytesMax;
    if (waiting + needBytes > limit && waiting > 0) {
      this.#host.outboxOverflowed(this);
      return false;
    }
    if (mayDrop && waiting > (limit / 4) * 3) return false;
    if (waiting > stallHighBytes(this.#host.pendingBytesMax) && !this.#host.dropAboveThreshold) {
      this.lagging = true;
      this.#host.outboxLagging(this, needBytes);
    }
    return true;
  }

  /** Moves the filled part of the current slab to the queue. */
  #cut(): void {
    const slab = this.#slab;
    if (slab === undefined || this.used === this.#start) return;
    slab.references += 1;
    this.#queued.push(slab.bytes.subarray(this.#start, this.used));
    this.#queuedSlabs.push(slab);
    this.#queuedBytes += this.used - this.#start;
    this.#start = this.used;
  }

  #dropSlab(): void {
    if (this.#slab === undefined) return;
    this.#host.slabs.release(this.#slab);
    this.#slab = undefined;
    this.bytes = EMPTY;
    this.view = EMPTY_VIEW;
    this.capacity = 0;
    this.used = 0;
    this.#start = 0;
  }

  #releaseInFlight(): void {
    const slabs = this.#inFlightSlabs;
    this.#inFlightSlabs = undefined;
    this.#inFlightBytes = 0;
    if (slabs !== undefined) for (const slab of slabs) this.#host.slabs.release(slab);
  }
}
