// The byte transport under a session: TCP, TLS, later websocket and in-process pipes. The driver
// implements `Transport` and calls `TransportEvents`; a session knows nothing else of its socket.

/** Facts about the peer's TLS, after the handshake. */
export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  /** DER of the verified client certificate; undefined when none was asked for or given. */
  readonly peerCertificate?: Uint8Array | undefined;
  /** RFC 2253 subject and subject alternative names of the verified certificate. */
  readonly peerSubject?: string | undefined;
  readonly peerAltNames?: readonly string[] | undefined;
  /** DER of the certificates that vouch for it, up to the root; equal ones are one object. */
  readonly peerIssuers?: readonly Uint8Array[] | undefined;
}

/** What a session may ask of its socket. None of these call back before they return. */
export interface Transport {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Of the write in flight: bytes that the kernel has not taken yet. Off the hot path. */
  readonly unsentBytes: number;
  /**
   * Writes the chunks in order, as one write where possible. They belong to the transport until
   * `onWritten`. At most one write is in flight: call again only after `onWritten`.
   */
  write(chunks: Buffer[]): void;
  /** Stops `onBytes` after the current call; bytes already read are delivered at once before. */
  pauseReading(): void;
  resumeReading(): void;
  /** Starts the server side of TLS on this connection; `onSecure` follows, or `onClosed`. */
  startTls(): void;
  /** Closes after what was written has left, but after at most a short while in any case. */
  end(): void;
  /** Closes now. `onClosed` follows in a later turn. */
  destroy(): void;
}

/** What the driver tells a session. */
export interface TransportEvents {
  /**
   * Bytes `[start, end)` of `input` arrived. `input` is overwritten after this call. The
   * bytes before `start` may be overwritten by the session: room for what the last call left over, of
   * `LIMITS.readHeadroomBytes` in front of a read.
   */
  onBytes(input: Buffer, start: number, end: number): void;
  /** All chunks of the last `write` were handed to the kernel (or the TLS layer). */
  onWritten(): void;
  onSecure(facts: TlsFacts): void;
  /**
   * The connection is gone; `cause` is what the driver knows, `refused` a TLS connection above the
   * limit per second (TL-12). Called exactly once, last.
   */
  onClosed(cause: "peer" | "local" | "error" | "tls" | "refused", detail: string): void;
}

/** Where to dial. */
export interface DialTarget {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** For the connection to stand, names looked up included. */
  readonly timeoutMs: number;
}

/** Outbound connections; they belong to the thread that dials, like accepted ones. */
export interface Dialler {
  /**
   * Connects. One of both is called, once and never before this returns: `open`, which gives the session
   * that the connection belongs to, or `failed` with the reason.
   */
  dial(
    to: DialTarget,
    open: (transport: Transport) => TransportEvents,
    failed: (reason: string) => void,
  ): void;
}
