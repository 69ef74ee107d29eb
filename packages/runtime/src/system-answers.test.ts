// What requests to the system account cost the workers. Ports of the server stand around it.
import { LIMITS } from "@weft/base";
import type { Service } from "@weft/control";
import { expect, test } from "vitest";
import { RenderTurns } from "./render-turns.ts";
import { SubscriptionLists } from "./subscription-lists.ts";
import { type AnswerParts, SystemAnswers } from "./system-answers.ts";

const WAITING_MAX = 5;
const NOTHING = Buffer.alloc(0);

/** A server of two workers, which answer when they are let. */
function bench() {
  const asked: { ticket: number; passed: number }[] = [];
  const lists = new SubscriptionLists((_worker, message) => {
    if (message.kind !== "list-subscriptions") return;
    asked.push({ ticket: message.ticket, passed: message.query.from.passed });
  });
  const waitingMax = { http: WAITING_MAX, system: WAITING_MAX, account: WAITING_MAX };
  const turns = new RenderTurns({ atOnce: LIMITS.monitorPagesAtOnce, waitingMax });
  const said: string[] = [];
  const answers = new SystemAnswers({
    participant: { countSubscriptions: () => 7 },
    publisher: {
      server: { name: "here" },
      text: (_reply: string, text: string) => said.push(text),
      refuse: (_reply: string, { code }: { code: number }) => said.push(`refused ${code}`),
    },
    parts: {
      snapshot: { accounts: { accounts: [] } },
      regions: { threadsCount: 3 },
      pages: async () => ({ turns, sources: { lists } }),
    },
  } as unknown as AnswerParts);
  const count = (filter: string): Promise<void> =>
    answers.answer({
      service: { kind: "subscribers" } as Service,
      account: 1,
      thread: 1,
      subject: "$SYS.DEBUG.SUBSCRIBERS",
      reply: "reply",
      header: NOTHING,
      payload: Buffer.from(filter),
      isTooLong: false,
      isForeign: false,
    });
  return { asked, lists, said, count };
}

test("SY-35: counts over all workers wait for their turn, as pages do; more are refused", async () => {
  const { asked, lists, said, count } = bench();
  const room = LIMITS.monitorPagesAtOnce + WAITING_MAX;
  const done = Array.from({ length: room + 3 }, () => count("a.*"));
  await expect.poll(() => said).toEqual(Array(3).fill("refused 503"));
  // What is known without them is told at once.
  await count("a.b");
  expect(said.splice(0)).toHaveLength(4);
  const entry = { clientId: 1, account: 1, subject: "a.b", sid: "1", delivered: 0, max: 0 };
  const first = { entries: [entry], matched: 1, next: { clientId: 1, passed: 1 } };
  const last = { entries: [entry, { ...entry, subject: ">" }], matched: 2 };
  let most = 0;
  while (said.length < room) {
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    most = Math.max(most, lists.waiting);
    for (const { ticket, passed } of asked.splice(0)) {
      lists.answered(ticket, passed === 0 ? first : last);
    }
    await new Promise(setImmediate);
  }
  await Promise.all(done);
  expect(most).toBe(LIMITS.monitorPagesAtOnce);
  // Two of each worker lie within the filter.
  expect(said).toEqual(Array(room).fill("4"));
});
