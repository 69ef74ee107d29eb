// One connection as `/connz` shows it (MO-20). Thread: control. Must stay true: user, account and
// certificate appear only where `auth` was asked for.
import { peerCertificateLabels } from "@weft/auth";
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
  return infoOf(facts, figures, auth, nowMs, undefined);
}

export function closedInfo(
  facts: ConnectionFacts,
  record: FinishedConnection,
  { auth }: InfoOptions,
): JsonObject {
  return infoOf(facts, record, auth, record.closedAt, record);
}

/**
 * All fields in one object: spreading parts together costs more than the rest of the page. Field by
 * field in the reference's order; undefined ones are left out.
 */
function infoOf(
  facts: ConnectionFacts,
  figures: ConnectionFigures,
  auth: boolean,
  nowMs: number,
  closed: FinishedConnection | undefined,
): JsonObject {
  const isSecure = facts.tlsVersion !== "";
  const isNamed = auth && facts.account !== GLOBAL_ACCOUNT;
  return {
    cid: figures.clientId,
    kind: facts.kind,
    type: "nats",
    ip: facts.address,
    port: facts.port,
    start: timeTextMs(figures.startedAt),
    last_activity: timeTextMs(figures.activeAt),
    stop: closed === undefined ? undefined : timeTextMs(closed.closedAt),
    reason: closed?.reason,
    rtt: roundTripText(figures.roundTripNanos),
    uptime: uptimeText(nowMs - figures.startedAt),
    idle: uptimeText(nowMs - figures.activeAt),
    pending_bytes: figures.pendingBytes,
    in_msgs: figures.inMessages,
    out_msgs: figures.outMessages,
    in_bytes: figures.inBytes,
    out_bytes: figures.outBytes,
    stalls: figures.stalls || undefined,
    subscriptions: figures.subscriptions,
    name: facts.name || undefined,
    lang: facts.language || undefined,
    version: facts.version || undefined,
    tls_version: isSecure ? tlsVersion(facts) : undefined,
    tls_cipher_suite: isSecure ? facts.tlsCipher : undefined,
    tls_peer_certs: auth ? peerCertificates(facts) : undefined,
    tls_first: facts.tlsFirst || undefined,
    authorized_user: auth ? facts.nkey || facts.user || undefined : undefined,
    account: isNamed ? facts.account || undefined : undefined,
    issuer_key: auth ? facts.token?.issuerKey || undefined : undefined,
    name_tag: auth ? facts.token?.accountTag : undefined,
    tags: auth && facts.token?.tags.length ? facts.token.tags : undefined,
    proxy: facts.proxy === undefined ? undefined : { key: facts.proxy },
    subscriptions_list: undefined,
    subscriptions_list_detail: undefined,
  };
}

/** As the reference writes it: Node says `TLSv1.3`. */
function tlsVersion(facts: ConnectionFacts): string {
  return facts.tlsVersion.replace(/^TLSv/, "");
}

function peerCertificates(facts: ConnectionFacts): readonly JsonObject[] | undefined {
  if (facts.tlsPeerCertificate === "") return undefined;
  const certificate = Buffer.from(facts.tlsPeerCertificate, "base64");
  return [{ ...peerCertificateLabels(certificate, facts.tlsPeerSubject) }];
}

/** The fields of a connection that workers know. */
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
