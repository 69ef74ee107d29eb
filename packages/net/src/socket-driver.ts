// Drives all sockets of one thread: one read buffer for all of them, one `flush` after every call
// into a session, a fair share of the loop for each.
// Owner: the thread that made it. The read buffer is overwritten by the next read of any socket,
// so a view of it is valid during one `onBytes` only.
import type net from "node:net";
import {
  AssertionFailure,
  type Dialler,
  type DialTarget,
  LIMITS,
  type Transport,
  type TransportEvents,
} from "@weft/base";
import { connectTo } from "./dial.ts";
import { NativeWrites } from "./native-writes.ts";
import { PeerEnds } from "./peer-ends.ts";
import { isLate, largestReadStep, nextReadStep, READ_SIZES } from "./read-size.ts";
import { RestOfRead } from "./rest-of-read.ts";
import { type NativeConnection, type OwnedSocket, socketOn, TRANSPORT } from "./socket-access.ts";
import { SocketTransport } from "./socket-transport.ts";
import type { TlsContext } from "./tls-context.ts";
import { onPeerEnd } from "./transport-callbacks.ts";

/** Full reads of busy connections for which a quiet one is remembered: some tens of milliseconds. */
const QUIET_READS = 512;
/** Kept for the next busy connection. */
const RESTS_KEPT = 8;

export interface SocketDriverOptions {
  /** Called after each call into a session: the end of a turn. */
  flush(): void;
  /** What one read may put into an outbox, with as much of another in front; no limit if absent. */
  readonly turnBytesMax?: (() => number) | undefined;
  /** A session threw while it handled its bytes; its connection is being closed (F27). */
  onFault(error: unknown, transport: Transport): void;
  /** A socket that was given to `adopt` is closed, or was dead already. Once for each. */
  onGone?: (() => void) | undefined;
}

export class SocketDriver implements Dialler {
  /** `[headroom | one read]`; sessions may write into the headroom before a chunk. */
  readonly readBuffer: Buffer;
  readonly flush: () => void;
  readonly writes = new NativeWrites();
  readonly peerEnds: PeerEnds;
  /** The transport whose bytes are being handled, if any. */
  delivering: SocketTransport | undefined;

  readonly #options: SocketDriverOptions;
  /** The part of it that a TLS socket begins with. */
  readonly recordBuffer: Buffer;
  readonly #socketOptions: net.SocketConstructorOpts;
  /** The size of the next read of the socket that is being read, see `READ_SIZES`. */
  #readStep = 0;
  /** The last read filled its buffer. */
  #readIsFull = false;
  /** When the handling of the last read began; of the smallest nobody asks. */
  #readBeganMs = 0;
  /** Of reads of a chunk and more in this pass. */
  #passBytes = 0;
  /** The largest step for now. */
  #stepMax = 0;
  /** An input was flushed in this pass of the loop already. */
  #passOpen = false;
  #flushDue = false;
  /** A busy connection was read in this pass. */
  #busyInPass = false;
  /** Busy reads until quiet connections are forgotten. */
  #quietCredit = 0;
  /** Nobody placed these here. */
  readonly #dialled = new WeakSet<SocketTransport>();
  #yielded: SocketTransport[] = [];
  #spare: SocketTransport[] = [];
  /** Their writes are done, their sessions have not heard of it. */
  #written: SocketTransport[] = [];
  readonly #restsKept: RestOfRead[] = [];
  #writtenSpare: SocketTransport[] = [];

  constructor(options: SocketDriverOptions) {
    this.#options = options;
    this.flush = options.flush;
    this.peerEnds = new PeerEnds(options.flush);
    const headroom = LIMITS.readHeadroomBytes;
    this.readBuffer = Buffer.allocUnsafeSlow(headroom + LIMITS.readBytesMax);
    const wide = READ_SIZES.map((bytes) => this.readBuffer.subarray(headroom, headroom + bytes));
    const narrow = this.readBuffer.subarray(headroom, headroom + LIMITS.readBytesBesideQuiet);
    this.recordBuffer = wide[0] as Buffer;
    // Asked after each read for the next one of that socket.
    const buffer = () => (this.#quietCredit > 0 ? narrow : wide[this.#readStep]);
    this.#socketOptions = {
      onread: { buffer, callback: onRead },
      // Output that waits is not lost where the peer only ends its own side.
      allowHalfOpen: true,
      // Sessions bound what waits; nobody listens for `drain`.
      writableHighWaterMark: Number.MAX_SAFE_INTEGER,
    } as net.SocketConstructorOpts;
  }

