// What connections above the limit are told. Control thread; loaded once the server is ready.
import type { BrokerSnapshot, ListenerOptions } from "@weft/broker";
import { ERROR_LINES, encodeInfo } from "@weft/protocol";

/** CP-15. INFO first, as for everybody, unless TLS comes first; then why the connection ends. */
export function refusalText(snapshot: BrokerSnapshot, listener: ListenerOptions): string {
  const { server, limits } = snapshot;
  const line = `-ERR '${ERROR_LINES.connectionsExceeded.text}'\r\n`;
  if (listener.tls !== "off" && listener.handshakeFirst !== false) return line;
  const info = encodeInfo({
    server_id: server.id,
    server_name: server.name,
    version: server.version,
    proto: 1,
    go: server.runtime,
    host: server.host,
    port: server.port,
    headers: limits.headers,
    tls_required: listener.tls === "required" ? true : undefined,
    tls_available: listener.tls === "available" ? true : undefined,
    max_payload: limits.payloadBytesMax,
    xkey: server.xkey,
    weft_version: server.weftVersion,
  });
  return info.toString("latin1") + line;
}
