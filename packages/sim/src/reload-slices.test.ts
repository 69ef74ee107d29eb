// A57, RL-06, RL-12, RL-13: a reload with very many connections. They are judged in slices; from the
// first turn on nobody does anything by rules of before, and the reload is over when all are judged.
import type { SnapshotEffects } from "@weft/broker";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { scene as judgedScene } from "./judged-scene.ts";
import type { SnapshotOptions } from "./snapshot.ts";
import { World } from "./world.ts";

const MANY = 200;
/** Of `judgements.ts`: what one turn judges. */
const SLICE = 64;
/** A message to so many, of such a size, is all the work of a turn. */
const FANS = 600;
const FAN_BYTES = 24_000;

function user(name: string, deny?: { publish?: string; subscribe?: string }) {
  const rules = (subject: string | undefined) => subject && { deny: [subject] };
  const publish = rules(deny?.publish) || undefined;
  const subscribe = rules(deny?.subscribe) || undefined;
  return { user: name, password: "x", permissions: { publish, subscribe } };
}

const BEFORE = { users: [user("many"), user("one")] };

interface Scene {
  readonly world: World;
  /** The first is `one`, the others are `many`. */
  readonly clients: readonly SimClient[];
  /** Of reloads that are over. */
  readonly effects: SnapshotEffects[];
  reload(options: SnapshotOptions): void;
  step(): void;
}

function scene(chunkBytesMax = 1 << 16): Scene {
  const world = new World({ seed: 5, workers: 1, chunkBytesMax, ...BEFORE });
  const clients = Array.from({ length: MANY }, (_, place) =>
    world.connect(1, { user: place === 0 ? "one" : "many", pass: "x" }),
  );
  world.settle();
  const effects: SnapshotEffects[] = [];
  const reload = (options: SnapshotOptions): void => {
    world.reload(options, (all) => effects.push(...all));
    withoutTimers(world);
  };
  const step = (): void => {
    world.core(1).onTimer();
    world.core(1).flush();
    withoutTimers(world);
  };
  return { world, clients, effects, reload, step };
}

/** Everything that is under way, but no timers: nobody is judged in his turn. */
function withoutTimers(world: World): void {
  world.run(100_000);
}

function openOf(clients: readonly SimClient[]): number {
  return clients.filter(({ closedBy }) => closedBy === undefined).length;
}

