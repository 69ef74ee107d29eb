// The INFO of one client (CP-02 to CP-05, CP-10, CP-13). Pure: reads the session and its host.
import type { ServerInfo } from "@weft/protocol";
import type { ClientSession } from "./client-session.ts";

/** `connectInfo`: the second INFO, which names the account (CP-10). */
export function clientInfo(session: ClientSession, kind: { connectInfo: boolean }): ServerInfo {
  const { host } = session;
  const { server, limits } = host;
  const listener = host.listener(session.listenerIndex);
  // TL-10. Inside a handshake that came first there is no choice any more.
  const required = listener.tls === "required" || session.state === "securing";
  return {
    server_id: server.id,
    server_name: server.name,
    version: server.version,
    proto: 1,
    go: server.runtime,
    host: server.host,
    port: server.port,
    headers: limits.headers,
    auth_required: host.infoAuthRequired ? true : undefined,
    tls_required: required ? true : undefined,
    tls_verify: listener.tls !== "off" && listener.tlsVerify ? true : undefined,
    tls_available: listener.tls === "available" ? true : undefined,
    max_payload: kind.connectInfo ? session.payloadBytesMax : limits.payloadBytesMax,
    client_id: session.clientId,
    client_ip: session.transport.remoteAddress,
    nonce: session.nonce === "" ? undefined : session.nonce,
    connect_urls: server.connectUrls?.length ? server.connectUrls : undefined,
    ldm: host.lameDuck ? true : undefined,
    connect_info: kind.connectInfo ? true : undefined,
    remote_account: kind.connectInfo ? host.account(session.account).name : undefined,
    acc_is_sys: kind.connectInfo && host.isSystemAccount(session.account) ? true : undefined,
    xkey: server.xkey,
    weft_version: server.weftVersion,
  };
}
