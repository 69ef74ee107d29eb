// What control does with the answers of workers.
import { expect, test } from "vitest";
import { SubscriptionLists } from "./subscription-lists.ts";

test("MO-18: an answer that comes too late is none: the list is not gone on with", async () => {
  let nowMs = 0;
  const tickets: number[] = [];
  const lists = new SubscriptionLists(
    (_worker, message) => {
      if (message.kind === "list-subscriptions") tickets.push(message.ticket);
    },
    () => nowMs,
  );
  const ask = () => lists.ask(1, { from: { clientId: 0, passed: 0 }, skip: 0, take: 1 });
  const answer = { entries: [], matched: 1, next: { clientId: 1, passed: 1 } };
  const inTime = ask();
  nowMs += 2_000;
  lists.answered(tickets[0] as number, answer);
  expect(await inTime).toBe(answer);
  const late = ask();
  nowMs += 2_001;
  lists.answered(tickets[1] as number, answer);
  expect(await late).toBeUndefined();
  expect(lists.waiting).toBe(0);
});