describe("a reload with very many connections", () => {
  test("A57, RL-13: a turn judges a bounded number; it is over when all are judged", () => {
    const { world, clients, effects, reload, step } = scene();
    reload({ users: [user("one")] });
    let before = MANY;
    for (let turns = 1; before > 1 && turns < 20; turns += 1) {
      const now = openOf(clients);
      expect(before - now).toBeGreaterThan(0);
      expect(before - now).toBeLessThanOrEqual(SLICE);
      expect(effects.length).toBe(now === 1 ? 1 : 0);
      before = now;
      expect(turns).toBeLessThanOrEqual(1 + MANY / SLICE);
      step();
    }
    expect(effects).toEqual([{ closed: MANY - 1, subscriptionsRemoved: 0, connections: 1 }]);
    expect(clients[0]?.closedBy).toBeUndefined();
    world.settle();
    world.assertQuiet();
  });

  test("a few are judged on the spot", () => {
    const world = new World({ seed: 6, workers: 1, ...BEFORE });
    const clients = ["one", "many"].map((name) => world.connect(1, { user: name, pass: "x" }));
    world.settle();
    let isDone = false;
    world.reload({ users: [user("one")] }, () => {
      isDone = true;
    });
    world.run(1);
    expect(isDone).toBe(true);
    withoutTimers(world);
    expect(openOf(clients)).toBe(1);
  });

  test("AZ-15, RL-13: who says something before his turn is judged before that", () => {
    const { world, clients, effects, reload } = scene();
    const [listener] = clients as [SimClient];
    const [gone, publisher] = clients.slice(-2) as [SimClient, SimClient];
    listener.subscribe("1", ">");
    world.settle();
    reload({ users: [user("one"), user("many", { publish: "secret" })] });
    expect(effects).toEqual([]);
    publisher.publish("secret", "no");
    publisher.publish("open", "yes");
    withoutTimers(world);
    expect(listener.deliveries.map(({ payload }) => payload)).toEqual(["yes"]);
    expect(publisher.errors).toEqual(['Permissions Violation for Publish to "secret"']);
    world.settle();
    expect(effects).toHaveLength(1);
    reload({ users: [user("one")] });
    gone.publish("open", "too late");
    withoutTimers(world);
    expect(gone.closedBy).toBeDefined();
    expect(listener.deliveries).toHaveLength(1);
    world.settle();
    expect(effects[1]).toEqual({ closed: MANY - 1, subscriptionsRemoved: 0, connections: 1 });
  });

  test("AZ-16: a publish that was parked is looked at again by the new rules", () => {
    const { world, clients } = scene(1 << 19);
    const [crowd] = clients as [SimClient];
    const publisher = clients[MANY - 1] as SimClient;
    for (let sid = 0; sid < FANS; sid += 1) crowd.subscribe(`${sid}`, "fan");
    for (const subject of ["own", "secret"]) crowd.subscribe(subject, subject);
    world.settle();
    for (let count = 0; count < 3; count += 1) publisher.publish("own", "kept");
    world.settle();
    crowd.takeDeliveries();
    const fan = `PUB fan ${FAN_BYTES}\r\n${"f".repeat(FAN_BYTES)}\r\n`;
    publisher.send(`${fan}SUB foo 1\r\nPUB own 1\r\nx\r\nPUB secret 1\r\n!\r\n`);
    for (let step = 0; step < 50 && !publisher.transport.paused; step += 1) world.run(1);
    expect(publisher.transport.paused).toBe(true);
    const core = world.core(1);
    const { snapshot } = core.rules;
    const users = [user("one"), user("many", { publish: "own" })];
    const auth = { ...snapshot.auth, users };
    core.applySnapshot(
      { snapshot: { ...snapshot, auth }, sameSecrets: new Set() },
      () => undefined,
    );
    core.flush();
    world.settle();
    const heard = crowd.deliveries.filter(({ subject }) => subject !== "fan");
    expect(heard.map(({ subject }) => subject)).toEqual(["secret"]);
    expect(publisher.errors).toEqual(['Permissions Violation for Publish to "own"']);
    world.assertQuiet();
  });

  test("AZ-16, RL-12: nobody gets by rights of before what is said when it is over", () => {
    const { world, clients, effects, reload, step } = scene();
    const [publisher] = clients as [SimClient];
    for (const client of clients) client.subscribe("1", "x.*");
    world.settle();
    const say = (): number => {
      publisher.publish("x.secret", "!");
      withoutTimers(world);
      return clients.flatMap((client) => client.takeDeliveries()).length;
    };
    for (let count = 0; count < 3; count += 1) expect(say()).toBe(MANY);
    reload({ users: [user("one"), user("many", { subscribe: "x.secret" })] });
    let before = MANY;
    for (let turns = 0; effects.length === 0 && turns < 20; turns += 1) {
      const now = say();
      expect(now).toBeLessThanOrEqual(before);
      before = now;
      step();
    }
    expect(effects[0]?.closed).toBe(0);
    expect(say()).toBe(1);
  });

  test("CP-29: who logs in anew, leaves or comes meanwhile", () => {
    const { world, clients, effects, reload, step } = scene();
    const [anew, leaving] = clients.slice(-2) as [SimClient, SimClient];
    reload({ users: [user("one"), user("other")] });
    anew.connect({ user: "other", pass: "x" });
    leaving.close();
    const coming = world.connect(1, { user: "other", pass: "x" });
    coming.ping();
    const refused = world.connect(1, { user: "many", pass: "x" });
    withoutTimers(world);
    expect(effects).toEqual([]);
    // Its right to be here ended before it said something.
    expect(anew.closedBy).toBeDefined();
    expect([coming.pongs, coming.closedBy]).toEqual([1, undefined]);
    expect(refused.errors).toEqual(["Authorization Violation"]);
    for (let turns = 0; effects.length === 0 && turns < 20; turns += 1) step();
    expect(effects[0]?.connections).toBe(2);
    expect(world.faults).toEqual([]);
    world.settle();
    world.assertQuiet();
  });

  test("A57: logins that wait begin anew, so many in one pass as there is time for", () => {
    const { world, users } = judgedScene();
    const core = world.core(1);
    const count = 20;
    const clients = Array.from({ length: count }, () => {
      const client = world.connect(1, { user: "a", pass: "" });
      client.ping();
      return client;
    });
    // Control's answers are late: they come after the reload.
    const late: (() => void)[] = [];
    let isLate = true;
    const answered = core.onLoginAnswer.bind(core);
    core.onLoginAnswer = (...answer) => {
      if (isLate) late.push(() => answered(...answer));
      else answered(...answer);
    };
    withoutTimers(world);
    isLate = false;
    expect(late).toHaveLength(count);
    const begin = users.begin.bind(users);
    let begun = 0;
    users.begin = (request) => {
      begun += 1;
      world.clock.spend(4);
      return begin(request);
    };
    let isDone = false;
    const { snapshot } = core.rules;
    core.applySnapshot({ snapshot, sameSecrets: new Set() }, () => {
      expect(begun).toBe(count);
      isDone = true;
    });
    core.flush();
    expect(begun).toBe(3);
    for (const answer of late) answer();
    // Those are for logins that are over.
    expect(clients.filter(({ pongs }) => pongs > 0)).toEqual([]);
    for (let turns = 1; !isDone && turns < 20; turns += 1) {
      core.onTimer();
      core.flush();
      expect(begun).toBeLessThanOrEqual(3 + 3 * turns);
    }
    expect(isDone).toBe(true);
    world.settle();
    expect(clients.map(({ pongs }) => pongs)).toEqual(new Array(count).fill(1));
    expect(begun).toBe(count);
    expect(world.faults).toEqual([]);
    world.assertQuiet();
  });
});

