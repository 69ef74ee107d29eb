// The places where Node has no public way yet: accepting a connection without making a socket of it,
// so that only the thread that will own it makes one, with our read buffer; seeing that a transfer
// came to nothing; finding the socket under a TLS one; and reading that one into our buffer. Any
// thread that owns sockets. But for the writes of native-writes.ts nothing else of Node's internals
// may be touched anywhere.
import net, { type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { SocketTransport } from "./socket-transport.ts";

/** Socket -> transport, as a property: cheaper than a map entry or closures per connection. */
export const TRANSPORT = Symbol("transport");

/** A socket that belongs to a transport. */
export interface OwnedSocket extends Socket {
  [TRANSPORT]?: SocketTransport;
}

/** An accepted connection that no socket was made of yet: what Node's sockets stand on. */
export interface NativeConnection {
  /** Negative once the descriptor is closed or somebody else's. */
  readonly fd?: number | undefined;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, delaySeconds: number): number;
  /** Fills in the address; not 0 = there is none any more. */
  getpeername(into: { address?: string }): number;
  close(): void;
}

/** Who is at the other end, without making a socket; empty once the peer is gone. */
export function peerAddress(native: NativeConnection): string {
  const peer: { address?: string } = {};
  return native.getpeername(peer) === 0 ? (peer.address ?? "") : "";
}

/** `handle` also takes a bare native one; the types know only its public form. */
type NativeHandle = NonNullable<net.SocketConstructorOpts["handle"]>;

interface WithListener {
  _handle: {
    onconnection(this: unknown, status: number, accepted: NativeConnection | undefined): void;
  } | null;
}

/**
 * `accepted` gets every connection of a listening server instead of its `connection` event; what
 * Node does about failed accepts stays as it is.
 */
export function acceptNative(server: Server, accepted: (native: NativeConnection) => void): void {
  const listening = (server as unknown as WithListener)._handle;
  if (listening === null) return;
  const others = listening.onconnection;
  listening.onconnection = function (status, native) {
    if (status !== 0 || native === undefined) others.call(this, status, native);
    else accepted(native);
  };
}

/** A socket on an accepted connection. */
export function socketOn(
  native: NativeConnection,
  options?: Omit<net.SocketConstructorOpts, "handle">,
): OwnedSocket {
  return new net.Socket({ ...options, handle: native as unknown as NativeHandle });
}

/**
 * Runs `send`, which posts the connection to another thread. False when it did not go: Node
 * duplicates the descriptor for that, and when none is left it drops connection and message without
 * a word (F29); what it leaves behind is closed here. Throws what `send` throws; then the connection
 * is still the caller's.
 */
export function transferConnection(
  native: NativeConnection,
  send: (transferList: readonly object[]) => void,
): boolean {
  send([native]);
  if (native.fd === undefined || native.fd < 0) return true;
  native.close();
  return false;
}

/** What Node keeps on a socket that reads into a given buffer. */
const READ_BUFFER_KEYS = new Set(["kBuffer", "kBufferCb", "kBufferGen"]);

interface WithReadBuffer {
  readonly _handle: { useUserBuffer?(buffer: Uint8Array): void } | null;
  [key: symbol]: unknown;
}

/**
 * Lets a TLS socket read as the socket under it was told to (`onread`), which Node offers for plain
 * ones only. `buffer` is the first to read into. False, and nothing changed, when Node has no way for
 * that: then what was decrypted comes as `data` events.
 */
export function readLike(secure: OwnedSocket, under: OwnedSocket, buffer: Uint8Array): boolean {
  const to = secure as unknown as WithReadBuffer;
  const from = under as unknown as WithReadBuffer;
  const keys = Object.getOwnPropertySymbols(from).filter((key) =>
    READ_BUFFER_KEYS.has(key.description ?? ""),
  );
  if (keys.length !== READ_BUFFER_KEYS.size || to._handle?.useUserBuffer === undefined)
    return false;
  for (const key of keys) to[key] = from[key];
  to._handle.useUserBuffer(buffer);
  return true;
}

interface WithParent {
  readonly _parent: OwnedSocket | null;
}

/** The socket that `tls.Server` was given for this TLS socket. */
export function socketUnder(secure: TLSSocket): OwnedSocket | undefined {
  return (secure as unknown as WithParent)._parent ?? undefined;
}
