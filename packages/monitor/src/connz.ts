// `/connz`: connections, filtered, sorted and cut to a page (MO-18 to MO-20). Thread: control.
// Reading order: `connzOptions`, `connz`. Must stay true: the work pauses after every slice, and the
// full text of a connection is made only for the page that was asked for, as bytes at once.
import { type ConnectionFacts, FIGURE_CLIENT_ID, FIGURES_COUNT, LIMITS } from "@weft/base";
import type { FinishedConnection, SubscriptionEntry } from "@weft/broker";
import { subjectFromText } from "@weft/subjects";
import {
  closedInfo,
  figuresAt,
  openInfo,
  type SubscriptionsShown,
  subscriptionFields,
} from "./connection-info.ts";
import { type Candidate, isSortKey, type SortKey, sortCandidates } from "./connz-order.ts";
import type { EncodedItems } from "./encoded-items.ts";
import type { LiveConnections, MonitorFacts, Steps } from "./facts.ts";
import type { JsonObject } from "./go-json.ts";
import { timeText } from "./go-text.ts";
import { ItemEncoder, type ItemForm } from "./item-encoder.ts";
import {
  collectSubscriptions,
  LISTED_PER_PAGE_MAX,
  type ListedConnection,
} from "./listed-subscriptions.ts";
import { collectTokens, isBearer } from "./listed-tokens.ts";
import type { Outcome } from "./page.ts";
import { PAGE_TOO_LARGE } from "./page-bytes.ts";
import type { ConnectionState, Query } from "./query.ts";

export const CONNECTIONS_LIMIT_DEFAULT = 1_024n;

/** Connections that are looked at between two pauses. */
const SLICE_CONNECTIONS = 256;
/** Subscriptions, or what takes as long, that are written out between two pauses. */
const SLICE_WORK = 1_024;
/** A connection takes as long as so many subscriptions; with `auth` its certificate is read. */
const CONNECTION_WORK = 16;
const AUTH_WORK = 28;

export interface ConnzOptions {
  /** One of `SORT_KEYS`; empty = `cid`. */
  readonly sort: string;
  readonly auth: boolean;
  readonly subscriptions: SubscriptionsShown;
  /** Below 0 counts as 0. */
  readonly offset: bigint;
  /** 0 or less = 1024. */
  readonly limit: bigint;
  /** 0 = any. */
  readonly clientId: bigint;
  /** `none`: a number that stands for no state, of a request by message. */
  readonly state: ConnectionState | "none";
  readonly user: string;
  readonly account: string;
  readonly mqttClient: string;
  /** Only connections with a subscription in common with this filter; needs `account`. */
  readonly filterSubject: string;
}

export const CONNZ_DEFAULTS: ConnzOptions = {
  sort: "",
  auth: false,
  subscriptions: "none",
  offset: 0n,
  limit: 0n,
  clientId: 0n,
  state: "open",
  user: "",
  account: "",
  mqttClient: "",
  filterSubject: "",
};

/** In the reference's order, which decides whose mistake is told. */
export function connzOptions(query: Query): ConnzOptions {
  const auth = query.boolean("auth");
  const subscriptions = query.subscriptions();
  const offset = query.integer("offset");
  const limit = query.integer("limit");
  const clientId = query.unsigned("cid");
  return {
    ...CONNZ_DEFAULTS,
    sort: query.text("sort"),
    auth,
    subscriptions,
    offset,
    limit,
    clientId,
    state: query.state(),
    user: query.text("user"),
    account: query.text("acc"),
    mqttClient: query.text("mqtt_client"),
  };
}

/** Why these options have no answer; undefined if they have one. */
function connzMistake({ sort, state, filterSubject, account }: ConnzOptions): string | undefined {
  if (sort !== "" && !isSortKey(sort)) return `invalid sorting option: ${sort}`;
  if ((sort === "stop" || sort === "reason") && state !== "closed") {
    return `sort by ${sort} only valid on closed connections`;
  }
  if (filterSubject !== "" && filterSubject !== ">" && account === "") {
    return "filter by subject only valid with account filtering";
  }
  return undefined;
}

/** Over HTTP. */
const WIDE_FORM: ItemForm = { indent: "  ", bytesMax: LIMITS.monitorPageBytesMax };

