// AC-93, A57: logins and judgements that take long. One account keeps no other waiting, and nobody is held
// up by all who say something at the same time.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { MANY, openOf, type Scene, scene, withoutTimers } from "./judged-scene.ts";

describe("judgements and logins that are dear", () => {
  test("A57, AC-93: what is dear to judge in one account does not keep another one waiting", () => {
    const { world, users, changeBoth, step } = scene();
    const others = Array.from({ length: 20 }, (_, place) => `o${place}`);
    for (const user of others) {
      users.rights.set(user, undefined);
      world.connect(1, { user, pass: "" });
    }
    world.settle();
    users.onJudge = (user) => world.clock.spend(user.startsWith("o") ? 0.1 : 30);
    changeBoth();
    for (let turn = 0; turn < 12; turn += 1) step();
    expect(users.judged.filter((user) => user.startsWith("o"))).toHaveLength(others.length);
    world.settle();
    expect(users.judged).toHaveLength(MANY + others.length);
    world.assertQuiet();
  });

  describe("A57: one pass of the loop, where each judgement takes 4 ms", () => {
    /** In 10 ms three are begun. */
    const IN_A_PASS = 3;

    function dear(): Scene {
      const made = scene();
      made.users.onJudge = () => made.world.clock.spend(4);
      return made;
    }

    test("lets some of those who say something go on, the others when they were judged", () => {
      const { world, users, clients, change, step } = dear();
      const [listener] = clients as [SimClient];
      listener.subscribe("1", "said");
      world.settle();
      change();
      for (const client of clients) client.publish("said", ".");
      withoutTimers(world);
      expect(users.judged).toHaveLength(IN_A_PASS);
      expect(listener.deliveries).toHaveLength(IN_A_PASS);
      step();
      expect(users.judged.length).toBeGreaterThan(IN_A_PASS);
      world.settle();
      expect(users.judged).toHaveLength(MANY);
      expect(listener.deliveries).toHaveLength(MANY);
      world.assertQuiet();
    });

    test("RL-06: a reload lets all of them go on", () => {
      const { world, clients, change } = dear();
      const [listener] = clients as [SimClient];
      listener.subscribe("1", "said");
      world.settle();
      change();
      for (const client of clients) client.publish("said", ".");
      withoutTimers(world);
      const { snapshot } = world.core(1).rules;
      world.core(1).applySnapshot({ snapshot, sameSecrets: new Set() }, () => undefined);
      world.core(1).flush();
      world.settle();
      expect(listener.deliveries).toHaveLength(MANY);
      for (const client of clients) client.publish("said", ".");
      world.settle();
      expect(listener.deliveries).toHaveLength(2 * MANY);
      world.assertQuiet();
    });

    test.each(["u1", "a1"])(
      "begins some of the logins, the others in the next ones: %s",
      (user) => {
        const { world, users, step } = dear();
        users.rights.set(user, undefined);
        const before = users.begun;
        const late = Array.from({ length: 20 }, () => world.connect(1, { user, pass: "" }));
        withoutTimers(world);
        expect(users.begun - before).toBe(IN_A_PASS);
        step();
        expect(users.begun - before).toBe(2 * IN_A_PASS);
        for (const client of late.slice(0, 5)) client.close();
        const { snapshot } = world.core(1).rules;
        world.core(1).applySnapshot({ snapshot, sameSecrets: new Set() }, () => undefined);
        world.settle();
        for (const client of late.slice(5)) client.subscribe("1", "x");
        world.settle();
        expect(openOf(late)).toBe(15);
        late[7]?.publish("x", ".");
        world.settle();
        expect(late.slice(5).map(({ deliveries }) => deliveries.length)).toEqual(Array(15).fill(1));
        world.assertQuiet();
      },
    );
  });
});
