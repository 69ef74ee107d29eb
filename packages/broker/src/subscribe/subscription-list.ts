// Lists of live subscriptions for monitoring, in pieces: the only thing that reading a page asks of a
// worker (MO-18, MO-24). Owned by the worker's core. Must stay true: one call looks at a bounded
// number of subscriptions and hands over a bounded amount of text, however many there are, however
// long their texts are and whatever is asked for; what is remembered between two calls is bounded in
// number and time.
import { matchesBytes, subjectsCollide, subjectToText } from "@weft/subjects";
import type { ClientSession } from "../session/client-session.ts";
import { unsignedToken } from "../session/connection-facts.ts";
import type { Subscription } from "./subscription.ts";

/** Looks of one piece: one for a subscription, and one for every so many characters to compare. */
const EXAMINED_MAX = 8_192;
const CHARACTERS_PER_LOOK = 64;
/** A piece ends with the text that reaches this: the thread that takes it must not wait for it. */
const TEXT_BYTES_MAX = 1024 * 1024;

/** Lists that go on in the middle of a connection. More, or after a rest, count from its first one. */
const CURSORS_MAX = 16;
const CURSOR_REST_MS = 5_000;

type SubscriptionText = "subject" | "queue" | "sid";

const ALL_TEXTS: readonly SubscriptionText[] = ["subject", "queue", "sid"];

/** Where a piece begins: a connection, and how many of its subscriptions were looked at before. */
export interface SubscriptionPlace {
  readonly clientId: number;
  readonly passed: number;
  /** Of those that were looked at: how many were listed. */
  readonly listed?: number | undefined;
}

/** Plain data: it travels between threads. `matching` and `colliding` are byte strings. */
export interface SubscriptionQuery {
  readonly from: SubscriptionPlace;
  /** Only these connections, ascending; undefined = all. */
  readonly clientIds?: readonly number[] | undefined;
  /** Only of this account (index). */
  readonly account?: number | undefined;
  /** Only those that a message on this subject would reach. */
  readonly matching?: string | undefined;
  /** Only those with a subject in common with this filter. */
  readonly colliding?: string | undefined;
  /** Fitting subscriptions to leave out first, and to list at most after that. */
  readonly skip: number;
  readonly take: number;
  /** At most so many of one connection; the others of it are not looked at. Undefined = all. */
  readonly takeOfEach?: number | undefined;
  /** Texts that are wanted: the others are empty, or undefined. Undefined = all. */
  readonly texts?: readonly SubscriptionText[] | undefined;
  /** Instead of subscriptions: the tokens that these connections logged in with. */
  readonly tokensOf?: readonly number[] | undefined;
}

/** A token without its signature. */
export interface ListedToken {
  readonly clientId: number;
  readonly text: string;
}

/** Texts as a page shows them. */
export interface SubscriptionEntry {
  readonly clientId: number;
  readonly account: number;
  readonly subject: string;
  readonly queue?: string | undefined;
  readonly sid: string;
  readonly delivered: number;
  /** 0 = without end. */
  readonly max: number;
}

/** One piece. */
export interface SubscriptionAnswer {
  readonly entries: readonly SubscriptionEntry[];
  /** Fitting subscriptions in this piece, listed or not. */
  readonly matched: number;
  /** Where the next piece begins; undefined = that was all. */
  readonly next?: SubscriptionPlace | undefined;
  readonly tokens?: readonly ListedToken[] | undefined;
}

/** On its way through the subscriptions of a connection. */
interface Cursor {
  readonly session: ClientSession;
  /** What it goes through: a login anew begins another one. */
  readonly subscriptions: ReadonlyMap<string, Subscription> | undefined;
  readonly left: Iterator<Subscription>;
  /** One that changes all the time would be gone through for ever. */
  readonly passedMax: number;
  passed: number;
  listed: number;
  restsSinceMs: number;
}

export class SubscriptionLists {
  readonly #sessions: ReadonlyMap<number, ClientSession>;
  /** Where pieces ended, the oldest first. */
  #cursors: Cursor[] = [];

  /** `sessions` by client id, in ascending order. */
  constructor(sessions: ReadonlyMap<number, ClientSession>) {
    this.#sessions = sessions;
  }

