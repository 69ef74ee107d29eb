// What Node calls for a transport: one function for all of them instead of a closure for each. No
// state; the thread that owns the transport.
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

export function onSecureData(this: OwnedSocket, chunk: Buffer): void {
  this[TRANSPORT]?.receivedSecure(chunk);
}

export function onSecureError(this: OwnedSocket, error: Error): void {
  this[TRANSPORT]?.failed(error);
}

export function errorText(error: Error & { readonly code?: string }): string {
  return error.code ?? error.message;
}
