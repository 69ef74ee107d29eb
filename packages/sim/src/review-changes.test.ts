// CP-91, AZ-16, AZ-17: rights that change again while the subscriptions of a client are looked at.
import { createPrng, type Prng } from "@weft/base";
import { matches } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import { fill, MANY, NO_D, revoked, rightsScene, withoutTimers } from "./rights-scene.ts";
import { forEachSeed } from "./seeds.ts";

/** By more of them no review looks: what the oldest alone denied may stay. */
const SETS_MAX = 8;

/** Rights over the first tokens `a` to `e`: everything, or without one filter or another. */
function drawRights(prng: Prng): readonly string[] {
  if (prng.below(6) === 0) return [];
  return ["a", "b", "c", "d", "e"].flatMap((token) => {
    const rule = [`${token}.>`, `${token}.s.*`, `${token}.s.1`][prng.below(9)];
    return rule === undefined ? [] : [rule];
  });
}

describe("rights that change again while subscriptions are looked at", () => {
  test("CP-91: what was denied once goes, and is told of once", () => {
    const { world, many, change, step } = rightsScene(20);
    fill(many);
    world.settle();
    change(NO_D);
    step();
    change({ subscribe: { deny: ["a.>"] } });
    step();
    change(NO_D);
    step();
    const other = world.connect(1, { user: "plain", pass: "" });
    for (const sid of [0, 1, MANY - 2, MANY - 1]) {
      other.publish(`${sid % 2 === 0 ? "d" : "a"}.${sid}`, "no");
    }
    withoutTimers(world);
    world.settle();
    expect(many.deliveries).toEqual([]);
    expect(world.counters(1).subscriptions).toBe(0);
    expect(revoked(many)).toHaveLength(MANY);
    expect(new Set(revoked(many)).size).toBe(MANY);
    world.assertQuiet();
  });

  test("A57: ever new ones do not keep what was denied, and are bounded", () => {
    const { world, many, change, step } = rightsScene(21);
    fill(many);
    world.settle();
    change(NO_D);
    for (let count = 0; count < 100; count += 1) {
      step();
      change({ subscribe: { deny: ["d.>", `n.${count}`] } });
    }
    expect(world.counters(1).subscriptions).toBe(MANY / 2);
    world.settle();
    expect(revoked(many)).toHaveLength(MANY / 2);
    world.assertQuiet();
  });

  test("AZ-16, AZ-17: as a simple twin says, whatever comes between", () => {
    forEachSeed(72, 12, (seed) => {
      const prng = createPrng(seed);
      const { world, many, change, step } = rightsScene(seed, 1);
      const kept = new Map<string, string>();
      for (let sid = 0; sid < 3_000; sid += 1) {
        const token = "abcde"[prng.below(5)] as string;
        const filter = [`${token}.s.${prng.below(4)}`, `${token}.${prng.below(4)}`, `${token}.s.*`][
          prng.below(3)
        ] as string;
        kept.set(`${sid}`, filter);
        many.subscribe(`${sid}`, filter);
      }
      const publisher = world.connect(1, { user: "plain", pass: "" });
      world.settle();
      let denied: readonly string[] = [];
      const lost = new Set<string>();
      let changes = 0;
      for (let round = 0; round < 12; round += 1) {
        const draw = prng.below(4);
        if (draw < 2 && changes < SETS_MAX) {
          changes += 1;
          denied = drawRights(prng);
          change({ subscribe: { deny: denied } });
          for (const [sid, filter] of kept) {
            if (!denied.some((rule) => matches(rule, filter))) continue;
            kept.delete(sid);
            lost.add(sid);
          }
        }
        if (draw < 3) step();
        const token = "abcde"[prng.below(5)] as string;
        const subject = prng.below(2) === 0 ? `${token}.s.${prng.below(4)}` : `${token}.1`;
        publisher.publish(subject, "x");
        withoutTimers(world);
        const heard = many.takeDeliveries().map(({ sid }) => sid);
        const hidden = denied.some((rule) => matches(rule, subject));
        const wanted = hidden ? [] : [...kept].filter(([, filter]) => matches(filter, subject));
        expect(heard.sort(), `round ${round}`).toEqual(wanted.map(([sid]) => sid).sort());
      }
      world.settle();
      expect(revoked(many).sort()).toEqual([...lost].sort());
      expect(world.counters(1).subscriptions).toBe(kept.size);
      world.assertQuiet();
    });
  });
});