test("LG-11: a reload that traces as before leaves all plans as they are", () => {
  const world = new World({ seed: 8, workers: 1, ...BEFORE });
  const [client] = [world.connect(1, { user: "one", pass: "x" })];
  client.subscribe("1", "x");
  world.core(1).setTrace(undefined);
  const say = (): number => {
    client.publish("x", "!");
    world.settle();
    world.tick();
    return world.counters(1).planMisses;
  };
  const [, , misses] = [say(), say(), say()];
  world.core(1).setTrace(undefined);
  expect(say()).toBe(misses);
  world.core(1).setTrace({ payloadBytesMax: 0, headersOnly: false, own: false });
  expect(say()).toBeGreaterThan(misses as number);
});

describe("RL-06: a limit that is lowered below very many connections", () => {
  const NEW_LIMIT = 10;
  const lowered = { connectionsMax: NEW_LIMIT, accounts: new Map<number, number>() };

  test("the newest go, a bounded number in one turn; who comes or goes meanwhile does not count", () => {
    const { world, clients } = scene();
    const excess = world.core(1).closeExcess(lowered);
    let late: SimClient | undefined;
    let turns = 0;
    for (let before = MANY; ; turns += 1) {
      if (turns === 1) {
        // One of the oldest goes, and one comes: another one may stay, and the new one does.
        clients[0]?.close();
        late = world.connect(1, { user: "many", pass: "x" });
        withoutTimers(world);
        before -= 1;
      }
      const isOver = excess.step();
      world.core(1).flush();
      withoutTimers(world);
      const now = openOf(clients);
      expect(before - now).toBeLessThanOrEqual(SLICE);
      before = now;
      if (isOver) break;
    }
    expect(turns).toBe(Math.floor((MANY - NEW_LIMIT) / SLICE));
    expect(openOf(clients)).toBe(NEW_LIMIT);
    expect(late).toMatchObject({ closedBy: undefined, errors: [] });
    expect(excess.closed).toBe(MANY - NEW_LIMIT - 1);
    expect(clients.slice(1, NEW_LIMIT + 1).every((one) => one.closedBy === undefined)).toBe(true);
    expect(clients[NEW_LIMIT + 1]?.errors).toEqual(["maximum connections exceeded"]);
    world.settle();
    world.assertQuiet();
  });

  test("nobody goes where nobody is above it", () => {
    const { world, clients } = scene();
    const excess = world.core(1).closeExcess({ ...lowered, connectionsMax: MANY });
    expect([excess.step(), excess.closed]).toEqual([true, 0]);
    withoutTimers(world);
    expect(openOf(clients)).toBe(MANY);
  });

  test("that of an account takes its newest", () => {
    const { world, clients } = scene();
    const { accounts } = world.core(1).rules.snapshot.accounts;
    const index = accounts.findIndex(({ name }) => name === "$G");
    const limits = { connectionsMax: MANY, accounts: new Map([[index, NEW_LIMIT]]) };
    const excess = world.core(1).closeExcess(limits);
    let turns = 1;
    while (!excess.step()) turns += 1;
    world.core(1).flush();
    withoutTimers(world);
    expect(turns).toBe(1 + Math.floor((MANY - NEW_LIMIT) / SLICE));
    expect([openOf(clients), excess.closed]).toEqual([NEW_LIMIT, MANY - NEW_LIMIT]);
    expect(openOf(clients.slice(0, NEW_LIMIT))).toBe(NEW_LIMIT);
  });
});