  /**
   * Takes over a connection that has neither read nor written yet: `open` gives the session that it
   * belongs to. Returns undefined when the connection is dead already; `open` is not called then.
   */
  adopt(
    given: NativeConnection,
    tls: TlsContext | undefined,
    open: (transport: Transport) => TransportEvents,
  ): SocketTransport | undefined {
    if (given.fd !== undefined && given.fd < 0) {
      this.#options.onGone?.();
      return undefined;
    }
    return this.#bind(socketOn(given, this.#socketOptions), tls, open, false);
  }

  /** {@link Dialler}. In clear; TLS towards a server comes with the kinds of sessions that dial. */
  dial(
    to: DialTarget,
    open: (transport: Transport) => TransportEvents,
    failed: (reason: string) => void,
  ): void {
    const fail = (reason: string): void => {
      failed(reason);
      this.flush();
    };
    connectTo(to, this.#socketOptions, fail, (socket) => {
      try {
        this.#bind(socket, undefined, open, true);
      } catch (error) {
        // Its session could not be made: that costs this connection alone (F27).
        if (error instanceof AssertionFailure) throw error;
        socket.destroy();
        fail(error instanceof Error ? error.message : String(error));
      }
    });
  }

  #bind(
    socket: OwnedSocket,
    tls: TlsContext | undefined,
    open: (transport: Transport) => TransportEvents,
    isDialled: boolean,
  ): SocketTransport {
    this.#readStep = 0;
    const transport = new SocketTransport(socket, this, tls);
    if (isDialled) this.#dialled.add(transport);
    socket[TRANSPORT] = transport;
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on("end", onPeerEnd);
    transport.attach(open(transport));
    this.flush();
    return transport;
  }

  /** Hands `[start, end)` of a read to a session and ends the turn. */
  deliver(
    transport: SocketTransport,
    events: TransportEvents,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.#hand(transport, events, bytes, start, end);
    this.#endInput(end - start);
  }

  #hand(
    transport: SocketTransport,
    events: TransportEvents,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.delivering = transport;
    try {
      events.onBytes(bytes, start, end);
    } catch (error) {
      this.fault(error, transport);
    } finally {
      this.delivering = undefined;
    }
  }

  /**
   * Hands the read in the buffer to its session, as much of it as it takes and as others have the time
   * for. Returns how much that is. `step`: of the size of the socket's reads.
   */
  deliverRead(
    transport: SocketTransport,
    events: TransportEvents,
    step: number,
    byteCount: number,
  ): number {
    this.#readStep = step;
    this.#readIsFull = byteCount >= (READ_SIZES[step] as number);
    if (byteCount >= LIMITS.readChunkBytes) this.#passBytes += byteCount;
    const isTimed = byteCount >= LIMITS.sliceBytesBesideQuiet;
    this.#readBeganMs = isTimed ? performance.now() : Number.POSITIVE_INFINITY;
    const slice = this.#sliceBytes(byteCount);
    let handled = 0;
    do {
      const start = LIMITS.readHeadroomBytes + handled;
      const part = Math.min(slice, byteCount - handled);
      this.#hand(transport, events, this.readBuffer, start, start + part);
      handled += part;
    } while (handled < byteCount && transport.takesMore && !this.#isRestForLater(slice));
    this.#endInput(handled);
    return handled;
  }

  #isRestForLater(slice: number): boolean {
    if (slice < LIMITS.readChunkBytes) return true;
    return isLate(performance.now() - this.#readBeganMs);
  }

  /**
   * The first input of a pass of the loop is flushed at once, so that a lone request waits for
   * nothing. What follows in the same pass is flushed together at its end: under load many inputs
   * cost one write per receiver (bench row `requests`). But who sends little does not wait behind a
   * busy connection of the same pass (bench row `quiet-client`).
   */
  #endInput(byteCount: number): void {
    if (byteCount >= LIMITS.sliceBytesBesideQuiet) {
      this.#busyInPass = true;
    } else if (this.#busyInPass) {
      this.flush();
      return;
    }
    if (this.#passOpen) {
      this.#flushDue = true;
      return;
    }
    this.#passOpen = true;
    setImmediate(endPass, this);
    this.flush();
  }

  /** The pass is over: flushes what its later inputs left. */
  endPass(): void {
    const bytes = this.#passBytes;
    this.#passOpen = false;
    this.#busyInPass = false;
    this.#passBytes = 0;
    const beganMs = bytes > 0 ? performance.now() : 0;
    if (this.#flushDue) {
      this.#flushDue = false;
      this.flush();
    }
    if (bytes > 0) this.#stepMax = this.#largestStep(bytes, performance.now() - beganMs);
  }

  #largestStep(bytesInPass: number, flushMs: number): number {
    const turnBytesMax = this.#options.turnBytesMax?.() ?? LIMITS.readBytesMax;
    return largestReadStep(this.#stepMax, bytesInPass, flushMs, turnBytesMax);
  }

  /** A failed assert ends the thread; anything else costs one connection (F27). */
  fault(error: unknown, transport: SocketTransport): void {
    if (error instanceof AssertionFailure) throw error;
    transport.failWith(error);
    this.#options.onFault(error, transport);
  }

  /** The transport's connection is closed. */
  gone(transport: SocketTransport): void {
    if (!this.#dialled.delete(transport)) this.#options.onGone?.();
  }

  /** A read of a socket whose reads have the size of `step` is handled. Returns the step of the next. */
  endRead(step: number): number {
    const handledMs = performance.now() - this.#readBeganMs;
    const stepMax = Math.min(this.#stepMax, this.#largestStep(this.#passBytes, 0));
    this.#readStep = nextReadStep(step, stepMax, this.#readIsFull, handledMs);
    return this.#readStep;
  }

  /** Whoever sends little begins anew: many who were alone once may be busy at the same time later. */
  endSmallRead(): number {
    this.#readStep = 0;
    return 0;
  }

  /** A connection that sends little was heard: busy ones read in small pieces for a while. */
  quietHeard(): void {
    this.#quietCredit = QUIET_READS;
  }

  /** A full read of a busy connection. Returns its share of this pass of the loop in bytes. */
  busyRead(): number {
    if (this.#quietCredit === 0) return LIMITS.readBytesPerPass;
    this.#quietCredit -= 1;
    return LIMITS.sliceBytesBesideQuiet;
  }

  /** What is handled of a read of `byteCount` bytes before the time is looked at, or others come. */
  #sliceBytes(byteCount: number): number {
    const isSmall = byteCount <= LIMITS.readBytesBesideQuiet;
    const isSliced = this.#quietCredit > 0 && isSmall && byteCount > LIMITS.sliceBytesBesideQuiet;
    return isSliced ? LIMITS.sliceBytesBesideQuiet : LIMITS.readChunkBytes;
  }

  /** Keeps what is behind the first `handled` bytes of the read in the buffer. */
  keepRest(handled: number, byteCount: number): RestOfRead {
    const slice = this.#sliceBytes(byteCount);
    if (slice < LIMITS.readChunkBytes) this.#quietCredit -= 1;
    const isNarrow = byteCount <= LIMITS.readBytesBesideQuiet;
    const kept = isNarrow ? this.#restsKept.pop() : undefined;
    const rest = kept ?? new RestOfRead(isNarrow ? LIMITS.readBytesBesideQuiet : byteCount);
    rest.keep(this.readBuffer, LIMITS.readHeadroomBytes, handled, byteCount, slice);
    return rest;
  }

  dropRest(rest: RestOfRead): void {
    const isNarrow = rest.bytes.length === LIMITS.readBytesBesideQuiet;
    if (isNarrow && this.#restsKept.length < RESTS_KEPT) this.#restsKept.push(rest);
    else rest.free();
  }

  /** A write is done before it returned: its session hears of it behind the turn, with others. */
  wroteAtOnce(transport: SocketTransport): void {
    if (this.#written.push(transport) === 1) process.nextTick(tellWritten, this);
  }

  /** Tells what `wroteAtOnce` put off. */
  tellWritten(): void {
    const batch = this.#written;
    this.#written = this.#writtenSpare;
    this.#writtenSpare = batch;
    for (const transport of batch) transport.tellWritten();
    this.flush();
    for (const transport of batch) this.peerEnds.look(transport);
    batch.length = 0;
  }

  /** Lets every other socket have its turn before this one reads on. */
  readLater(transport: SocketTransport): void {
    if (this.#yielded.push(transport) === 1) setImmediate(resumeYielded, this);
  }

  /** Continues what `readLater` put off. */
  resumeYielded(): void {
    const batch = this.#yielded;
    this.#yielded = this.#spare;
    this.#spare = batch;
    for (const transport of batch) transport.readOn();
    batch.length = 0;
  }
}

function endPass(driver: SocketDriver): void {
  driver.endPass();
}

function tellWritten(driver: SocketDriver): void {
  driver.tellWritten();
}

function resumeYielded(driver: SocketDriver): void {
  driver.resumeYielded();
}

// Node calls these with the socket as `this`; one function serves every connection.
function onRead(this: unknown, byteCount: number): boolean {
  return (this as OwnedSocket)[TRANSPORT]?.received(byteCount) ?? false;
}

function onError(this: OwnedSocket, error: Error): void {
  this[TRANSPORT]?.failed(error);
}

function onClose(this: OwnedSocket): void {
  this[TRANSPORT]?.closed();
}
