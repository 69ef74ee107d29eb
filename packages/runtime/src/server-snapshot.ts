// From the options to what workers are given: plain data, made once the port is known. Control
// thread.
import type { AccountsSnapshot } from "@weft/accounts";
import type { AuthSpec } from "@weft/auth";
import { LIMITS } from "@weft/base";
import type {
  BrokerLimits,
  BrokerSnapshot,
  ListenerOptions,
  ServerIdentity,
  TraceOptions,
} from "@weft/broker";
import type { ServerOptions } from "@weft/config";
import type { ServerKeys } from "./identity.ts";
import type { OperatorService } from "./operator-service.ts";
import { NATS_VERSION, WEFT_VERSION } from "./version.ts";

/** 0 or less in the options means no bound. */
function boundOf(count: number): number {
  return count > 0 ? count : -1;
}

export function brokerLimits(options: ServerOptions): BrokerLimits {
  const { limits } = options;
  return {
    controlLineBytesMax: Math.min(limits.maxControlLine, LIMITS.controlLineBytesBound),
    payloadBytesMax: limits.maxPayload,
    pendingBytesMax: limits.maxPending,
    connectionsMax: limits.maxConnections,
    subscriptionsMax: boundOf(limits.maxSubscriptions),
    subscriptionTokensMax: boundOf(limits.maxSubscriptionTokens),
    writeDeadlineMs: options.writeDeadlineMs,
    pingIntervalMs: options.pingIntervalMs,
    pingsUnansweredMax: options.pingMax,
    authTimeoutMs: options.auth.authTimeoutMs,
    closedConnectionsKept: limits.maxClosedClients,
    noFastProducerStall: options.noFastProducerStall,
    headers: !options.noHeaderSupport,
  };
}

/** LG-11. Undefined = the protocol is not traced. */
export function traceOptions(options: ServerOptions): TraceOptions | undefined {
  const { trace, traceHeaders, traceVerbose } = options.logging;
  if (!trace) return undefined;
  return {
    payloadBytesMax: options.limits.maxTracedMessageBytes,
    headersOnly: traceHeaders,
    own: traceVerbose,
  };
}

/** Row 0 of the listener table. */
export function clientListener(options: ServerOptions): ListenerOptions {
  const { tls, allowNonTls } = options;
  if (tls === undefined) {
    return { kind: "client", tls: "off", tlsVerify: false, handshakeFirst: false, tlsTimeoutMs: 0 };
  }
  const first = tls.handshakeFirst;
  return {
    kind: "client",
    // Clients that speak TLS first are all that can connect then: nothing says what others want.
    tls: allowNonTls && first !== true ? "available" : "required",
    tlsVerify: tls.verify,
    handshakeFirst: typeof first === "boolean" ? first : first.fallbackMs,
    tlsTimeoutMs: tls.timeoutMs,
  };
}

export function serverIdentity(
  options: ServerOptions,
  keys: ServerKeys,
  port: number,
): ServerIdentity {
  const advertised = advertisedAddress(options.clientAdvertise, port);
  return {
    id: keys.id,
    name: options.serverName ?? keys.id,
    version: NATS_VERSION,
    weftVersion: WEFT_VERSION,
    runtime: `node${process.versions.node}`,
    host: advertised?.host ?? options.host,
    port: advertised?.port ?? port,
    xkey: keys.curveId,
    tags: options.serverTags,
    metadata: options.serverMetadata,
    featureFlags: options.featureFlags,
  };
}

/** CP-08. `host` or `host:port`, IPv6 in brackets. */
function advertisedAddress(
  text: string | undefined,
  port: number,
): { readonly host: string; readonly port: number } | undefined {
  if (text === undefined) return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  if (match === null) return { host: text, port };
  const given = Number(match[3] ?? 0);
  return { host: match[1] ?? match[2] ?? "", port: given > 0 ? given : port };
}

/** The users, and what is needed to judge clients without credentials (AN-12). */
function authSpec(options: ServerOptions): AuthSpec {
  return {
    ...options.auth,
    accountNames: options.auth.accountNames ?? options.accounts.map(({ name }) => name),
    systemAccount: options.auth.systemAccount ?? options.systemAccount,
    trustedProxies: options.trustedProxies,
    plugin: options.authenticationModule,
  };
}

export function brokerSnapshot(
  options: ServerOptions,
  accounts: AccountsSnapshot,
  server: ServerIdentity,
  operator?: Pick<OperatorService, "rules">,
): BrokerSnapshot {
  return {
    auth: authSpec(options),
    accounts,
    limits: brokerLimits(options),
    server,
    listeners: [clientListener(options)],
    operator: operator?.rules(options),
  };
}
