// Lists of live subscriptions for monitoring, in pieces: the only thing that reading a page asks of a
// worker (MO-18, MO-24). Owned by the worker's core. Must stay true: one call looks at a bounded
// number of subscriptions, however many there are and whatever is asked for.
import { matchesBytes, subjectsCollide, subjectToText } from "@weft/subjects";
import type { ClientSession } from "../session/client-session.ts";
import { unsignedToken } from "../session/connection-facts.ts";
import type { Subscription } from "./subscription.ts";

/** Looks of one piece: one for a subscription, and one for every so many characters to compare. */
const EXAMINED_MAX = 8_192;
const CHARACTERS_PER_LOOK = 64;

/** Where a piece begins: a connection, and how many of its subscriptions were looked at before. */
export interface SubscriptionPlace {
  readonly clientId: number;
  readonly passed: number;
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

/** `sessions` by client id, in ascending order. */
export function listSubscriptions(
  sessions: ReadonlyMap<number, ClientSession>,
  query: SubscriptionQuery,
): SubscriptionAnswer {
  const { tokensOf } = query;
  if (tokensOf !== undefined)
    return { entries: [], matched: 0, tokens: listTokens(sessions, tokensOf) };
  const matching = query.matching === undefined ? undefined : Buffer.from(query.matching, "latin1");
  const entries: SubscriptionEntry[] = [];
  let examined = 0;
  let matched = 0;
  for (const session of sessionsFrom(sessions, query)) {
    const { clientId } = session;
    const passedBefore = clientId === query.from.clientId ? query.from.passed : 0;
    let passed = 0;
    for (const subscription of session.subscriptions?.values() ?? []) {
      passed += 1;
      if (passed <= passedBefore) continue;
      if (examined >= EXAMINED_MAX) {
        return { entries, matched, next: { clientId, passed: passed - 1 } };
      }
      examined += 1 + comparedCharacters(subscription, query) / CHARACTERS_PER_LOOK;
      if (!fits(subscription, query, matching)) continue;
      matched += 1;
      if (matched > query.skip && entries.length < query.take) entries.push(entryOf(subscription));
    }
  }
  return { entries, matched };
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

export function entryOf(subscription: Subscription): SubscriptionEntry {
  const { session, account, filter, queue, sid, delivered, max } = subscription;
  return {
    clientId: session.clientId,
    account,
    subject: subjectToText(filter),
    queue: queue === undefined ? undefined : subjectToText(queue),
    sid: subjectToText(sid),
    delivered,
    max,
  };
}
