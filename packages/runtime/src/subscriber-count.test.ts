// SY-35: what is asked of workers for a count.
import type { SubscriptionAnswer, SubscriptionQuery } from "@weft/broker";
import { expect, test } from "vitest";
import { countSubscribers } from "./subscriber-count.ts";
import { SubscriptionLists } from "./subscription-lists.ts";

test.each([
  [undefined, ["subject"], "4"],
  ["workers", ["subject", "queue"], "2"],
])("SY-35: with queue %s only the texts that decide are asked for", async (queue, texts, count) => {
  const queries: SubscriptionQuery[] = [];
  const entry = { clientId: 1, account: 1, subject: "a.b", sid: "", delivered: 0, max: 0 };
  const next = { clientId: 1, passed: 1 };
  const pieces: SubscriptionAnswer[] = [
    { entries: [entry], matched: 1, next },
    { entries: [{ ...entry, queue: "workers" }], matched: 1 },
  ];
  const lists = new SubscriptionLists((_worker, message) => {
    if (message.kind !== "list-subscriptions") return;
    const { ticket, query } = message;
    queries.push(query);
    const piece = pieces[query.from.passed];
    queueMicrotask(() => lists.answered(ticket, piece));
  });
  const counted = await countSubscribers({ account: 1, filter: "a.*", queue }, 2, lists);
  expect(String(counted)).toBe(count);
  expect(queries).toHaveLength(4);
  for (const query of queries) expect(query).toMatchObject({ account: 1, texts });
});
