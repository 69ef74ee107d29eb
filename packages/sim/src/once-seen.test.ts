// ADR 0005: a subject that is seen once leaves no plan behind, also where the node that its sender
// named cannot serve it.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { numbers } from "./run-frames.ts";
import { World } from "./world.ts";

const CASES: readonly (readonly [string, (client: SimClient) => void])[] = [
  ["plain", (client) => client.subscribe("1", "in.*")],
  ["with a maximum", (client) => client.send("SUB in.* 1\r\nUNSUB 1 100000\r\n")],
  [
    "five of them",
    (client) =>
      client.send(
        numbers(5)
          .map((sid) => `SUB in.* ${sid}\r\n`)
          .join(""),
      ),
  ],
];

describe("a subject that comes once leaves no plan behind", () => {
  for (const [what, subscribe] of CASES) {
    test(`on the receiver's thread: ${what}`, () => {
      const world = new World({ seed: 6, workers: 2 });
      const receiver = world.connect(2);
      subscribe(receiver);
      const publisher = world.connect(1);
      world.settle();
      for (const place of numbers(200)) publisher.publish(`in.${place}`, "a");
      world.settle();
      expect(new Set(receiver.deliveries.map(({ subject }) => subject)).size).toBe(200);
      // A few may look like seen before: the memory of subjects is hashed.
      expect(world.core(1).publisher.cache.bytes).toBeLessThan(4_000);
      expect(world.core(2).publisher.cache.bytes).toBeLessThan(4_000);
    });
  }
});
