// Events about one connection: it came, it went, it was refused (SY-01, SY-02, SY-07, SY-12). Made
// by the worker that has the connection, and only when somebody listens; pure.
import type { PeerCertificateLabels, TokenLabels } from "@weft/base";
import { type MessageStamp, type ServerFacts, serverInfo } from "./server-info.ts";
import { typedEvent } from "./typed-event.ts";
import { wireTime, wireTimeOfMs } from "./wire-time.ts";

/** Who a connection is. Contains no secret. */
export interface EventClient {
  readonly clientId: number;
  readonly startedUnixMs: number;
  readonly address: string;
  /** Name of the account, `$G` before the login. */
  readonly account: string;
  /** As it logged in or tried to; "" = nobody in particular. */
  readonly user: string;
  readonly name: string;
  readonly language: string;
  readonly version: string;
  /** 0 = not measured. */
  readonly roundTripNanos: number;
  /** Of a login by token (AN-57). */
  readonly token?: TokenLabels | undefined;
  /** GP-13. Undefined = in the clear. */
  readonly tls?: EventTls | undefined;
  /** Key of the trusted proxy that it came through. */
  readonly proxy?: string | undefined;
}

/** GP-13. What is known of the secured line. */
export interface EventTls {
  /** As on `/connz`: `1.3`. */
  readonly version: string;
  readonly cipher: string;
  readonly certificate?: PeerCertificateLabels | undefined;
}

/** What a connection has sent to the server, and received from it. */
export interface EventTraffic {
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
}

/** Number, time and id of one event. */
export interface EventStamp extends MessageStamp {
  readonly id: string;
}

/** SY-12, fields in the reference's order. */
function clientFields(client: EventClient, stop: string | undefined): object {
  return {
    start: wireTimeOfMs(client.startedUnixMs),
    host: client.address || undefined,
    id: client.clientId,
    acc: client.account,
    user: client.user || undefined,
    name: client.name || undefined,
    lang: client.language || undefined,
    ver: client.version || undefined,
    rtt: stop === undefined || client.roundTripNanos === 0 ? undefined : client.roundTripNanos,
    stop,
    issuer_key: client.token?.issuerKey || undefined,
    name_tag: (client.token?.accountTag ?? client.account) || undefined,
    tags: client.token?.tags.length ? client.token.tags : undefined,
    kind: "Client",
    client_type: "nats",
    ...ownFields(client),
  };
}

/** GP-13. What the reference does not tell. */
function ownFields({ tls, proxy }: EventClient): object {
  return {
    tls: tls && {
      version: tls.version,
      cipher_suite: tls.cipher,
      peer_certs: tls.certificate && [tls.certificate],
    },
    proxy: proxy === undefined ? undefined : { key: proxy },
  };
}

/** SY-01: a client has logged in. */
export function connectEvent(server: ServerFacts, client: EventClient, stamp: EventStamp): object {
  return {
    ...typedEvent("client_connect", stamp.id, stamp.at),
    server: serverInfo(server, stamp),
    client: clientFields(client, undefined),
  };
}

/**
 * SY-02: a connection has ended; SY-07: it was refused. `sent` is what the client sent. `cause`: GP-5,
 * the finer one, for the operator's eyes.
 */
export function disconnectEvent(
  server: ServerFacts,
  client: EventClient,
  traffic: EventTraffic,
  reason: string,
  stamp: EventStamp,
  cause?: string | undefined,
): object {
  return {
    ...typedEvent("client_disconnect", stamp.id, stamp.at),
    server: serverInfo(server, stamp),
    client: clientFields(client, wireTime(stamp.at)),
    sent: { msgs: traffic.inMessages, bytes: traffic.inBytes },
    received: { msgs: traffic.outMessages, bytes: traffic.outBytes },
    reason,
    cause,
  };
}
