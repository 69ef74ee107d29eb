// The INFO of one client (CP-02 to CP-05, CP-10, CP-13): all but three of its fields are encoded once
// for all clients that see the same. Owned by the session's worker. What must stay true: a template
// is used only for what it was made from.
import { SYSTEM_ACCOUNT_INDEX } from "@weft/accounts";
import { type ClientInfo, InfoTemplate } from "@weft/protocol";
import type { BrokerLimits, ListenerOptions, ServerIdentity } from "../ports.ts";
import type { ClientSession } from "./client-session.ts";

/** A template, and everything that decides about its fields. */
interface KnownInfo {
  readonly template: InfoTemplate;
  readonly server: ServerIdentity;
  readonly limits: BrokerLimits;
  readonly listener: ListenerOptions;
  readonly infoAuthRequired: boolean;
  readonly tlsRequired: boolean;
  readonly lameDuck: boolean;
  readonly payloadBytesMax: number;
}

/** The last template of each listener and, for the second INFO, of each account. */
const known = new WeakMap<object, KnownInfo>();

/**
 * `connectInfo`: the second INFO, which names the account (CP-10). `lameDuck`: for this connection
 * alone (CP-112).
 */
export function clientInfo(
  session: ClientSession,
  kind: { readonly connectInfo: boolean; readonly lameDuck?: boolean | undefined },
): ClientInfo {
  const { host } = session;
  const lameDuck = host.lameDuck || kind.lameDuck === true;
  const listener = host.rules.listener(session.listenerIndex);
  // TL-10. Inside a handshake that came first there is no choice any more.
  const tlsRequired = listener.tls === "required" || session.state === "securing";
  const place = kind.connectInfo ? host.account(session.account) : listener;
  const payloadBytesMax = kind.connectInfo ? session.payloadBytesMax : host.limits.payloadBytesMax;
  let found = known.get(place);
  if (
    found === undefined ||
    found.server !== host.server ||
    found.limits !== host.limits ||
    found.listener !== listener ||
    found.infoAuthRequired !== host.rules.infoAuthRequired ||
    found.tlsRequired !== tlsRequired ||
    found.lameDuck !== lameDuck ||
    found.payloadBytesMax !== payloadBytesMax
  ) {
    const { server, limits } = host;
    const { infoAuthRequired } = host.rules;
    const kinds = { connectInfo: kind.connectInfo, tlsRequired, payloadBytesMax, lameDuck };
    found = {
      template: templateFor(session, kinds),
      server,
      limits,
      listener,
      infoAuthRequired,
      tlsRequired,
      lameDuck,
      payloadBytesMax,
    };
    known.set(place, found);
  }
  return {
    template: found.template,
    clientId: session.clientId,
    clientIp: session.transport.remoteAddress,
    // It is for CONNECT, which has come.
    nonce: kind.connectInfo ? "" : session.nonce,
  };
}

interface InfoKind {
  readonly connectInfo: boolean;
  readonly tlsRequired: boolean;
  readonly payloadBytesMax: number;
  readonly lameDuck: boolean;
}

function templateFor(session: ClientSession, kind: InfoKind): InfoTemplate {
  const { connectInfo, tlsRequired, payloadBytesMax } = kind;
  const { host } = session;
  const { server, limits } = host;
  const listener = host.rules.listener(session.listenerIndex);
  return new InfoTemplate({
    server_id: server.id,
    server_name: server.name,
    version: server.version,
    proto: 1,
    go: server.runtime,
    host: server.host,
    port: server.port,
    headers: limits.headers,
    auth_required: host.rules.infoAuthRequired ? true : undefined,
    tls_required: tlsRequired ? true : undefined,
    tls_verify: listener.tls !== "off" && listener.tlsVerify ? true : undefined,
    tls_available: listener.tls === "available" ? true : undefined,
    max_payload: payloadBytesMax,
    connect_urls: server.connectUrls?.length ? server.connectUrls : undefined,
    ldm: kind.lameDuck ? true : undefined,
    connect_info: connectInfo ? true : undefined,
    remote_account: connectInfo ? host.account(session.account).name : undefined,
    acc_is_sys: connectInfo && session.account === SYSTEM_ACCOUNT_INDEX ? true : undefined,
    xkey: server.xkey,
    weft_version: server.weftVersion,
  });
}
