// What Node calls for a transport: one function for all of them instead of a closure for each. No
// state; the thread that owns the transport.
import { LIMITS } from "@weft/base";
import { type OwnedSocket, TRANSPORT } from "./socket-access.ts";
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

/** What Node decrypted where it cannot be told where to: copied to where sessions look for it. */
export function onSecureData(this: OwnedSocket, chunk: Buffer): void {
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

export function onSecureError(this: OwnedSocket, error: Error): void {
  this[TRANSPORT]?.failed(error);
}

export function errorText(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message;
}
