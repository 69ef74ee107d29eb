// One TCP connection, plain or TLS, as the session above it sees it.
// Owner: the thread that adopted the socket. What must stay true: nothing calls back into the
// session before a method of `Transport` returns; `onClosed` is called once and last; an idle
// connection holds nothing but this object and its socket.
import type { TLSSocket } from "node:tls";
import { assert, LIMITS, type Transport, type TransportEvents } from "@weft/base";
import { WRITE_DONE, WRITE_REFUSED } from "./native-writes.ts";
import { plainAddress } from "./plain-address.ts";
import { QUIET_READ_BYTES, QUIET_READS_MIN } from "./read-size.ts";
import type { RestOfRead } from "./rest-of-read.ts";
import type { OwnedSocket } from "./socket-access.ts";
import type { SocketDriver } from "./socket-driver.ts";
import type { TlsContext } from "./tls-context.ts";
import { tlsFacts } from "./tls-facts.ts";
import { handToTls, mayOpenTls, opensTls } from "./tls-opening.ts";
import {
  bindSecure,
  errorText,
  finishClose,
  handOver,
  handshakeTooSlow,
  lingerIsOver,
  peerTooSlow,
} from "./transport-callbacks.ts";
import {
  AWAITING_HELLO,
  BY_EVENTS,
  CLOSED,
  DESTROYED,
  DISCARDING,
  ENDING,
  HANDSHAKING,
  PAUSED,
  UNTOLD,
  WRITING,
  YIELDED,
} from "./transport-flags.ts";
import { writeByStream } from "./written-chunks.ts";

/** How long `end` waits for the peer to take what was written and to close. */
const LINGER_MS = 200;

type Cause = Parameters<TransportEvents["onClosed"]>[0];
const BY_PEER: readonly [Cause, string] = ["peer", ""];
const IN_HANDSHAKE: readonly [Cause, string] = ["tls", "closed during handshake"];

export class SocketTransport implements Transport {
  readonly #socket: OwnedSocket;
  readonly driver: SocketDriver;
  readonly #tls: TlsContext | undefined;
  /** What is read and written: the socket, or the TLS socket on top of it. */
  #stream: OwnedSocket;
  #events: TransportEvents | undefined;
  #flags = 0;
  #passBytes = 0;
  #quietReads = 0;
  #readStep = 0;
  #ended: readonly [cause: Cause, detail: string] = BY_PEER;
  /** Handshake deadline, later the linger of `end`. */
  #timer: NodeJS.Timeout | undefined;
  /** A write that came during the handshake. */
  #held: Buffer[] | undefined;
  /** Of a read whose end others wait for, or its session. */
  #rest: RestOfRead | undefined;

  constructor(socket: OwnedSocket, driver: SocketDriver, tls: TlsContext | undefined) {
    this.#socket = socket;
    this.#stream = socket;
    this.driver = driver;
    this.#tls = tls;
    // Node keeps the peer's address once it was asked for; a closed socket has none to ask for.
    void socket.remotePort;
  }

