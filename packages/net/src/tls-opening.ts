// How TLS begins on a socket that was plain so far: whether it may, whether the peer does it, and the
// socket's way to the TLS layer. Any thread that owns sockets; once for each TLS connection. Must
// stay true: a peer that is turned away is told in clear, before the connection ends.
import type { OwnedSocket } from "./socket-access.ts";
import type { TlsContext } from "./tls-context.ts";

/** First byte of every TLS handshake record. */
const TLS_HANDSHAKE_RECORD = 0x16;

/** Whether one more handshake may begin now (TL-12). */
export function mayOpenTls(socket: OwnedSocket, tls: TlsContext): boolean {
  if (tls.admitsHandshake()) return true;
  if (tls.rateRefusal !== undefined) socket.write(tls.rateRefusal);
  return false;
}

/** Whether the peer's first byte begins a handshake; others read the context's refusal (CP-93). */
export function opensTls(
  socket: OwnedSocket,
  tls: TlsContext | undefined,
  first?: number,
): boolean {
  if (first === TLS_HANDSHAKE_RECORD) return true;
  const refusal = tls?.clearRefusal;
  if (refusal !== undefined) socket.write(refusal);
  return false;
}

/** Gives the socket, and what it has read, to the TLS layer. */
export function handToTls(socket: OwnedSocket, tls: TlsContext | undefined, hello: Buffer): void {
  // Within the handshake an end is the end.
  socket.allowHalfOpen = false;
  socket.unshift(hello);
  tls?.accept(socket);
}