  /** One piece. */
  list(query: SubscriptionQuery, nowMs: number): SubscriptionAnswer {
    const { tokensOf, skip, take, takeOfEach = Number.POSITIVE_INFINITY, texts } = query;
    if (tokensOf !== undefined) {
      return { entries: [], matched: 0, tokens: listTokens(this.#sessions, tokensOf) };
    }
    const matching =
      query.matching === undefined ? undefined : Buffer.from(query.matching, "latin1");
    const entries: SubscriptionEntry[] = [];
    let examined = 0;
    let matched = 0;
    let textBytes = 0;
    for (const session of sessionsFrom(this.#sessions, query)) {
      const { clientId } = session;
      const isMiddle = clientId === query.from.clientId && query.from.passed > 0;
      const cursor = isMiddle ? this.#resume(session, query.from) : cursorOf(session);
      while (cursor.listed < takeOfEach && cursor.passed < cursor.passedMax) {
        if (examined >= EXAMINED_MAX || textBytes >= TEXT_BYTES_MAX) {
          this.#keep(cursor, nowMs);
          const { passed, listed } = cursor;
          return { entries, matched, next: { clientId, passed, listed } };
        }
        const { done, value: subscription } = cursor.left.next();
        if (done === true) break;
        cursor.passed += 1;
        examined += 1 + comparedCharacters(subscription, query) / CHARACTERS_PER_LOOK;
        if (!fits(subscription, query, matching)) continue;
        matched += 1;
        if (matched <= skip || entries.length >= take) continue;
        entries.push(entryOf(subscription, texts));
        textBytes += textBytesOf(subscription, texts);
        cursor.listed += 1;
      }
    }
    return { entries, matched };
  }

  /** On the tick: a list that nobody goes on with keeps what it stands on, perhaps of somebody gone. */
  forget(nowMs: number): void {
    if (this.#cursors.length === 0) return;
    this.#cursors = this.#cursors.filter((one) => nowMs - one.restsSinceMs <= CURSOR_REST_MS);
  }

  #keep(cursor: Cursor, nowMs: number): void {
    // A place before the first one needs no cursor, and must not push out one that somebody needs.
    if (cursor.passed === 0) return;
    cursor.restsSinceMs = nowMs;
    this.#cursors.push(cursor);
    if (this.#cursors.length > CURSORS_MAX) this.#cursors.shift();
  }

  #resume(session: ClientSession, { passed, listed = 0 }: SubscriptionPlace): Cursor {
    const { subscriptions } = session;
    const place = this.#cursors.findIndex(
      (one) => one.session === session && one.passed === passed && one.listed === listed,
    );
    const [kept] = place < 0 ? [] : this.#cursors.splice(place, 1);
    if (kept !== undefined && kept.subscriptions === subscriptions) return kept;
    const cursor = cursorOf(session);
    cursor.listed = listed;
    while (cursor.passed < passed && cursor.left.next().done !== true) cursor.passed += 1;
    return cursor;
  }
}

function cursorOf(session: ClientSession): Cursor {
  const { subscriptions } = session;
  const left = subscriptions?.values() ?? [].values();
  const passedMax = subscriptions?.size ?? 0;
  return { session, subscriptions, left, passedMax, passed: 0, listed: 0, restsSinceMs: 0 };
}

function listTokens(
  sessions: ReadonlyMap<number, ClientSession>,
  clientIds: readonly number[],
): ListedToken[] {
  const tokens: ListedToken[] = [];
  for (const clientId of clientIds) {
    const session = sessions.get(clientId);
    const text = session && unsignedToken(session);
    if (text !== undefined) tokens.push({ clientId, text });
  }
  return tokens;
}

function* sessionsFrom(
  sessions: ReadonlyMap<number, ClientSession>,
  { clientIds, from }: SubscriptionQuery,
): Generator<ClientSession> {
  if (clientIds === undefined) {
    for (const session of sessions.values()) if (session.clientId >= from.clientId) yield session;
    return;
  }
  for (const clientId of clientIds) {
    const session = clientId < from.clientId ? undefined : sessions.get(clientId);
    if (session !== undefined) yield session;
  }
}

/** Nobody asks for a subject of 64 KB in good faith, but one can. */
function comparedCharacters({ filter }: Subscription, query: SubscriptionQuery): number {
  const asked = Math.max(query.matching?.length ?? 0, query.colliding?.length ?? 0);
  return Math.min(asked, filter.length);
}

/** `matching`: as in `query`, in bytes: both looks end at the first token that differs. */
function fits(
  { account, filter }: Subscription,
  query: SubscriptionQuery,
  matching: Buffer | undefined,
): boolean {
  if (query.account !== undefined && account !== query.account) return false;
  if (matching !== undefined && !matchesBytes(filter, matching, 0, matching.length)) return false;
  return query.colliding === undefined || subjectsCollide(query.colliding, filter);
}

function textBytesOf(
  { filter, queue, sid }: Subscription,
  texts: readonly SubscriptionText[] = ALL_TEXTS,
): number {
  let bytes = texts.includes("subject") ? filter.length : 0;
  if (queue !== undefined && texts.includes("queue")) bytes += queue.length;
  return texts.includes("sid") ? bytes + sid.length : bytes;
}

export function entryOf(
  subscription: Subscription,
  texts: readonly SubscriptionText[] = ALL_TEXTS,
): SubscriptionEntry {
  const { session, account, filter, queue, sid, delivered, max } = subscription;
  const isInQueue = queue !== undefined && texts.includes("queue");
  return {
    clientId: session.clientId,
    account,
    subject: texts.includes("subject") ? subjectToText(filter) : "",
    queue: isInQueue ? subjectToText(queue) : undefined,
    sid: texts.includes("sid") ? subjectToText(sid) : "",
    delivered,
    max,
  };
}
