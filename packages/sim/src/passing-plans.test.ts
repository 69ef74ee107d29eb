// ADR 0005: subjects that come once and differ in their last token share a plan, and nobody can tell:
// what is delivered equals a naive match, whoever subscribes to what in between (SU-01, SU-02).
import { createPrng } from "@weft/base";
import { matches } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const BEGINNINGS = ["_INBOX.client1.", "_INBOX.client2.", "deep.a.b.c.", "deep.x.b.c."];
const FILTERS = [
  "_INBOX.client1.*",
  "_INBOX.client2.>",
  "_INBOX.*.#",
  "_INBOX.client1.#",
  "deep.a.b.c.*",
  "deep.*.b.c.#",
  "deep.>",
  "deep.x.*.*.*",
];
const ROUNDS = process.env["WEFT_DEEP"] === "1" ? 400 : 4;
const STEPS = 400;

interface Live {
  readonly client: SimClient;
  readonly sid: string;
  readonly filter: string;
}

/** Payloads are of one message each. */
function byPayload(one: { payload: string; sid: string }, two: typeof one): number {
  return one.payload === two.payload
    ? one.sid.localeCompare(two.sid)
    : one.payload.localeCompare(two.payload);
}

/** Subscribes, unsubscribes and publishes at random; returns how many plans had to be made. */
function run(seed: number, workers: number): number {
  const prng = createPrng(seed);
  const pick = <T>(from: readonly T[]): T => from[prng.below(from.length)] as T;
  const world = new World({ seed, workers });
  const clients = [1, 2, 3].map((_, place) => world.connect(1 + (place % workers)));
  const publishers = [1, 2].map((_, place) => world.connect(1 + (place % workers)));
  world.settle();
  const live: Live[] = [];
  let published = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const what = prng.below(20);
    if (what === 0 && live.length < 12) {
      // Now and then the very subject that comes next.
      const filter = pick(FILTERS).replace("#", `${published + prng.below(3)}`);
      const one = { client: pick(clients), sid: `${step}`, filter };
      one.client.subscribe(one.sid, filter);
      live.push(one);
      world.settle();
    } else if (what === 1 && live.length > 0) {
      const [gone] = live.splice(prng.below(live.length), 1) as [Live];
      gone.client.unsubscribe(gone.sid);
      world.settle();
    } else {
      // Several in one turn share a frame where they go to another thread.
      const publisher = pick(publishers);
      const burst: { subject: string; payload: string }[] = [];
      for (let left = prng.below(5); left >= 0; left -= 1) {
        const subject = `${pick(BEGINNINGS)}${published}`;
        published += 1;
        burst.push({ subject, payload: `${"p".repeat(prng.below(40))}${published}` });
      }
      for (const { subject, payload } of burst) publisher.publish(subject, payload);
      world.settle();
      for (const client of clients) {
        const own = live.filter((one) => one.client === client);
        const wanted = burst.flatMap((message) =>
          own
            .filter(({ filter }) => matches(filter, message.subject))
            .map(({ sid }) => ({ ...message, sid })),
        );
        const got = client
          .takeDeliveries()
          .map(({ subject, payload, sid }) => ({ subject, payload, sid }));
        expect(got.sort(byPayload)).toEqual(wanted.sort(byPayload));
      }
    }
  }
  let misses = 0;
  for (let thread = 1; thread <= workers; thread += 1)
    misses += world.core(thread).publisher.misses;
  return misses;
}

describe.each([1, 2, 4])("workers %i", (workers) => {
  test("subjects with the same beginning reach whom they should", () => {
    for (let seed = 1; seed <= ROUNDS; seed += 1) run(seed * 7 + workers, workers);
  });
});

test("they are made from one plan while nobody's interest changes", () => {
  const world = new World({ seed: 3, workers: 2 });
  const receiver = world.connect(1);
  const far = world.connect(2);
  const publisher = world.connect(1);
  receiver.subscribe("1", "_INBOX.me.*");
  far.subscribe("2", "_INBOX.me.>");
  world.settle();
  const before = world.core(1).publisher.misses;
  for (let n = 0; n < 1_000; n += 1) publisher.publish(`_INBOX.me.${n}`, "x");
  world.settle();
  const wanted = Array.from({ length: 1_000 }, (_, n) => `_INBOX.me.${n}`);
  expect(receiver.takeDeliveries().map(({ subject }) => subject)).toEqual(wanted);
  expect(far.takeDeliveries().map(({ subject }) => subject)).toEqual(wanted);
  expect(world.core(1).publisher.misses - before).toBeLessThan(100);
});

test.each([47, 48, 49, 120])("a last token of %i bytes", (bytes) => {
  const world = new World({ seed: 4, workers: 1 });
  const receiver = world.connect(1);
  const publisher = world.connect(1);
  receiver.subscribe("12345", "_INBOX.me.*");
  world.settle();
  for (const length of [1, 3, bytes, 2, bytes]) {
    for (const letter of "abcdefgh") publisher.publish(`_INBOX.me.${letter.repeat(length)}`, "x");
  }
  world.settle();
  const subjects = receiver.takeDeliveries().map(({ subject }) => subject.length - 10);
  expect(subjects).toEqual([1, 3, bytes, 2, bytes].flatMap((length) => Array(8).fill(length)));
});
