// One connection as `/connz` shows it (MO-20). Thread: control. Must stay true: user, account and
// certificate appear only where `auth` was asked for.
import { createHash, X509Certificate } from "node:crypto";
import {
  type ConnectionFacts,
  FIGURE_ACTIVE_AT,
  FIGURE_CLIENT_ID,
  FIGURE_IN_BYTES,
  FIGURE_IN_MESSAGES,
  FIGURE_OUT_BYTES,
  FIGURE_OUT_MESSAGES,
  FIGURE_PENDING_BYTES,
  FIGURE_ROUND_TRIP_NANOS,
  FIGURE_STALLS,
  FIGURE_STARTED_AT,
  FIGURE_SUBSCRIPTIONS,
  FIGURES_COUNT,
} from "@weft/base";
import type { ConnectionFigures, FinishedConnection, SubscriptionEntry } from "@weft/broker";
import type { LiveConnections } from "./facts.ts";
import type { JsonObject } from "./go-json.ts";
import { roundTripText, timeTextMs, uptimeText } from "./go-text.ts";

const GLOBAL_ACCOUNT = "$G";

export interface InfoOptions {
  readonly auth: boolean;
  readonly nowMs: number;
}

/** What the page was asked to show of subscriptions. */
export type SubscriptionsShown = "none" | "names" | "detail";

/** The figures of one row. */
export function figuresAt({ figures }: LiveConnections, row: number): ConnectionFigures {
  const at = row * FIGURES_COUNT;
  return {
    clientId: figures[at + FIGURE_CLIENT_ID] as number,
    startedAt: figures[at + FIGURE_STARTED_AT] as number,
    activeAt: figures[at + FIGURE_ACTIVE_AT] as number,
    inMessages: figures[at + FIGURE_IN_MESSAGES] as number,
    inBytes: figures[at + FIGURE_IN_BYTES] as number,
    outMessages: figures[at + FIGURE_OUT_MESSAGES] as number,
    outBytes: figures[at + FIGURE_OUT_BYTES] as number,
    pendingBytes: figures[at + FIGURE_PENDING_BYTES] as number,
    subscriptions: figures[at + FIGURE_SUBSCRIPTIONS] as number,
    roundTripNanos: figures[at + FIGURE_ROUND_TRIP_NANOS] as number,
    stalls: figures[at + FIGURE_STALLS] as number,
  };
}

export function openInfo(
  facts: ConnectionFacts,
  figures: ConnectionFigures,
  { auth, nowMs }: InfoOptions,
): JsonObject {
  return {
    ...head(facts, figures),
    rtt: roundTripText(figures.roundTripNanos),
    uptime: uptimeText(nowMs - figures.startedAt),
    idle: uptimeText(nowMs - figures.activeAt),
    ...counts(figures),
    ...client(facts),
    ...tlsFields(facts, auth),
    ...(auth ? identity(facts) : undefined),
  };
}

export function closedInfo(
  facts: ConnectionFacts,
  record: FinishedConnection,
  { auth }: InfoOptions,
): JsonObject {
  return {
    ...head(facts, record),
    stop: timeTextMs(record.closedAt),
    reason: record.reason,
    rtt: roundTripText(record.roundTripNanos),
    uptime: uptimeText(record.closedAt - record.startedAt),
    idle: uptimeText(record.closedAt - record.activeAt),
    ...counts(record),
    ...client(facts),
    ...tlsFields(facts, auth),
    ...(auth ? identity(facts) : undefined),
  };
}

function head(facts: ConnectionFacts, figures: ConnectionFigures): JsonObject {
  return {
    cid: figures.clientId,
    kind: facts.kind,
    type: "nats",
    ip: facts.address,
    port: facts.port,
    start: timeTextMs(figures.startedAt),
    last_activity: timeTextMs(figures.activeAt),
  };
}

function counts(figures: ConnectionFigures): JsonObject {
  return {
    pending_bytes: figures.pendingBytes,
    in_msgs: figures.inMessages,
    out_msgs: figures.outMessages,
    in_bytes: figures.inBytes,
    out_bytes: figures.outBytes,
    stalls: figures.stalls || undefined,
    subscriptions: figures.subscriptions,
  };
}

function client({ name, language, version }: ConnectionFacts): JsonObject {
  return {
    name: name || undefined,
    lang: language || undefined,
    version: version || undefined,
  };
}

/** Versions as the reference writes them: Node says `TLSv1.3`. */
function tlsFields(facts: ConnectionFacts, auth: boolean): JsonObject {
  if (facts.tlsVersion === "") return {};
  return {
    tls_version: facts.tlsVersion.replace(/^TLSv/, ""),
    tls_cipher_suite: facts.tlsCipher,
    tls_peer_certs: auth ? peerCertificates(facts) : undefined,
    tls_first: facts.tlsFirst || undefined,
  };
}

function peerCertificates(facts: ConnectionFacts): readonly JsonObject[] | undefined {
  if (facts.tlsPeerCertificate === "") return undefined;
  const certificate = Buffer.from(facts.tlsPeerCertificate, "base64");
  const key = new X509Certificate(certificate).publicKey;
  return [
    {
      subject: facts.tlsPeerSubject || undefined,
      spki_sha256: sha256Hex(key.export({ type: "spki", format: "der" })),
      cert_sha256: sha256Hex(certificate),
    },
  ];
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Who a connection is; the global account is not named (MO-20). */
export function identity({ user, nkey, account }: ConnectionFacts): JsonObject {
  return {
    authorized_user: nkey || user || undefined,
    account: account === GLOBAL_ACCOUNT ? undefined : account || undefined,
  };
}

/** Fields that follow `account`. */
export function subscriptionFields(
  entries: readonly SubscriptionEntry[],
  shown: SubscriptionsShown,
): JsonObject {
  if (entries.length === 0 || shown === "none") return {};
  if (shown === "names") return { subscriptions_list: entries.map(({ subject }) => subject) };
  return { subscriptions_list_detail: entries.map((entry) => subscriptionInfo(entry)) };
}

/** One subscription; `account` is named on `/subsz` only. */
export function subscriptionInfo(entry: SubscriptionEntry, account?: string): JsonObject {
  return {
    account,
    subject: entry.subject,
    qgroup: entry.queue,
    sid: entry.sid,
    msgs: entry.delivered,
    max: entry.max || undefined,
    cid: entry.clientId,
  };
}
