// The byte transport between a simulated client and its session, by the contract of `Transport`:
// input in pieces of any size, one write at a time, completed whenever the other side reads. Test
// support. Must stay true: a turn of the thread ends after each call into the session; input is
// overwritten after the call; chunks that change while a write owns them are found out.

import type { TransportEvents } from "@weft/base";
import { AssertionFailure, assert, LIMITS, type Prng, type Transport } from "@weft/base";
import type { VirtualClock } from "./clock.ts";
import type { Scheduler } from "./scheduler.ts";

/** How long `end` waits for a peer that does not read. */
const LINGER_MS = 200;
const SCRIBBLE = 0xdd;

export type CloseCause = "peer" | "local" | "error" | "tls";

/** The thread that a transport lives on. */
export interface TransportThread {
  /** `[headroom | one read]`, shared by all transports of the thread. */
  readonly readBuffer: Buffer;
  readonly chunkBytesMax: number;
  readonly clock: VirtualClock;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  /** Ends a turn. */
  flush(): void;
  /** A session threw. */
  fault(error: unknown): void;
}

/** The other end. */
export interface TransportPeer {
  received(bytes: Buffer): void;
  closed(cause: CloseCause): void;
}

export class SimTransport implements Transport {
  readonly remoteAddress = "127.0.0.1";
  readonly localAddress = "127.0.0.1";
  readonly localPort = 4222;
  readonly remotePort: number;
  /** Ended or gone: input is dropped, nothing more is written. */
  discarding = false;
  isClosed = false;
  paused = false;
  /** False: writes are not completed. */
  peerReads = true;
  bytesWritten = 0;
  readonly #thread: TransportThread;
  readonly #peer: TransportPeer;
  #events: TransportEvents | undefined;
  #input: Buffer[] = [];
  #inputBytes = 0;
  #inputEnds = false;
  #pumping = false;
  #inFlight: Buffer[] | undefined;
  #inFlightCopy: Buffer | undefined;
  #completing = false;
  #ending = false;

  constructor(thread: TransportThread, peer: TransportPeer, remotePort: number) {
    this.#thread = thread;
    this.#peer = peer;
    this.remotePort = remotePort;
  }

  attach(events: TransportEvents): void {
    this.#events = events;
  }

  get unsentBytes(): number {
    return this.#inFlightCopy?.length ?? 0;
  }

  /** Nothing is under way in either direction. */
  get isQuiet(): boolean {
    if (this.isClosed) return true;
    return (
      this.#inputBytes === 0 && !this.paused && (this.#inFlight === undefined || !this.peerReads)
    );
  }

  // ---- asked by the session

  write(chunks: Buffer[]): void {
    if (this.discarding) return;
    assert(this.#inFlight === undefined, "one write at a time");
    assert(chunks.length > 0, "a write has chunks");
    this.#inFlight = chunks;
    this.#inFlightCopy = Buffer.concat(chunks);
    this.#complete();
  }

  pauseReading(): void {
    if (!this.discarding) this.paused = true;
  }

  resumeReading(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#pump();
  }

  startTls(): void {
    assert(false, "simulated listeners have no TLS");
  }

  end(): void {
    if (this.discarding) return;
    this.discarding = true;
    this.paused = false;
    this.#ending = true;
    if (this.#inFlight === undefined) this.#close("local");
    else this.#thread.clock.setTimer(LINGER_MS, () => this.#close("local"));
  }

  destroy(): void {
    this.#destroyAs("local");
  }

  // ---- asked by the client

  /** Bytes for the session. */
  push(bytes: Buffer): void {
    if (this.discarding || this.#inputEnds) return;
    this.#input.push(bytes);
    this.#inputBytes += bytes.length;
    this.#pump();
  }

  /** The client closes after what it has pushed. */
  pushEnd(): void {
    this.#inputEnds = true;
    this.#pump();
  }

  /** The client is gone without notice. */
  reset(): void {
    this.#destroyAs("error");
  }

  setPeerReads(reads: boolean): void {
    this.peerReads = reads;
    if (reads) this.#complete();
  }

  /** A peer that does not read takes the write under way after all; false when there is none. */
  takeOneWrite(): boolean {
    if (this.#inFlight === undefined || this.isClosed) return false;
    this.#finishWrite();
    return true;
  }

  #destroyAs(cause: CloseCause): void {
    if (this.isClosed) return;
    this.discarding = true;
    this.paused = false;
    this.#close(cause);
  }

  #pump(): void {
    if (this.#pumping || this.paused || this.discarding) return;
    if (this.#inputBytes === 0 && !this.#inputEnds) return;
    this.#pumping = true;
    this.#thread.scheduler.post(() => {
      this.#pumping = false;
      if (this.paused || this.discarding) return;
      if (this.#inputBytes > 0) this.#deliver();
      else if (this.#inputEnds) {
        this.discarding = true;
        this.#close("peer");
      }
      this.#pump();
    });
  }

  #deliver(): void {
    const { chunkBytesMax, prng } = this.#thread;
    const most = Math.min(this.#inputBytes, chunkBytesMax, LIMITS.readChunkBytes);
    const size = prng.below(2) === 0 ? most : 1 + prng.below(most);
    const chunk = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size; ) {
      const first = this.#input[0] as Buffer;
      const taken = first.copy(chunk, filled);
      filled += taken;
      if (taken === first.length) this.#input.shift();
      else this.#input[0] = first.subarray(taken);
    }
    this.#inputBytes -= size;
    // Bytes that were read already are delivered although the session pauses in between.
    const middle = prng.below(2) === 0 ? prng.below(size) : 0;
    if (middle > 0) this.#call(chunk.subarray(0, middle));
    if (!this.discarding) this.#call(chunk.subarray(middle));
  }

  /** One call into the session and the end of its turn; then the next read overwrites the bytes. */
  #call(bytes: Buffer): void {
    const { readBuffer } = this.#thread;
    const start = LIMITS.readHeadroomBytes;
    const end = start + bytes.copy(readBuffer, start);
    try {
      this.#events?.onBytes(readBuffer, start, end);
    } catch (error) {
      this.#failWith(error);
    }
    this.#thread.flush();
    readBuffer.fill(SCRIBBLE, start, end);
  }

  #complete(): void {
    if (this.#inFlight === undefined || this.#completing || !this.peerReads) return;
    this.#completing = true;
    this.#thread.scheduler.post(() => {
      this.#completing = false;
      if (this.peerReads && this.#inFlight !== undefined && !this.isClosed) this.#finishWrite();
    });
  }

  #finishWrite(): void {
    const bytes = Buffer.concat(this.#inFlight as Buffer[]);
    assert(
      bytes.equals(this.#inFlightCopy as Buffer),
      "chunks belong to the write until onWritten",
    );
    this.#inFlight = undefined;
    this.#inFlightCopy = undefined;
    this.bytesWritten += bytes.length;
    this.#peer.received(bytes);
    if (this.#ending) {
      this.#close("local");
      return;
    }
    if (this.discarding) return;
    try {
      this.#events?.onWritten();
    } catch (error) {
      this.#failWith(error);
    }
    this.#thread.flush();
  }

  #failWith(error: unknown): void {
    if (error instanceof AssertionFailure) throw error;
    this.#thread.fault(error);
    this.#destroyAs("error");
  }

  #close(cause: CloseCause): void {
    this.#thread.scheduler.post(() => {
      if (this.isClosed) return;
      this.isClosed = true;
      this.#input = [];
      this.#inputBytes = 0;
      this.#events?.onClosed(cause, "");
      this.#events = undefined;
      this.#thread.flush();
      this.#peer.closed(cause);
    });
  }
}
