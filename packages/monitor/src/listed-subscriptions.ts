// Asks workers for subscriptions, piece by piece, and puts the pieces together (MO-18, MO-24).
// Thread: control. Must stay true: what is kept of one request is bounded, whatever clients hold.
import type {
  SubscriptionAnswer,
  SubscriptionEntry,
  SubscriptionPlace,
  SubscriptionQuery,
} from "@weft/broker";
import type { MonitorFacts, Steps } from "./facts.ts";

/** Subscriptions of one connection that a page lists; the rest is left out. */
export const LISTED_PER_CONNECTION_MAX = 16_384;
/** The same for a whole page. */
export const LISTED_PER_PAGE_MAX = 262_144;

const BEGINNING: SubscriptionPlace = { clientId: 0, passed: 0 };

/** An open connection and the thread that has it. */
export interface ListedConnection {
  readonly clientId: number;
  readonly worker: number;
}

type Wish = Pick<SubscriptionQuery, "colliding">;

/** Subscriptions by client id, `entriesMax` at most; connections without any are not in it. */
export function* collectSubscriptions(
  facts: MonitorFacts,
  connections: readonly ListedConnection[],
  wish: Wish = {},
  entriesMax = LISTED_PER_PAGE_MAX,
): Steps<Map<number, SubscriptionEntry[]>> {
  const listed = new Map<number, SubscriptionEntry[]>();
  let left = entriesMax;
  for (const { threadIndex } of facts.workers()) {
    const clientIds = connections
      .filter(({ worker }) => worker === threadIndex)
      .map(({ clientId }) => clientId)
      .sort((a, b) => a - b);
    if (clientIds.length === 0) continue;
    const query = { ...wish, clientIds, skip: 0, takeOfEach: LISTED_PER_CONNECTION_MAX };
    for (let from: SubscriptionPlace | undefined = BEGINNING; from !== undefined && left > 0; ) {
      const answer: SubscriptionAnswer | undefined = yield {
        kind: "subscriptions",
        worker: threadIndex,
        query: { ...query, from, take: left },
      };
      for (const entry of answer?.entries ?? []) left -= keep(listed, entry);
      from = answer?.next;
    }
  }
  return listed;
}

/** How many entries were kept. */
function keep(listed: Map<number, SubscriptionEntry[]>, entry: SubscriptionEntry): number {
  const entries = listed.get(entry.clientId);
  if (entries === undefined) listed.set(entry.clientId, [entry]);
  else if (entries.length < LISTED_PER_CONNECTION_MAX) entries.push(entry);
  else return 0;
  return 1;
}

/** What `/subsz` asks for. */
export interface ListWish {
  readonly account?: number | undefined;
  /** Byte string. */
  readonly matching?: string | undefined;
  readonly skip: number;
  readonly take: number;
}

export interface ListedPage {
  readonly entries: readonly SubscriptionEntry[];
  /** All that fit, on the page or not. */
  readonly total: number;
}

/** One page over all workers, in their order. */
export function* listPage(facts: MonitorFacts, wish: ListWish): Steps<ListedPage> {
  const entries: SubscriptionEntry[] = [];
  const take = Math.min(wish.take, LISTED_PER_PAGE_MAX);
  let total = 0;
  for (const { threadIndex } of facts.workers()) {
    for (let from: SubscriptionPlace | undefined = BEGINNING; from !== undefined; ) {
      const query: SubscriptionQuery = {
        from,
        account: wish.account,
        matching: wish.matching,
        skip: Math.max(0, wish.skip - total),
        take: take - entries.length,
      };
      const answer: SubscriptionAnswer | undefined = yield {
        kind: "subscriptions",
        worker: threadIndex,
        query,
      };
      entries.push(...(answer?.entries ?? []));
      total += answer?.matched ?? 0;
      from = answer?.next;
    }
  }
  return { entries, total };
}