export function* connz(
  facts: MonitorFacts,
  options: ConnzOptions,
  form: ItemForm = WIDE_FORM,
): Steps<Outcome> {
  const mistake = connzMistake(options);
  if (mistake !== undefined) return { mistake };
  const now = facts.unixNanos();
  const offset = options.offset < 0n ? 0n : options.offset;
  let limit = options.limit <= 0n ? CONNECTIONS_LIMIT_DEFAULT : options.limit;
  if (options.clientId > 0n) limit = 1n;
  const { account } = options;
  if (account !== "" && !facts.accounts().some(({ name }) => name === account)) {
    const head = { server_id: "", now: timeText(now), num_connections: 0, total: 0 };
    return { ...head, offset, limit, connections: null };
  }
  if (hasClosed(options)) yield { kind: "settled" };
  const live = yield* facts.connections.live();
  const found = yield* candidatesOf(facts, live, options);
  yield { kind: "pause" };
  const nowMs = Number(now / 1_000_000n);
  const key = (options.sort || "cid") as SortKey;
  const sorted = yield* sortCandidates(live, found.candidates, key, nowMs);
  yield { kind: "pause" };
  const page = cut(sorted, offset, limit);
  const connections = yield* infosOf(facts, live, page, { ...options, ...form, nowMs });
  if (connections === undefined) return { mistake: PAGE_TOO_LARGE };
  return {
    server_id: facts.server.id,
    now: timeText(now),
    num_connections: connections.count,
    total: found.total,
    offset,
    limit,
    connections,
  };
}

interface Found {
  readonly candidates: readonly Candidate[];
  /** Connections in these states and this account, before the other filters. */
  readonly total: number;
}

function hasOpen({ state }: ConnzOptions): boolean {
  return state === "open" || state === "all";
}

function hasClosed({ state }: ConnzOptions): boolean {
  return state === "closed" || state === "all";
}

function* candidatesOf(
  facts: MonitorFacts,
  live: LiveConnections,
  options: ConnzOptions,
): Steps<Found> {
  const { account, clientId } = options;
  let total = 0;
  let open: number[] = [];
  const readsFacts = account !== "" || options.user !== "";
  const rows = hasOpen(options) ? live.count : 0;
  for (let row = 0; row < rows; row += 1) {
    if (row % SLICE_CONNECTIONS === SLICE_CONNECTIONS - 1) yield { kind: "pause" };
    const known = readsFacts ? live.facts(row) : undefined;
    if (account !== "" && known?.account !== account) continue;
    total += 1;
    if (isWanted(clientIdOf(live, row), known, options)) open.push(row);
  }
  let closed = hasClosed(options) ? facts.connections.finished() : [];
  if (account !== "") closed = closed.filter((record) => record.account === account);
  total += closed.length;
  const { filterSubject } = options;
  if (clientId > 0n && open.length > 0) return { candidates: open, total };
  if (filterSubject !== "" && filterSubject !== ">") {
    open = yield* withInterest(facts, live, open, filterSubject);
  }
  const wanted = yield* wantedOf(facts, closed, options);
  return { candidates: [...open, ...wanted], total };
}

function* wantedOf(
  facts: MonitorFacts,
  closed: readonly FinishedConnection[],
  options: ConnzOptions,
): Steps<FinishedConnection[]> {
  const wanted: FinishedConnection[] = [];
  for (const [at, record] of closed.entries()) {
    if (at % SLICE_CONNECTIONS === SLICE_CONNECTIONS - 1) yield { kind: "pause" };
    const known = options.user === "" ? undefined : facts.connections.factsOf(record);
    if (isWanted(record.clientId, known, options)) wanted.push(record);
  }
  return wanted;
}

function clientIdOf(live: LiveConnections, row: number): number {
  return live.figures[row * FIGURES_COUNT + FIGURE_CLIENT_ID] as number;
}

/** `known`: undefined where no filter asks for it. */
function isWanted(
  clientId: number,
  known: ConnectionFacts | undefined,
  options: ConnzOptions,
): boolean {
  if (options.clientId > 0n) return BigInt(clientId) === options.clientId;
  // There are no MQTT clients.
  if (options.mqttClient !== "") return false;
  return options.user === "" || (known?.nkey || known?.user) === options.user;
}

function* withInterest(
  facts: MonitorFacts,
  live: LiveConnections,
  rows: readonly number[],
  filter: string,
): Steps<number[]> {
  const colliding = subjectFromText(filter);
  // Only whether there is one: no text of it is wanted, and no second one.
  const bounds = { takeOfEach: 1, entriesMax: rows.length, textMax: Number.POSITIVE_INFINITY };
  const wish = { colliding, texts: [], ...bounds };
  const listed = yield* collectSubscriptions(facts, placesOf(live, rows), wish);
  return rows.filter((row) => listed?.has(clientIdOf(live, row)));
}

