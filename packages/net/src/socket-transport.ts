// One TCP connection, plain or TLS, as the session above it sees it.
// Owner: the thread that adopted the socket. What must stay true: nothing calls back into the
// session before a method of `Transport` returns; `onClosed` is called once and last; an idle
// connection holds nothing but this object and its socket.
import type { TLSSocket } from "node:tls";
import { assert, LIMITS, type Transport, type TransportEvents } from "@weft/base";
import { plainAddress } from "./plain-address.ts";
import { type OwnedSocket, TRANSPORT } from "./socket-access.ts";
import type { SocketDriver } from "./socket-driver.ts";
import type { TlsContext } from "./tls-context.ts";
import { tlsFacts } from "./tls-facts.ts";
import { writeChunks } from "./written-chunks.ts";

/** How long `end` waits for the peer to take what was written and to close. */
const LINGER_MS = 200;
/** Reads below this, that many in a row, make a quiet connection. */
const QUIET_READ_BYTES = 2_048;
const QUIET_READS_MIN = 4;
/** First byte of every TLS handshake record. */
const TLS_HANDSHAKE_RECORD = 0x16;

const PAUSED = 1;
/** Put off by the fairness rule; the driver resumes it. */
const YIELDED = 2;
/** `startTls` was called, the first bytes are not here yet. */
const AWAITING_HELLO = 4;
/** The TLS layer has the socket, the handshake is not finished. */
const HANDSHAKING = 8;
/** `end` was called: input is read and dropped, so that no reset eats the last output. */
const ENDING = 16;
const DESTROYED = 32;
const CLOSED = 64;
/** The kernel did not take the last write at once. */
const SLOW = 128;
const DISCARDING = ENDING | DESTROYED | CLOSED;

const EMPTY = Buffer.alloc(0);

type Cause = Parameters<TransportEvents["onClosed"]>[0];

export class SocketTransport implements Transport {
  readonly #socket: OwnedSocket;
  readonly #driver: SocketDriver;
  readonly #tls: TlsContext | undefined;
  /** What is read and written: the socket, or the TLS socket on top of it. */
  #stream: OwnedSocket;
  #events: TransportEvents | undefined;
  #flags = 0;
  #passBytes = 0;
  /** Small reads in a row. */
  #quietReads = 0;
  #cause: Cause = "peer";
  #detail = "";
  /** Handshake deadline, later the linger of `end`. */
  #timer: NodeJS.Timeout | undefined;
  /** Made when a write has to wait. */
  #written: ((error?: Error | null) => void) | undefined;
  /** A write that came during the handshake. */
  #held: Buffer[] | undefined;

