// How a connection begins: INFO, TLS, or both in either order (CP-01, CP-18, CP-19, TL-10). Owned by
// the session's worker. Must stay true: INFO is sent once, and nothing is written during a handshake.
import type { Entropy } from "@weft/base";
import { encodeInfo } from "@weft/protocol";
import { clientInfo } from "./client-info.ts";
import type { ClientSession } from "./client-session.ts";
import { logAbout } from "./session-log.ts";

const NONCE_BYTES = 11;
/** First byte of a TLS handshake record. */
const TLS_RECORD = 0x16;

/** CP-06: 11 random bytes as text. */
function makeNonce(entropy: Entropy): string {
  const bytes = Buffer.alloc(NONCE_BYTES);
  entropy.fill(bytes);
  return bytes.toString("base64url");
}

/** The connection was accepted: INFO first, TLS first, or INFO after a while without a TLS hello. */
export function greet(session: ClientSession): void {
  const { host } = session;
  const now = host.clock.monotonicMs();
  const listener = host.rules.listener(session.listenerIndex);
  if (host.rules.nonceRequired) session.nonce = makeNonce(host.entropy);
  if (host.rules.authRequired) {
    const handshakeMs = listener.tls === "off" ? 0 : listener.tlsTimeoutMs + 1_000;
    session.authDeadlineMs = now + Math.max(host.limits.authTimeoutMs, handshakeMs);
  }
  if (listener.tls !== "off" && listener.handshakeFirst === true) startTls(session);
  else if (listener.tls !== "off" && typeof listener.handshakeFirst === "number") {
    session.greetDueMs = now + listener.handshakeFirst;
  } else {
    sendFirstInfo(session);
  }
  if (host.log.debugEnabled) logAbout(session, "debug", "Client connection created");
}

/** CP-01: the server speaks first. */
export function sendFirstInfo(session: ClientSession): void {
  const listener = session.host.rules.listener(session.listenerIndex);
  session.greetDueMs = 0;
  session.infoSent = true;
  session.send(encodeInfo(clientInfo(session, { connectInfo: false })));
  session.state = "connecting";
  if (session.tls === undefined && listener.tls === "required") {
    session.outbox.flush(session.transport);
    startTls(session);
  }
}

/**
 * The first bytes of a clear connection: on a port for both kinds, or before INFO, the first byte
 * tells a TLS hello from an operation. True when the bytes belong to the TLS layer now.
 */
export function takesHello(session: ClientSession, first: number): boolean {
  const listener = session.host.rules.listener(session.listenerIndex);
  if (listener.tls === "off" || session.connectReceived || session.inMessages > 0) return false;
  if (session.state !== "connecting" && session.greetDueMs === 0) return false;
  if (first === TLS_RECORD) {
    session.greetDueMs = 0;
    startTls(session);
    return true;
  }
  if (listener.tls === "available") return false;
  // Clear bytes where TLS has to come: INFO, and the TLS layer refuses them (CP-93).
  sendFirstInfo(session);
  return true;
}

function startTls(session: ClientSession): void {
  session.state = "securing";
  session.transport.startTls();
}