function placesOf(live: LiveConnections, rows: readonly number[]): ListedConnection[] {
  return rows.map((row) => ({ clientId: clientIdOf(live, row), worker: live.worker(row) }));
}

function cut(sorted: readonly Candidate[], offset: bigint, limit: bigint): readonly Candidate[] {
  const count = BigInt(sorted.length);
  const first = offset < count ? offset : count;
  const last = limit < count - first ? first + limit : count;
  return sorted.slice(Number(first), Number(last));
}

interface InfoWish extends ItemForm {
  readonly auth: boolean;
  readonly subscriptions: SubscriptionsShown;
  readonly nowMs: number;
}

/** Undefined: they are more than the page may hold. */
function* infosOf(
  facts: MonitorFacts,
  live: LiveConnections,
  page: readonly Candidate[],
  wish: InfoWish,
): Steps<EncodedItems | undefined> {
  const encoder = new ItemEncoder(wish);
  const texts = wish.subscriptions === "names" ? NAMES_ONLY : undefined;
  // Of the whole page, however many slices it takes.
  let left = LISTED_PER_PAGE_MAX;
  for (let from = 0; from < page.length; from += SLICE_CONNECTIONS) {
    const slice = page.slice(from, from + SLICE_CONNECTIONS);
    const rows = slice.filter((one) => typeof one === "number");
    const listed =
      wish.subscriptions === "none"
        ? NOTHING_LISTED
        : yield* collectSubscriptions(facts, placesOf(live, rows), {
            texts,
            entriesMax: left,
            textMax: encoder.room,
          });
    if (listed === undefined) return undefined;
    for (const entries of listed.values()) left -= entries.length;
    const isToldTokens = wish.auth && facts.options.operator !== undefined;
    const tokens = isToldTokens ? yield* collectTokens(facts, placesOf(live, rows)) : NO_TOKENS;
    let work = 0;
    for (const candidate of slice) {
      if (encoder.isFull) return undefined;
      let entries: readonly SubscriptionEntry[] | undefined;
      if (typeof candidate === "number") entries = listed.get(clientIdOf(live, candidate));
      else if (wish.subscriptions !== "none" && left > 0) {
        entries = facts.connections.subscriptionsOf(candidate);
        left -= entries.length;
      }
      work += (wish.auth ? AUTH_WORK : CONNECTION_WORK) + (entries?.length ?? 0);
      if (work > SLICE_WORK) {
        yield { kind: "pause" };
        work = 0;
      }
      const info = infoOf(facts, live, candidate, wish);
      if (info === undefined) continue;
      const jwt = wish.auth ? jwtField(facts, live, candidate, tokens) : undefined;
      if (entries?.length || jwt !== undefined) {
        const listedFields = subscriptionFields(entries ?? [], wish.subscriptions);
        yield* encoder.add({ ...info, ...listedFields, ...jwt });
      } else encoder.addPlain(info);
    }
    yield { kind: "pause" };
  }
  return encoder.items();
}

const NAMES_ONLY = ["subject"] as const;
const NO_TOKENS: ReadonlyMap<number, string> = new Map();

function jwtField(
  facts: MonitorFacts,
  live: LiveConnections,
  candidate: Candidate,
  tokens: ReadonlyMap<number, string>,
): JsonObject | undefined {
  if (typeof candidate === "number") {
    const jwt = tokens.get(clientIdOf(live, candidate));
    return jwt === undefined ? undefined : { jwt };
  }
  const jwt = facts.connections.tokenOf(candidate);
  return jwt === undefined || isBearer(jwt) ? undefined : { jwt };
}

const NOTHING_LISTED: ReadonlyMap<number, readonly SubscriptionEntry[]> = new Map();

/** Undefined: the connection has gone since it was counted. */
function infoOf(
  facts: MonitorFacts,
  live: LiveConnections,
  candidate: Candidate,
  wish: InfoWish,
): JsonObject | undefined {
  if (typeof candidate !== "number") {
    return closedInfo(facts.connections.factsOf(candidate), candidate, wish);
  }
  const known = live.facts(candidate);
  return known === undefined ? undefined : openInfo(known, figuresAt(live, candidate), wish);
}
