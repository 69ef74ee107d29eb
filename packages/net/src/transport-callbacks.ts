// What Node calls for a transport: one function for all of them instead of a closure for each. No
// state; the thread that owns the transport.
import { LIMITS } from "@weft/base";
import { type OwnedSocket, readLike, TRANSPORT } from "./socket-access.ts";
import type { SocketTransport } from "./socket-transport.ts";

export function handOver(transport: SocketTransport, hello: Buffer): void {
  transport.handOver(hello);
}

export function finishClose(transport: SocketTransport): void {
  transport.finishClose();
}

export function handshakeTooSlow(transport: SocketTransport): void {
  transport.handshakeFailed("TLS handshake timeout");
}

export function lingerIsOver(transport: SocketTransport): void {
  transport.destroy();
}

/** The peer sends nothing more. */
export function onPeerEnd(this: OwnedSocket): void {
  const transport = this[TRANSPORT];
  if (transport === undefined) this.end();
  else transport.driver.peerEnds.add(transport);
}

export function peerTooSlow(transport: SocketTransport): void {
  transport.endByPeer();
}

/**
 * Makes the TLS socket on top of `under` its transport's own. False: what it decrypts comes by events.
 */
export function bindSecure(
  stream: OwnedSocket,
  under: OwnedSocket,
  transport: SocketTransport,
): boolean {
  stream[TRANSPORT] = transport;
  stream.allowHalfOpen = true;
  stream.on("error", onSecureError);
  stream.on("end", onPeerEnd);
  if (readLike(stream, under, transport.driver.recordBuffer)) return true;
  stream.on("data", onSecureData);
  return false;
}

/** What Node decrypted where it cannot be told where to: copied to where sessions look for it. */
function onSecureData(this: OwnedSocket, chunk: Buffer): void {
  const transport = this[TRANSPORT];
  if (transport === undefined) return;
  let goesOn = true;
  for (let offset = 0; offset < chunk.length; offset += LIMITS.readChunkBytes) {
    const end = Math.min(chunk.length, offset + LIMITS.readChunkBytes);
    chunk.copy(transport.driver.readBuffer, LIMITS.readHeadroomBytes, offset, end);
    goesOn = transport.received(end - offset);
  }
  if (!goesOn) this.pause();
}

function onSecureError(this: OwnedSocket, error: Error): void {
  this[TRANSPORT]?.failed(error);
}

export function errorText(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message;
}