  get remoteAddress(): string {
    return plainAddress(this.#socket.remoteAddress);
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0;
  }

  get localAddress(): string {
    return plainAddress(this.#socket.localAddress);
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  get unsentBytes(): number {
    return this.driver.writes.unsentBytes(this.#stream);
  }

  /** Called once by the driver, before any byte is delivered. */
  attach(events: TransportEvents): void {
    this.#events = events;
  }

  write(chunks: Buffer[]): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    if ((this.#flags & HANDSHAKING) !== 0) {
      this.#held = chunks;
      return;
    }
    assert(chunks.length > 0, "a write has chunks");
    const stream = this.#stream;
    const { writes } = this.driver;
    const outcome = writes.write(stream, stream === this.#socket ? chunks : writes.joined(chunks));
    if (outcome === WRITE_DONE) this.driver.wroteAtOnce(this);
    else if (outcome === WRITE_REFUSED) writeByStream(this, stream, chunks);
    this.#flags |= outcome === WRITE_DONE ? UNTOLD : WRITING;
  }

  pauseReading(): void {
    if ((this.#flags & (PAUSED | DISCARDING)) !== 0) return;
    this.#flags |= PAUSED;
    // While bytes are being delivered the answer of `received` stops the socket; during a
    // handshake the TLS layer needs to read.
    if (this.driver.delivering === this && (this.#flags & BY_EVENTS) === 0) return;
    if ((this.#flags & (AWAITING_HELLO | HANDSHAKING)) !== 0) return;
    this.#stream.pause();
  }

  resumeReading(): void {
    if ((this.#flags & PAUSED) === 0) return;
    this.#flags &= ~PAUSED;
    if ((this.#flags & (YIELDED | HANDSHAKING | DESTROYED | CLOSED)) !== 0) return;
    if (this.driver.delivering === this && (this.#flags & BY_EVENTS) === 0) return;
    if (this.#rest === undefined) this.#startReading();
    else this.#handleLater();
  }

  /**
   * Called inside `onBytes`, the bytes of that call are the start of the client's hello. Peers
   * that send something else get the context's refusal in clear (CP-93).
   */
  startTls(): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    const tls = this.#tls;
    assert(tls !== undefined, "this listener has a TLS context");
    assert((this.#flags & (AWAITING_HELLO | HANDSHAKING)) === 0, "TLS starts once");
    if (!mayOpenTls(this.#socket, tls)) {
      this.#endAs("refused", "");
      return;
    }
    this.#flags |= AWAITING_HELLO;
    this.#timer = setTimeout(handshakeTooSlow, tls.handshakeTimeoutMs, this);
    if ((this.#flags & PAUSED) !== 0 && this.driver.delivering !== this) this.#startReading();
  }

  end(): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    if ((this.#flags & HANDSHAKING) !== 0) this.destroy();
    else this.#endAs("local", "");
  }

  destroy(): void {
    this.#destroyAs("local", "");
  }

  /** A read of `byteCount` bytes is in the driver's buffer. False = stop reading. */
  received(byteCount: number): boolean {
    const events = this.#events;
    const start = LIMITS.readHeadroomBytes;
    if (events === undefined || (this.#flags & DISCARDING) !== 0) return true;
    if ((this.#flags & AWAITING_HELLO) !== 0) return this.#takeHello(start, byteCount);
    if (this.#stream !== this.#socket) return this.#receivedRecord(events, byteCount);
    const handled = this.driver.deliverRead(this, events, this.#readStep, byteCount);
    const flags = this.#flags;
    if ((flags & DISCARDING) !== 0) return true;
    if ((flags & AWAITING_HELLO) !== 0) return this.#takeHello(start, byteCount);
    if (handled < byteCount) this.#rest = this.driver.keepRest(handled, byteCount);
    if ((flags & PAUSED) !== 0) {
      this.#passBytes = 0;
      this.#readStep = this.driver.endRead(this.#readStep);
      return false;
    }
    // A read that does not fill the buffer is the last one of this pass.
    if (byteCount < LIMITS.readBytesBesideQuiet && this.#rest === undefined) {
      this.#passBytes = 0;
      this.#readStep = this.driver.endSmallRead();
      this.#quietReads = byteCount < QUIET_READ_BYTES ? this.#quietReads + 1 : 0;
      if (this.#quietReads >= QUIET_READS_MIN) this.driver.quietHeard();
      return true;
    }
    this.#quietReads = 0;
    this.#readStep = this.driver.endRead(this.#readStep);
    if (this.#rest === undefined) return !this.#yieldAfter(byteCount);
    this.#handleLater();
    return false;
  }

  /** The session takes what is behind the slice of a read that it was given. */
  get takesMore(): boolean {
    return (this.#flags & (PAUSED | DISCARDING | AWAITING_HELLO)) === 0;
  }

  /**
   * A decrypted record is in the driver's buffer. What was read with it comes too, also while the
   * session pauses: it keeps that.
   */
  #receivedRecord(events: TransportEvents, byteCount: number): boolean {
    const start = LIMITS.readHeadroomBytes;
    this.driver.deliver(this, events, this.driver.readBuffer, start, start + byteCount);
    if ((this.#flags & DISCARDING) !== 0) return true;
    if ((this.#flags & (PAUSED | YIELDED)) !== 0) return false;
    return !this.#yieldAfter(byteCount);
  }

  /** The driver's turn for a transport that had read its share. */
  readOn(): void {
    this.#flags &= ~YIELDED;
    if (this.#rest !== undefined) {
      this.#handleRest(this.#rest);
      if ((this.#flags & YIELDED) !== 0) return;
    }
    if ((this.#flags & (PAUSED | HANDSHAKING | DESTROYED | CLOSED)) === 0) this.#startReading();
  }

  /** The handshake is done and, where asked for, the client's certificate is verified. */
  secured(secure: TLSSocket): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    this.#clearTimer();
    this.#flags &= ~HANDSHAKING;
    this.#stream = secure;
    if (!bindSecure(this.#stream, this.#socket, this)) this.#flags |= BY_EVENTS;
    if ((this.#flags & PAUSED) !== 0) this.#stream.pause();
    if (this.#held !== undefined) this.write(this.#held);
    this.#held = undefined;
    this.#tell((events) => events.onSecure(tlsFacts(secure)));
  }

  /** The handshake failed, was too slow, or the peer's certificate is not acceptable. */
  handshakeFailed(detail: string): void {
    this.#destroyAs("tls", detail);
  }

  /** The session threw. */
  failWith(error: unknown): void {
    this.#destroyAs("error", error instanceof Error ? error.message : String(error));
  }

  /** The socket reported an error; Node closes it. */
  failed(error: Error): void {
    if ((this.#flags & DISCARDING) === 0) this.#ended = ["error", errorText(error)];
  }

  closed(): void {
    // The TLS layer, which knows why it gave up, hears of the close after us.
    if ((this.#flags & HANDSHAKING) !== 0) process.nextTick(finishClose, this);
    else this.finishClose();
  }

  finishClose(): void {
    if ((this.#flags & CLOSED) !== 0) return;
    this.#clearTimer();
    this.#dropRest();
    const inHandshake = (this.#flags & (HANDSHAKING | AWAITING_HELLO)) !== 0;
    if (inHandshake && this.#ended === BY_PEER) this.#ended = IN_HANDSHAKE;
    this.#flags |= CLOSED;
    this.driver.peerEnds.forget(this);
    this.#tell((events) => events.onClosed(...this.#ended));
    this.#events = undefined;
    this.driver.gone(this);
  }

  /** The last write is done. The caller ends the turn. */
  tellWritten(): void {
    this.#flags &= ~UNTOLD;
    if ((this.#flags & (DESTROYED | CLOSED)) !== 0 || this.#stream.errored !== null) return;
    try {
      this.#events?.onWritten();
    } catch (fault) {
      this.driver.fault(fault, this);
    }
  }

  /** A write that had to wait is done. */
  nativeWritten(): void {
    const isEnding = (this.#flags & (WRITING | ENDING)) === (WRITING | ENDING);
    this.#flags &= ~WRITING;
    if (isEnding) this.#stream.end();
    this.tellWritten();
    this.driver.flush();
    this.driver.peerEnds.look(this);
  }

  /** Output of which the session waits to hear that it is written. */
  get isWriting(): boolean {
    return (this.#flags & (WRITING | UNTOLD)) !== 0;
  }

  /** The peer has sent its end. Ends the connection, at once or after `lingerMs`. */
  endByPeer(lingerMs?: number): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    if ((this.#flags & AWAITING_HELLO) !== 0) this.#endAs(...IN_HANDSHAKE);
    else if (lingerMs === undefined) this.#endAs(...this.#ended);
    else this.#timer = setTimeout(peerTooSlow, lingerMs, this);
  }

  #tell(call: (events: TransportEvents) => void): void {
    try {
      if (this.#events !== undefined) call(this.#events);
    } catch (error) {
      this.driver.fault(error, this);
    }
    this.driver.flush();
  }

  /** Counts towards this pass; true when the share is used up and the rest was put off. */
  #yieldAfter(byteCount: number): boolean {
    this.#passBytes += byteCount;
    if (this.#passBytes < this.driver.busyRead()) return false;
    this.#passBytes = 0;
    this.#handleLater();
    return true;
  }

  #handleLater(): void {
    if ((this.#flags & YIELDED) !== 0) return;
    this.#flags |= YIELDED;
    this.driver.readLater(this);
  }

  /** The next slice of a read of which others had their turn in between. */
  #handleRest(rest: RestOfRead): void {
    const events = this.#events;
    if (events !== undefined && (this.#flags & (PAUSED | DISCARDING)) === 0) {
      const start = rest.next;
      this.driver.deliver(this, events, rest.bytes, start, rest.takeSlice());
    }
    if (rest.next === rest.end || (this.#flags & DISCARDING) !== 0) this.#dropRest();
    else if ((this.#flags & PAUSED) === 0) this.#handleLater();
  }

  #dropRest(): void {
    if (this.#rest !== undefined) this.driver.dropRest(this.#rest);
    this.#rest = undefined;
  }

  #startReading(): void {
    // `read(0)` starts a socket with its own buffer without making it a flowing stream, which
    // `resume` would do by way of two ticks.
    if ((this.#flags & BY_EVENTS) === 0) this.#stream.read(0);
    else this.#stream.resume();
  }

  /** The first bytes after `startTls`. Returns false: the TLS layer reads from here on. */
  #takeHello(start: number, byteCount: number): boolean {
    this.#flags &= ~AWAITING_HELLO;
    const buffer = this.driver.readBuffer;
    if (!opensTls(this.#socket, this.#tls, buffer[start])) {
      this.#endAs("tls", "first record does not look like a TLS handshake");
      return true;
    }
    this.#flags |= HANDSHAKING;
    const hello = Buffer.from(buffer.subarray(start, start + byteCount));
    // Not from inside the read callback: Node would stop reading on what is then the TLS layer's.
    process.nextTick(handOver, this, hello);
    return false;
  }

  /** The TLS layer reads from here on. */
  handOver(hello: Buffer): void {
    if ((this.#flags & DISCARDING) === 0) handToTls(this.#socket, this.#tls, hello);
  }

  #endAs(cause: Cause, detail: string): void {
    this.#ended = [cause, detail];
    const wasStopped = (this.#flags & (PAUSED | YIELDED)) !== 0;
    this.#flags = (this.#flags & ~(PAUSED | AWAITING_HELLO)) | ENDING;
    this.#clearTimer();
    this.#timer = setTimeout(lingerIsOver, LINGER_MS, this);
    // Behind a write of the TLS layer, as the stream itself would.
    if ((this.#flags & WRITING) === 0) this.#stream.end();
    if (wasStopped) this.#startReading();
  }

  #destroyAs(cause: Cause, detail: string): void {
    if ((this.#flags & (DESTROYED | CLOSED)) !== 0) return;
    if ((this.#flags & ENDING) === 0) this.#ended = [cause, detail];
    this.#flags |= DESTROYED;
    this.#clearTimer();
    if (this.#stream !== this.#socket) this.#stream.destroy();
    this.#socket.destroy();
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
