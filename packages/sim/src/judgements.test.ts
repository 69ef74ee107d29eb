// AC-93, A57: a change of an account that has very many connections. They are judged in slices; from the
// first turn on nobody does anything by a right that was taken away.
import type { PermissionsSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { MANY, openOf, type Scene, scene, withoutTimers } from "./judged-scene.ts";

/** Of `judgements.ts`: what one turn judges. */
const SLICE = 64;
/** A message to so many, of such a size, is all the work of a turn. */
const FANS = 600;
const FAN_BYTES = 24_000;

describe("a change of an account with very many connections", () => {
  test("A57, AC-93: a turn judges a bounded number, each once", () => {
    const { world, users, change, step } = scene();
    change();
    expect(users.judged).toEqual([]);
    let turns = 0;
    for (let before = 0; before < MANY; turns += 1) {
      step();
      expect(users.judged.length - before).toBeLessThanOrEqual(SLICE);
      before = users.judged.length;
    }
    expect(turns).toBe(Math.ceil(MANY / SLICE));
    world.settle();
    expect(users.judged).toHaveLength(MANY);
    expect(new Set(users.judged).size).toBe(MANY);
  });

  test("A57: what takes long to judge takes a turn of its own", () => {
    const { world, users, change, step } = scene();
    users.onJudge = () => world.clock.spend(10);
    change();
    step();
    expect(users.judged).toHaveLength(1);
  });

  test("AZ-15, AC-93: who says something before his turn is judged before that", () => {
    const { world, users, clients, change } = scene();
    const [listener, publisher] = [clients[MANY - 2], clients[MANY - 1]] as [SimClient, SimClient];
    listener.subscribe("1", ">");
    world.settle();
    users.rights.set(`u${MANY - 1}`, { publish: { deny: ["secret"] } });
    change();
    publisher.publish("secret", "no");
    publisher.publish("open", "yes");
    withoutTimers(world);
    expect(users.judged).toEqual([`u${MANY - 1}`]);
    expect(listener.deliveries.map(({ payload }) => payload)).toEqual(["yes"]);
    expect(publisher.errors).toEqual(['Permissions Violation for Publish to "secret"']);
    world.settle();
    expect(users.judged).toHaveLength(MANY);
    world.assertQuiet();
  });

  test("AZ-15: what was said before the change, and waits, goes on by the new rights", () => {
    const { world, users, clients, change } = scene(1 << 18);
    const [crowd, publisher] = [clients[0], clients[MANY - 1]] as [SimClient, SimClient];
    for (let sid = 0; sid < 600; sid += 1) crowd.subscribe(`${sid}`, "fan");
    crowd.subscribe("secret", "secret");
    world.settle();
    publisher.send(`${"PUB fan 1\r\nx\r\n".repeat(400)}PUB secret 1\r\n!\r\n`);
    for (let count = 0; count < 50 && !publisher.transport.paused; count += 1) world.run(1);
    expect(publisher.transport.paused).toBe(true);
    users.rights.set(`u${MANY - 1}`, { publish: { deny: ["secret"] } });
    change();
    world.settle();
    expect(crowd.deliveries.filter(({ subject }) => subject === "secret")).toEqual([]);
    expect(crowd.deliveries).toHaveLength(600 * 400);
    expect(publisher.errors).toHaveLength(1);
    world.assertQuiet();
  });

  test("CP-84: who has gone goes first, and reads why", () => {
    const { world, users, clients, change, step } = scene();
    for (let place = MANY - 10; place < MANY; place += 1) users.gone.add(`u${place}`);
    change();
    users.gone.clear();
    step();
    withoutTimers(world);
    expect(openOf(clients)).toBe(MANY - 10);
    expect(openOf(clients.slice(-10))).toBe(0);
    expect(clients[MANY - 1]?.errors).toEqual(["User Authentication Revoked"]);
    world.settle();
    expect(users.judged).toHaveLength(MANY - 10);
  });

  test("AC-93: who goes or logs in anew meanwhile, and another change", () => {
    const { world, users, clients, change, step } = scene();
    change();
    step();
    const [late, anew] = [clients[MANY - 1], clients[MANY - 2]] as [SimClient, SimClient];
    late.close();
    anew.connect({ user: `u${MANY - 2}`, pass: "" });
    users.rights.delete("u0");
    users.rights.delete(`u${MANY - 3}`);
    change();
    world.settle();
    expect(world.faults).toEqual([]);
    expect(openOf(clients)).toBe(MANY - 3);
    expect(clients[0]?.errors).toEqual(["User Authentication Expired"]);
    world.assertQuiet();
  });

  test("RL-06: a reload judges all that wait, once, and cuts who is known to have gone", () => {
    const { world, users, clients, change, step } = scene();
    users.gone.add("u5");
    change();
    users.gone.clear();
    const { snapshot } = world.core(1).rules;
    let done = 0;
    world.core(1).applySnapshot({ snapshot, sameSecrets: new Set() }, () => {
      expect(users.judged).toHaveLength(MANY - 1);
      done += 1;
    });
    world.core(1).flush();
    for (let turns = 1; done === 0 && turns < 20; turns += 1) {
      expect(users.judged.length).toBeLessThanOrEqual(turns * SLICE);
      step();
    }
    world.settle();
    expect(new Set(users.judged).size).toBe(MANY - 1);
    expect(openOf(clients)).toBe(MANY - 1);
    expect(done).toBe(1);
    world.assertQuiet();
  });

  test("A57, RL-06: a lower limit ends the newest, in slices, when all are judged", () => {
    const { world, users, clients, change, step } = scene();
    users.rights.delete("u3");
    change(20);
    let before = MANY;
    for (let turn = 0; turn < 20; turn += 1) {
      step();
      withoutTimers(world);
      const now = openOf(clients);
      expect(before - now).toBeLessThanOrEqual(SLICE);
      if (users.judged.length < MANY) expect(now).toBeGreaterThanOrEqual(MANY - 1);
      before = now;
    }
    expect(openOf(clients)).toBe(20);
    expect(openOf(clients.slice(0, 21))).toBe(20);
    expect(clients[MANY - 1]?.errors).toEqual(["maximum account active connections exceeded"]);
  });

  describe.each([false, true])("where the change moves messages: %s", (movesMessages) => {
    test("AZ-15, AZ-17: what a subscription that stays may not get any more ends with its judgement", () => {
      const { world, users, clients, change } = scene();
      const [listener, member, publisher] = clients as [SimClient, SimClient, SimClient];
      listener.subscribe("1", "x.>");
      member.subscribe("1", "x.>", "q");
      world.settle();
      const say = (payload: string): void => {
        for (const subject of ["x.open", "x.secret"]) publisher.publish(subject, payload);
        withoutTimers(world);
      };
      for (const payload of ["1", "2"]) say(payload);
      for (const name of ["u0", "u1"])
        users.rights.set(name, { subscribe: { deny: ["x.secret"] } });
      change(undefined, movesMessages);
      // The publisher is judged now; who only listens is not yet, and plans are made.
      for (let count = 0; count < 3; count += 1) say("between");
      world.settle();
      say("after");
      publisher.publish("x.other", "after");
      world.settle();
      const heard = ({ deliveries }: SimClient): string[] =>
        deliveries.filter(({ payload }) => payload === "after").map(({ subject }) => subject);
      expect(heard(listener)).toEqual(["x.open", "x.other"]);
      expect(heard(member)).toEqual(["x.open", "x.other"]);
      // Rights that come back.
      for (const name of ["u0", "u1"]) users.rights.set(name, undefined);
      change(undefined, movesMessages);
      world.settle();
      say("after");
      expect(heard(listener)).toEqual(["x.open", "x.other", "x.open", "x.secret"]);
      world.assertQuiet();
    });

    test("AZ-14: who may answer from now on can answer what reaches it by a kept plan", () => {
      const { world, users, clients, change } = scene();
      const [answering, asking] = clients as [SimClient, SimClient];
      const none = { publish: { allow: ["nothing"] } };
      users.rights.set("u0", none);
      change();
      world.settle();
      answering.subscribe("1", "ask");
      world.settle();
      for (const payload of ["1", "2"]) asking.publish("ask", payload, "inbox.1");
      world.settle();
      users.rights.set("u0", { ...none, responses: { messagesMax: 1, expiresMs: 60_000 } });
      change(undefined, movesMessages);
      world.settle();
      asking.subscribe("1", "inbox.>");
      asking.publish("ask", "3", "inbox.2");
      world.settle();
      answering.publish("inbox.2", "yes");
      world.settle();
      expect(answering.errors).toEqual([]);
      expect(asking.deliveries.map(({ payload }) => payload)).toEqual(["yes"]);
    });
  });

  /** A publisher whose turn is spent before it says `own` and `secret`, `rounds` times. */
  function spentScene(
    rounds: number,
    rights?: PermissionsSpec | undefined,
  ): Scene & { crowd: SimClient; publisher: SimClient } {
    const made = scene(1 << 19);
    const { world, users, clients } = made;
    users.rights.set(`u${MANY - 1}`, rights);
    made.change();
    world.settle();
    const [crowd, publisher] = [clients[0], clients[MANY - 1]] as [SimClient, SimClient];
    for (let sid = 0; sid < FANS; sid += 1) crowd.subscribe(`${sid}`, "fan");
    for (const subject of ["own", "secret"]) crowd.subscribe(subject, subject);
    world.settle();
    for (let count = 0; count < 3; count += 1) publisher.publish("own", "kept");
    world.settle();
    const fan = `PUB fan ${FAN_BYTES}\r\n${"f".repeat(FAN_BYTES)}\r\n`;
    const round = (sid: number): string =>
      `${fan}SUB foo ${sid}\r\nPUB own 1\r\nx\r\nPUB secret 1\r\n!\r\n`;
    publisher.send(Array.from({ length: rounds }, (_, sid) => round(sid)).join(""));
    return { ...made, crowd, publisher };
  }

  function heard({ deliveries }: SimClient, wanted: string): number {
    return deliveries.filter(({ subject, payload }) => subject === wanted && payload !== "kept")
      .length;
  }

  test("AZ-01: a judgement does not lend a parked publish's admission to the next one", () => {
    const rounds = 8;
    const rights = { publish: { deny: ["secret"] } };
    const { world, change, crowd, publisher } = spentScene(rounds, rights);
    let changes = 0;
    for (let count = 0; count < 400; count += 1) {
      world.run(1);
      if (!publisher.transport.paused) continue;
      change();
      changes += 1;
    }
    world.settle();
    expect(changes).toBeGreaterThan(0);
    expect([heard(crowd, "own"), heard(crowd, "secret")]).toEqual([rounds, 0]);
    expect(publisher.errors).toHaveLength(rounds);
  });

  test("AZ-15: a publish that was parked is looked at again by the new rights", () => {
    const { world, users, change, crowd, publisher } = spentScene(1);
    for (let step = 0; step < 50 && !publisher.transport.paused; step += 1) world.run(1);
    expect(publisher.transport.paused).toBe(true);
    users.rights.set(`u${MANY - 1}`, { publish: { deny: ["own"] } });
    change();
    world.settle();
    expect([heard(crowd, "own"), heard(crowd, "secret")]).toEqual([0, 1]);
    expect(publisher.errors).toEqual(['Permissions Violation for Publish to "own"']);
  });

  test("RL-06: a lowered limit does not wait for judgements without end", () => {
    const { world, clients, change, step } = scene();
    change(20);
    for (let turn = 0; turn < 60; turn += 1) {
      world.clock.spend(20);
      change();
      step();
      withoutTimers(world);
    }
    expect(openOf(clients)).toBe(20);
  });

  test("A57: slices grow with the turns of a busy worker", () => {
    const { world, users, change, step } = scene();
    change();
    world.clock.spend(45);
    step();
    expect(users.judged).toHaveLength(3 * SLICE);
    world.settle();
  });
});
