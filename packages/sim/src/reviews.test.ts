// A57, AZ-16, AZ-17, CP-91: the rights of clients with very many subscriptions change. These are looked
// at in slices; from the change on nothing reaches one that is denied, and each is told of once.
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import {
  evenSids,
  fill,
  fillLong,
  MANY,
  NO_D,
  revoked,
  rightsScene,
  withoutTimers,
} from "./rights-scene.ts";
import { World } from "./world.ts";

/** Of `reviews.ts`: what one turn looks at, and what is looked at on the spot. */
const SLICE = 1_024;
const AT_ONCE = 256;

describe("the rights of a client with very many subscriptions change", () => {
  test("A57: a turn looks at a bounded number; who is denied goes, and reads it once", () => {
    const { world, many, change, step } = rightsScene(1);
    fill(many);
    world.settle();
    change(NO_D);
    let turns = 0;
    for (let before = MANY; world.counters(1).subscriptions > MANY / 2; turns += 1) {
      step();
      const now = world.counters(1).subscriptions;
      expect(before - now).toBeLessThanOrEqual(SLICE / 2);
      before = now;
    }
    expect(turns).toBeGreaterThanOrEqual(Math.floor(MANY / SLICE));
    world.settle();
    expect(revoked(many)).toEqual(evenSids());
    expect(world.counters(1).subscriptions).toBe(MANY / 2);
    expect(world.index(1).writer?.recordsUsed).toBe(MANY / 2 + 2);
    world.assertQuiet();
  });

  test("A57: what takes long to look at, or has thousands of tokens, is less in one turn", () => {
    const { world, many, change, step } = rightsScene(2);
    fillLong(many, 30);
    world.settle();
    change(NO_D);
    step();
    const left = world.counters(1).subscriptions;
    expect(left).toBeGreaterThan(15);
    expect(left).toBeLessThan(30);
    world.settle();
    expect(world.counters(1).subscriptions).toBe(0);
    expect(revoked(many)).toHaveLength(30);
  });

  test("a few are looked at on the spot", () => {
    const { world, many, change, step } = rightsScene(3);
    fill(many, AT_ONCE);
    world.settle();
    change(NO_D);
    step();
    expect(world.counters(1).subscriptions).toBe(AT_ONCE / 2);
    world.settle();
    expect(revoked(many)).toEqual(evenSids(AT_ONCE));
  });

  test.each([1, 2])("AZ-16, AZ-17: deny wins at once, threads: %i", (workers) => {
    const { world, many, change, step } = rightsScene(4, workers);
    fill(many);
    // Behind all others: looked at last.
    const special = ["x.>", "in.*.*", "d.q q", "d.deep.*"];
    for (const [place, filter] of special.entries()) many.send(`SUB ${filter} s${place}\r\n`);
    world.settle();
    const publishers = [1, workers].map((thread) =>
      world.connect(thread, { user: "plain", pass: "", no_responders: false }),
    );
    world.settle();
    const allowed = ["a.1", `a.${MANY - 1}`, "x.open"];
    const denied = ["d.0", `d.${MANY - 2}`, "x.secret", "d.q", "d.deep.one"];
    let round = 0;
    const say = (): void => {
      round += 1;
      for (const publisher of publishers) {
        for (const subject of [...allowed, ...denied]) publisher.publish(subject, `${round}`);
        // New each time, as the subjects of replies: without a kept plan.
        publisher.publish(`in.client.${round}`, `${round}`);
        publisher.publish(`in.secret.${round}`, `${round}`);
      }
      withoutTimers(world);
    };
    for (let count = 0; count < 3; count += 1) say();
    const each = allowed.length + denied.length + 2;
    expect(many.takeDeliveries()).toHaveLength(3 * 2 * each);
    change({ subscribe: { deny: ["d.>", "x.secret", "in.secret.*"] } });
    let turns = 0;
    for (; many.transport.paused || turns === 0; turns += 1) {
      step();
      say();
      const heard = many.takeDeliveries().map(({ subject }) => subject);
      const wanted = publishers.flatMap(() => [...allowed, `in.client.${round}`]);
      expect(heard.sort(), `turn ${turns}`).toEqual(wanted.sort());
    }
    expect(turns).toBeGreaterThan(4);
    say();
    expect(many.takeDeliveries()).toHaveLength(2 * (allowed.length + 1));
    world.settle();
    expect(revoked(many)).toEqual([...evenSids(), "s2", "s3"]);
    world.assertQuiet();
  });

  test.each([1, 2])("CP-64, SU-25: nobody is there any more, threads: %i", (workers) => {
    const { world, many, change, step } = rightsScene(5, workers);
    fill(many);
    many.send("SUB d.work q last\r\nSUB d.ask ask\r\n");
    world.settle();
    const asker = world.connect(workers, { user: "plain", pass: "" });
    asker.subscribe("1", "inbox");
    const stayer = world.connect(1, { user: "plain", pass: "" });
    world.settle();
    change(NO_D);
    step();
    expect(many.transport.paused).toBe(true);
    for (const subject of ["d.work", "d.ask"]) asker.publish(subject, "?", "inbox");
    withoutTimers(world);
    expect(asker.takeDeliveries().map(({ header }) => header)).toHaveLength(2);
    stayer.subscribe("1", "d.work", "q");
    withoutTimers(world);
    for (let count = 0; count < 8; count += 1) asker.publish("d.work", "?");
    withoutTimers(world);
    expect(many.transport.paused).toBe(true);
    expect(stayer.takeDeliveries()).toHaveLength(8);
    world.settle();
    expect(many.takeDeliveries()).toEqual([]);
  });

  test.each([
    ["very many", (client: SimClient) => fill(client)],
    ["a few long ones", (client: SimClient) => fillLong(client, 14)],
  ])("CP-64: the answer that nobody is there does not reach a denied inbox: %s", (_, fillUp) => {
    for (const isDenied of [false, true]) {
      const { world, many, change, step } = rightsScene(6, 2);
      const gone = world.connect(2, { user: "plain", pass: "" });
      for (let sid = 0; sid < MANY; sid += 1) gone.subscribe(`${sid}`, `w.${sid}`);
      fillUp(many);
      many.subscribe("in", "d.inbox");
      world.settle();
      // The index names it still, so its thread has to say that nobody is there.
      gone.close();
      withoutTimers(world);
      many.publish(`w.${MANY - 1}`, "?", "d.inbox");
      while (world.counters(1).inMessages === 0) world.run(1);
      expect(many.deliveries).toEqual([]);
      if (isDenied) {
        change(NO_D);
        step();
        expect(world.core(1).reviews.isIdle).toBe(false);
      }
      withoutTimers(world);
      expect(many.deliveries).toHaveLength(isDenied ? 0 : 1);
      world.settle();
      world.assertQuiet();
    }
  });

  test("CP-91: SUB, UNSUB, PUB and PING that follow are done when all are looked at", () => {
    const { world, many, change, step } = rightsScene(7);
    const listener = world.connect(1, { user: "plain", pass: "" });
    listener.subscribe("1", "said");
    fill(many);
    world.settle();
    change(NO_D);
    many.send("UNSUB 0\r\nUNSUB 1\r\nSUB d.new n1\r\nSUB a.new n2\r\nPUB said 1\r\nx\r\nPING\r\n");
    withoutTimers(world);
    step();
    withoutTimers(world);
    expect([many.pongs, listener.deliveries.length]).toEqual([0, 0]);
    many.onPong = () => expect(revoked(many)).toEqual(evenSids());
    world.settle();
    expect([many.pongs, listener.deliveries.length]).toEqual([1, 1]);
    expect(many.errors.at(-1)).toBe('Permissions Violation for Subscription to "d.new"');
    listener.publish("a.1", "gone");
    listener.publish("a.new", "new");
    world.settle();
    expect(many.deliveries.map(({ payload }) => payload)).toEqual(["new"]);
    expect(world.counters(1).subscriptions).toBe(MANY / 2 + 1);
    world.assertQuiet();
  });

  test("A57: it may end before", () => {
    for (const how of ["by itself", "by the server"]) {
      const { world, users, many, change, step } = rightsScene(8);
      fill(many);
      world.settle();
      change(NO_D);
      step();
      if (how === "by itself") many.close();
      else {
        users.rights.delete("many");
        change(undefined);
        users.rights.delete("many");
      }
      world.settle();
      world.advance(2_000);
      expect(many.closedBy, how).toBeDefined();
      expect(world.faults).toEqual([]);
      expect(world.index(1).writer?.recordsUsed).toBe(0);
      expect(world.counters(1)).toMatchObject({ subscriptions: 0, connections: 0 });
      expect(new Set(revoked(many)).size).toBe(revoked(many).length);
    }
  });

  test("CP-45: a lower limit of subscriptions is looked at when the denied ones are out", () => {
    for (const max of [MANY / 2, MANY / 2 - 1]) {
      const { world, users, many } = rightsScene(9);
      fill(many);
      world.settle();
      users.rights.set("many", NO_D);
      const core = world.core(1);
      const before = core.rules.snapshot;
      const snapshot = { ...before, limits: { ...before.limits, subscriptionsMax: max } };
      core.applySnapshot({ snapshot, sameSecrets: new Set() }, () => undefined);
      core.flush();
      world.settle();
      expect(revoked(many)).toEqual(evenSids());
      expect(many.errors.slice(MANY / 2)).toEqual(
        max === MANY / 2 ? [] : ["maximum subscriptions exceeded"],
      );
      world.advance(2_000);
      expect(many.closedBy === undefined).toBe(max === MANY / 2);
    }
  });

  test("CP-29, AN-11: subscriptions from before CONNECT are not those of who logs in", () => {
    const one = { user: "one", password: "x", account: "ONE" };
    const other = { user: "other", password: "x", account: "OTHER" };
    const accounts = [{ name: "ONE" }, { name: "OTHER" }];
    const auth = { noAuthUser: "one" };
    const options = { accounts, users: [one, other], auth };
    const world = new World({ seed: 11, workers: 1, recordsMax: 1 << 15, ...options });
    const client = world.open(1);
    fill(client);
    world.settle();
    client.connect({ user: "other", pass: "x" });
    client.subscribe("0", "d.last");
    const publishers = ["one", "other"].map((user) => world.connect(1, { user, pass: "x" }));
    world.settle();
    expect(world.counters(1).subscriptions).toBe(1);
    for (const [index, publisher] of publishers.entries()) {
      for (const subject of ["a.1", "d.0", "d.last"]) publisher.publish(subject, `${index}`);
    }
    withoutTimers(world);
    const got = client.takeDeliveries().map(({ subject, payload }) => `${subject} ${payload}`);
    expect(got).toEqual(["d.last 1"]);
  });

  test("RL-12, CP-91: a reload is over when all are looked at, and counts what went", () => {
    const { world, users, many } = rightsScene(10);
    fill(many);
    world.settle();
    users.rights.set("many", NO_D);
    const done: number[] = [];
    const { snapshot } = world.core(1).rules;
    world.core(1).applySnapshot({ snapshot, sameSecrets: new Set() }, (effects) => {
      expect(effects).toEqual({ closed: 0, subscriptionsRemoved: MANY / 2, connections: 1 });
      done.push(world.counters(1).subscriptions);
    });
    world.core(1).flush();
    withoutTimers(world);
    expect(done).toEqual([]);
    world.settle();
    expect(done).toHaveLength(1);
    expect(revoked(many)).toHaveLength(MANY / 2);
  });
});
