// `/subsz`: subscriptions and what routing knows of them (MO-24). Thread: control.
import { LIMITS } from "@weft/base";
import { isValidLiteralSubject, subjectFromText } from "@weft/subjects";
import { type AccountTotals, accountTotals } from "./account-totals.ts";
import { subscriptionInfo } from "./connection-info.ts";
import type { AccountFacts, MonitorFacts, Steps } from "./facts.ts";
import type { JsonObject } from "./go-json.ts";
import { timeText } from "./go-text.ts";
import { listPage } from "./listed-subscriptions.ts";
import type { Outcome } from "./page.ts";
import { PAGE_TOO_LARGE } from "./page-bytes.ts";
import type { Query } from "./query.ts";

export const SUBSCRIPTIONS_LIMIT_DEFAULT = 1_024n;
/** Subscriptions that are written out between two pauses. */
const SLICE_SUBSCRIPTIONS = 4_096;

export interface SubszOptions {
  readonly subscriptions: boolean;
  readonly offset: bigint;
  readonly limit: bigint;
  readonly account: string;
  /** Only subscriptions that a message on this subject would reach. */
  readonly test: string;
}

export function subszOptions(query: Query): SubszOptions {
  return {
    subscriptions: query.boolean("subs"),
    offset: query.integer("offset"),
    limit: query.integer("limit"),
    account: query.text("acc"),
    test: query.text("test"),
  };
}

/** `bytesMax`: what the page may have; as for the system account unless told. */
export function* subsz(
  facts: MonitorFacts,
  options: SubszOptions,
  bytesMax: number = LIMITS.systemPageBytesMax,
): Steps<Outcome> {
  const { test, account } = options;
  const matching = test === "" ? undefined : subjectFromText(test);
  if (matching !== undefined && !isValidLiteralSubject(matching)) {
    return { mistake: `invalid test subject, must be valid publish subject: ${test}` };
  }
  const offset = options.offset < 0n ? 0n : options.offset;
  const limit = options.limit <= 0n ? SUBSCRIPTIONS_LIMIT_DEFAULT : options.limit;
  const names = new AccountNames(facts);
  const head: JsonObject = { server_id: facts.server.id, now: timeText(facts.unixNanos()) };
  const stats =
    account === "" ? totalStats(facts) : accountStats(yield* accountTotals(facts, account));
  if (!options.subscriptions) return { ...head, ...stats, total: 0, offset, limit };
  const index = facts.accounts().find(({ name }) => name === account)?.index;
  if (account !== "" && index === undefined) return { ...head, ...stats, total: 0, offset, limit };
  const page = yield* listPage(facts, {
    account: index,
    matching,
    skip: Number(offset),
    take: Number(limit),
    textMax: bytesMax,
  });
  if (page === undefined) return { mistake: PAGE_TOO_LARGE };
  const listed: JsonObject[] = [];
  for (const entry of page.entries) {
    const { name, tag } = names.of(entry.account);
    listed.push(subscriptionInfo(entry, name, tag));
    if (listed.length % SLICE_SUBSCRIPTIONS === 0) yield { kind: "pause" };
  }
  return {
    ...head,
    ...stats,
    total: page.total,
    offset,
    limit,
    subscriptions_list: listed.length === 0 ? undefined : listed,
  };
}

interface AccountName {
  readonly name: string | undefined;
  /** What its token calls it, else the name. */
  readonly tag: string | undefined;
}

/** Names of accounts; tokens are looked at once for each account that is listed. */
class AccountNames {
  readonly #accounts: ReadonlyMap<number, AccountFacts>;
  readonly #names = new Map<number, AccountName>();

  constructor(facts: MonitorFacts) {
    this.#accounts = new Map(facts.accounts().map((account) => [account.index, account]));
  }

  of(index: number): AccountName {
    const known = this.#names.get(index);
    if (known !== undefined) return known;
    const account = this.#accounts.get(index);
    const name = { name: account?.name, tag: account?.claims?.().nameTag || account?.name };
    this.#names.set(index, name);
    return name;
  }
}

/** MO-24: a look-up is a message that came in; a miss is one whose plan had to be made. */
function totalStats(facts: MonitorFacts): JsonObject {
  const counted = facts.counters();
  const { subscriptions, subscriptionsAdded, inMessages, outMessages, planMisses } = counted;
  const hits = Math.max(0, inMessages - planMisses);
  return {
    num_subscriptions: subscriptions,
    num_cache: counted.plansKept,
    num_inserts: subscriptionsAdded,
    num_removes: Math.max(0, subscriptionsAdded - subscriptions),
    num_matches: inMessages,
    cache_hit_rate: inMessages === 0 ? 0 : hits / inMessages,
    max_fanout: Math.max(0, ...facts.workers().map(({ counters }) => counters.fanoutMax)),
    avg_fanout: inMessages === 0 ? 0 : outMessages / inMessages,
  };
}

/** Statistics of one account: routing keeps few by account. */
export function accountStats(totals: AccountTotals): JsonObject {
  const { subscriptions, inMessages, outMessages } = totals;
  return {
    num_subscriptions: subscriptions,
    num_cache: 0,
    num_inserts: 0,
    num_removes: 0,
    num_matches: inMessages,
    cache_hit_rate: 0,
    max_fanout: 0,
    avg_fanout: inMessages === 0 ? 0 : outMessages / inMessages,
  };
}
