// MO-18: what is asked of a worker for a page: no more than the page can show.
import type { SubscriptionEntry, SubscriptionPlace } from "@weft/broker";
import { expect, test } from "vitest";
import { collectSubscriptions, LISTED_PER_CONNECTION_MAX } from "./listed-subscriptions.ts";
import { FakeServer } from "./testing/fake-server.ts";

function entries(clientId: number, count: number): SubscriptionEntry[] {
  return Array.from({ length: count }, (_, sid) => {
    return { clientId, account: 0, subject: "s", sid: String(sid), delivered: 0, max: 0 };
  });
}

test("A57, MO-18: a worker is told how many of a connection and of the page are wanted", () => {
  const { facts } = new FakeServer();
  const worker = facts.workers()[0]?.threadIndex ?? -1;
  const steps = collectSubscriptions(facts, [{ clientId: 7, worker }], {}, 100);
  const next: SubscriptionPlace = { clientId: 7, passed: 60, listed: 60 };
  expect(steps.next().value).toMatchObject({
    query: { clientIds: [7], take: 100, takeOfEach: LISTED_PER_CONNECTION_MAX },
  });
  const second = steps.next({ entries: entries(7, 60), matched: 60, next });
  expect(second.value).toMatchObject({ query: { from: next, take: 40 } });
  const last = steps.next({ entries: entries(7, 40), matched: 900, next });
  expect(last.done).toBe(true);
});