  constructor(socket: OwnedSocket, driver: SocketDriver, tls: TlsContext | undefined) {
    this.#socket = socket;
    this.#stream = socket;
    this.#driver = driver;
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
    // Almost always the kernel takes a write at once, and then a callback would be a detour by way
    // of the next tick: it is asked for where the last write had to wait, and of the TLS layer.
    const isAsked = (this.#flags & SLOW) !== 0 || stream !== this.#socket;
    writeChunks(stream, chunks, isAsked ? this.#whenWritten() : undefined);
    if (stream.writableLength === 0) {
      this.#flags &= ~SLOW;
      if (!isAsked) this.#driver.wroteAtOnce(this);
    } else {
      this.#flags |= SLOW;
      if (!isAsked) stream.write(EMPTY, this.#whenWritten());
    }
  }

  pauseReading(): void {
    if ((this.#flags & (PAUSED | DISCARDING)) !== 0) return;
    this.#flags |= PAUSED;
    // While bytes are being delivered the answer of `received` stops the socket; during a
    // handshake the TLS layer needs to read.
    if (this.#driver.delivering === this && this.#stream === this.#socket) return;
    if ((this.#flags & (AWAITING_HELLO | HANDSHAKING)) !== 0) return;
    this.#stream.pause();
  }

  resumeReading(): void {
    if ((this.#flags & PAUSED) === 0) return;
    this.#flags &= ~PAUSED;
    if ((this.#flags & (YIELDED | HANDSHAKING | DESTROYED | CLOSED)) !== 0) return;
    if (this.#driver.delivering === this && this.#stream === this.#socket) return;
    this.#startReading();
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
    if (!tls.admitsHandshake()) {
      if (tls.rateRefusal !== undefined) this.#socket.write(tls.rateRefusal);
      this.#endAs("refused", "");
      return;
    }
    this.#flags |= AWAITING_HELLO;
    this.#timer = setTimeout(handshakeTooSlow, tls.handshakeTimeoutMs, this);
    if ((this.#flags & PAUSED) !== 0 && this.#driver.delivering !== this) this.#startReading();
  }

  end(): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    if ((this.#flags & HANDSHAKING) !== 0) {
      this.destroy();
      return;
    }
    this.#endAs("local", "");
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
    this.#driver.deliver(this, events, start, start + byteCount);
    const flags = this.#flags;
    if ((flags & DISCARDING) !== 0) return true;
    if ((flags & AWAITING_HELLO) !== 0) return this.#takeHello(start, byteCount);
    if ((flags & PAUSED) !== 0) {
      this.#passBytes = 0;
      return false;
    }
    if (byteCount < QUIET_READ_BYTES) {
      this.#quietReads += 1;
      if (this.#quietReads >= QUIET_READS_MIN) this.#driver.quietHeard();
      this.#passBytes = 0;
      return true;
    }
    this.#quietReads = 0;
    // A read that does not fill the buffer is the last one of this pass.
    if (byteCount < LIMITS.readBytesBesideQuiet) {
      this.#passBytes = 0;
      return true;
    }
    // Node asks for the buffer of the next read only where this one goes on: so once, after the
    // mode has changed, a read with the buffer of the other mode does not yield.
    if (this.#driver.quietIsNear !== byteCount <= LIMITS.readBytesBesideQuiet) {
      this.#driver.busyRead();
      return true;
    }
    return !this.#yieldAfter(byteCount);
  }

  /** A decrypted chunk: copied behind the headroom, so that sessions see one kind of input. */
  receivedSecure(chunk: Buffer): void {
    const headroom = LIMITS.readHeadroomBytes;
    for (let offset = 0; offset < chunk.length; offset += LIMITS.readChunkBytes) {
      const events = this.#events;
      if (events === undefined || (this.#flags & DISCARDING) !== 0) return;
      const end = Math.min(chunk.length, offset + LIMITS.readChunkBytes);
      chunk.copy(this.#driver.readBuffer, headroom, offset, end);
      this.#driver.deliver(this, events, headroom, headroom + end - offset);
    }
    if ((this.#flags & (PAUSED | YIELDED | DISCARDING)) === 0 && this.#yieldAfter(chunk.length)) {
      this.#stream.pause();
    }
  }

  /** The driver's turn for a transport that had read its share. */
  readOn(): void {
    this.#flags &= ~YIELDED;
    if ((this.#flags & (PAUSED | HANDSHAKING | DESTROYED | CLOSED)) === 0) this.#startReading();
  }

  /** The handshake is done and, where asked for, the client's certificate is verified. */
  secured(secure: TLSSocket): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    this.#clearTimer();
    this.#flags &= ~HANDSHAKING;
    const stream: OwnedSocket = secure;
    stream[TRANSPORT] = this;
    this.#stream = stream;
    stream.on("error", onSecureError);
    stream.on("data", onSecureData);
    if ((this.#flags & PAUSED) !== 0) stream.pause();
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.write(held);
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
    if ((this.#flags & DISCARDING) === 0) this.#setCause("error", errorText(error));
  }

  /** The socket is gone. */
  closed(): void {
    // The TLS layer, which knows why it gave up, hears of the close after us.
    if ((this.#flags & HANDSHAKING) !== 0) process.nextTick(finishClose, this);
    else this.finishClose();
  }

  finishClose(): void {
    if ((this.#flags & CLOSED) !== 0) return;
    this.#clearTimer();
    const inHandshake = (this.#flags & (HANDSHAKING | AWAITING_HELLO)) !== 0;
    if (inHandshake && this.#cause === "peer") this.#setCause("tls", "closed during handshake");
    this.#flags |= CLOSED;
    this.#tell((events) => events.onClosed(this.#cause, this.#detail));
    this.#events = undefined;
    this.#driver.gone();
  }

  /** The last write is done. The caller ends the turn. */
  tellWritten(): void {
    if ((this.#flags & (DESTROYED | CLOSED)) !== 0 || this.#stream.errored !== null) return;
    try {
      this.#events?.onWritten();
    } catch (fault) {
      this.#driver.fault(fault, this);
    }
  }

  #whenWritten(): (error?: Error | null) => void {
    this.#written ??= (error) => {
      if (error) return;
      this.tellWritten();
      this.#driver.flush();
    };
    return this.#written;
  }

  /** Rare calls into the session. */
  #tell(call: (events: TransportEvents) => void): void {
    const events = this.#events;
    if (events === undefined) return;
    try {
      call(events);
    } catch (error) {
      this.#driver.fault(error, this);
    }
    this.#driver.flush();
  }

  /** Counts towards this pass; true when the share is used up and the rest was put off. */
  #yieldAfter(byteCount: number): boolean {
    this.#passBytes += byteCount;
    if (this.#passBytes < this.#driver.busyRead()) return false;
    this.#passBytes = 0;
    this.#flags |= YIELDED;
    this.#driver.readLater(this);
    return true;
  }

  #startReading(): void {
    // `read(0)` starts a socket with its own buffer without making it a flowing stream, which
    // `resume` would do by way of two ticks.
    if (this.#stream === this.#socket) this.#socket.read(0);
    else this.#stream.resume();
  }

  /** The first bytes after `startTls`. Returns false: the TLS layer reads from here on. */
  #takeHello(start: number, byteCount: number): boolean {
    this.#flags &= ~AWAITING_HELLO;
    const buffer = this.#driver.readBuffer;
    if (buffer[start] !== TLS_HANDSHAKE_RECORD) {
      const refusal = this.#tls?.clearRefusal;
      if (refusal !== undefined) this.#socket.write(refusal);
      this.#endAs("tls", "first record does not look like a TLS handshake");
      return true;
    }
    this.#flags |= HANDSHAKING;
    const hello = Buffer.from(buffer.subarray(start, start + byteCount));
    // Not from inside the read callback: Node would stop reading on what is then the TLS layer's.
    process.nextTick(handOver, this, hello);
    return false;
  }

  /** Gives the socket and what it has read to the TLS layer. */
  handOver(hello: Buffer): void {
    if ((this.#flags & DISCARDING) !== 0) return;
    this.#socket.unshift(hello);
    this.#tls?.accept(this.#socket);
  }

  #endAs(cause: Cause, detail: string): void {
    this.#setCause(cause, detail);
    const wasStopped = (this.#flags & (PAUSED | YIELDED)) !== 0;
    this.#flags = (this.#flags & ~(PAUSED | AWAITING_HELLO)) | ENDING;
    this.#clearTimer();
    this.#timer = setTimeout(lingerIsOver, LINGER_MS, this);
    this.#stream.end();
    if (wasStopped) this.#startReading();
  }

  #destroyAs(cause: Cause, detail: string): void {
    if ((this.#flags & (DESTROYED | CLOSED)) !== 0) return;
    if ((this.#flags & ENDING) === 0) this.#setCause(cause, detail);
    this.#flags |= DESTROYED;
    this.#clearTimer();
    if (this.#stream !== this.#socket) this.#stream.destroy();
    this.#socket.destroy();
  }

  #setCause(cause: Cause, detail: string): void {
    this.#cause = cause;
    this.#detail = detail;
  }

  #clearTimer(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function handOver(transport: SocketTransport, hello: Buffer): void {
  transport.handOver(hello);
}

function finishClose(transport: SocketTransport): void {
  transport.finishClose();
}

function handshakeTooSlow(transport: SocketTransport): void {
  transport.handshakeFailed("TLS handshake timeout");
}

function lingerIsOver(transport: SocketTransport): void {
  transport.destroy();
}

function onSecureData(this: OwnedSocket, chunk: Buffer): void {
  this[TRANSPORT]?.receivedSecure(chunk);
}

function onSecureError(this: OwnedSocket, error: Error): void {
  this[TRANSPORT]?.failed(error);
}

function errorText(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message;
}
