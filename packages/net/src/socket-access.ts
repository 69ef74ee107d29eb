// The three places where Node has no public way yet: taking the handle of a transferred socket, so
// that a socket with our read buffer can be built on it, finding the socket under a TLS one, and
// seeing that a transfer came to nothing.
// Any thread that owns sockets. Nothing else of Node's internals may be touched anywhere.
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { SocketTransport } from "./socket-transport.ts";

/** Socket -> transport, as a property: cheaper than a map entry or closures per connection. */
export const TRANSPORT = Symbol("transport");

/** A socket that belongs to a transport. */
export interface OwnedSocket extends Socket {
  [TRANSPORT]?: SocketTransport;
}

interface WithHandle {
  _handle: object | null;
}

interface WithParent {
  readonly _parent: OwnedSocket | null;
}

/** Takes the native handle out of `socket`, which is dead afterwards; undefined if it has none. */
export function takeHandle(socket: Socket): object | undefined {
  const owner = socket as unknown as WithHandle;
  const taken = owner._handle;
  owner._handle = null;
  return taken ?? undefined;
}

interface WithDescriptor {
  /** Negative once the descriptor is closed or somebody else's. */
  readonly fd?: number | undefined;
  close(): void;
}

/**
 * Runs `send`, which posts `socket` to another thread. False when it did not go: Node duplicates the
 * descriptor for that, and when none is left it drops socket and message without a word (F29); what
 * it leaves behind is closed here. Throws what `send` throws; then the socket is still the caller's.
 */
export function transferSocket(socket: Socket, send: () => void): boolean {
  const native = (socket as unknown as WithHandle)._handle as WithDescriptor | null;
  send();
  if (native === null || native.fd === undefined || native.fd < 0) return true;
  native.close();
  return false;
}

/** The socket that `tls.Server` was given for this TLS socket. */
export function socketUnder(secure: TLSSocket): OwnedSocket | undefined {
  return (secure as unknown as WithParent)._parent ?? undefined;
}
