import type { ConnectionOrder } from "@weft/broker";
import { expect, test } from "vitest";
import { WorkerOrders } from "./worker-orders.ts";

const KICK: ConnectionOrder = { clientId: 7, what: "kick" };

function create(workersCount: number) {
  const told: { readonly worker: number; readonly ticket: number }[] = [];
  const orders = new WorkerOrders(workersCount, (worker, ticket) => told.push({ worker, ticket }));
  return { orders, told };
}

test("CP-112: the worker that has the connection answers for all", async () => {
  const { orders, told } = create(3);
  const answer = orders.ask(KICK);
  expect(told.map(({ worker }) => worker)).toEqual([0, 1, 2]);
  const ticket = told[0]?.ticket ?? 0;
  orders.answered({ ticket, answer: undefined });
  orders.answered({ ticket, answer: { refusal: "why" } });
  orders.answered({ ticket, answer: undefined });
  await expect(answer).resolves.toEqual({ refusal: "why" });
});

test("CP-112: nobody has it; one alone is asked; the workers are gone", async () => {
  const { orders, told } = create(2);
  const nobody = orders.ask(KICK);
  for (const { ticket } of told) orders.answered({ ticket, answer: undefined });
  await expect(nobody).resolves.toBeUndefined();
  const one = orders.ask(KICK, 2);
  expect(told.slice(2)).toEqual([{ worker: 1, ticket: 2 }]);
  orders.close();
  await expect(one).resolves.toBeUndefined();
});
