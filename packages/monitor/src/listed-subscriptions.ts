// Asks workers for subscriptions, piece by piece, and puts the pieces together (MO-18, MO-24).
// Thread: control. Must stay true: what is kept of one request is bounded in number and in text,
// whatever clients hold. A text takes at least its length on a page, so what is refused here for its
// text would be refused as a page.
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

export interface CollectWish {
  /** As in a query. */
  readonly colliding?: SubscriptionQuery["colliding"];
  readonly texts?: SubscriptionQuery["texts"];
  /** Of one connection; undefined = what a page lists. */
  readonly takeOfEach?: number;
  readonly entriesMax: number;
  /** Of all texts together. */
  readonly textMax: number;
}

/**
 * Subscriptions by client id, `entriesMax` at most; connections without any are not in it. Undefined:
 * they have more text than `textMax`.
 */
export function* collectSubscriptions(
  facts: MonitorFacts,
  connections: readonly ListedConnection[],
  wish: CollectWish,
): Steps<Map<number, SubscriptionEntry[]> | undefined> {
  const { colliding, texts, takeOfEach = LISTED_PER_CONNECTION_MAX } = wish;
  const listed = new Map<number, SubscriptionEntry[]>();
  let left = wish.entriesMax;
  let textLeft = wish.textMax;
  for (const { threadIndex } of facts.workers()) {
    const clientIds = connections
      .filter(({ worker }) => worker === threadIndex)
      .map(({ clientId }) => clientId)
      .sort((a, b) => a - b);
    if (clientIds.length === 0) continue;
    const query = { colliding, texts, clientIds, skip: 0, takeOfEach };
    for (let from: SubscriptionPlace | undefined = BEGINNING; from !== undefined && left > 0; ) {
      const answer: SubscriptionAnswer | undefined = yield {
        kind: "subscriptions",
        worker: threadIndex,
        query: { ...query, from, take: left },
      };
      for (const entry of answer?.entries ?? []) {
        if (!keep(listed, entry, takeOfEach)) continue;
        left -= 1;
        textLeft -= textOf(entry);
        if (textLeft < 0) return undefined;
      }
      from = answer?.next;
    }
  }
  return listed;
}

/** Whether it was kept. */
function keep(
  listed: Map<number, SubscriptionEntry[]>,
  entry: SubscriptionEntry,
  takeOfEach: number,
): boolean {
  const entries = listed.get(entry.clientId);
  if (entries === undefined) listed.set(entry.clientId, [entry]);
  else if (entries.length < takeOfEach) entries.push(entry);
  else return false;
  return true;
}

/** Characters, each of which takes a byte or more on a page. */
function textOf({ subject, queue, sid }: SubscriptionEntry): number {
  return subject.length + (queue?.length ?? 0) + sid.length;
}

/** What `/subsz` asks for. */
export interface ListWish {
  readonly account?: number | undefined;
  /** Byte string. */
  readonly matching?: string | undefined;
  readonly skip: number;
  readonly take: number;
  /** Of all texts together. */
  readonly textMax: number;
}

export interface ListedPage {
  readonly entries: readonly SubscriptionEntry[];
  /** All that fit, on the page or not. */
  readonly total: number;
}

/** One page over all workers, in their order. Undefined: it has more text than `textMax`. */
export function* listPage(facts: MonitorFacts, wish: ListWish): Steps<ListedPage | undefined> {
  const entries: SubscriptionEntry[] = [];
  const take = Math.min(wish.take, LISTED_PER_PAGE_MAX);
  let total = 0;
  let textLeft = wish.textMax;
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
      for (const entry of answer?.entries ?? []) {
        entries.push(entry);
        textLeft -= textOf(entry);
        if (textLeft < 0) return undefined;
      }
      total += answer?.matched ?? 0;
      from = answer?.next;
    }
  }
  return { entries, total };
}
