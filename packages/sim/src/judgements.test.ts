// AC-93, A57: a change of an account that has very many connections. They are judged in slices; from the
// first turn on nobody does anything by a right that was taken away.
import type {
  Identity,
  LoginOutcome,
  LoginRequest,
  PermissionsSpec,
  TokenLogins,
  TokenVerdict,
} from "@weft/auth";
import { compilePermissions, permissionsKey } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const MANY = 200;
/** Of `judgements.ts`: what one turn judges. */
const SLICE = 64;
const ACCOUNT = "MANY";

/** What users may do; who has gone has no entry. */
class Users implements TokenLogins {
  readonly hasSentinel = false;
  readonly rights = new Map<string, PermissionsSpec | undefined>();
  /** Users that are known to have gone. */
  readonly gone = new Set<string>();
  readonly judged: string[] = [];
  /** Called for each judgement. */
  onJudge: () => void = () => undefined;

  begin({ user = "" }: LoginRequest): LoginOutcome {
    return { kind: "granted", identity: this.#identity(user) };
  }

  finish(): LoginOutcome {
    return { kind: "denied", reason: "token refused" };
  }

  judgeAgain({ user }: Identity): TokenVerdict {
    this.judged.push(user);
    this.onJudge();
    if (!this.rights.has(user)) return { kind: "ended", why: "user expired", detail: "it is" };
    return { kind: "granted", identity: this.#identity(user) };
  }

  knownEnd({ user }: Identity): TokenVerdict | undefined {
    return this.gone.has(user) ? { kind: "ended", why: "revoked", detail: "it is" } : undefined;
  }

  follow(): void {}
  know(): void {}

  #identity(user: string): Identity {
    const spec = this.rights.get(user);
    return {
      kind: "jwt",
      user,
      accountName: ACCOUNT,
      permissionsKey: permissionsKey(spec),
      permissions: compilePermissions(spec),
      token: { text: user, name: user, tags: [], issuerKey: "", issuedAtSeconds: 0 },
    };
  }
}

interface Scene {
  readonly world: World;
  readonly users: Users;
  readonly clients: readonly SimClient[];
  readonly account: number;
  /** Of another account: is not judged. */
  change(lowered?: number): void;
  step(): void;
}

function scene(chunkBytesMax = 1 << 16): Scene {
  const users = new Users();
  const world = new World({
    seed: 7,
    workers: 1,
    accounts: [{ name: ACCOUNT }],
    tokens: users,
    chunkBytesMax,
  });
  const names = Array.from({ length: MANY }, (_, place) => `u${place}`);
  for (const name of names) users.rights.set(name, undefined);
  const clients = names.map((user) => world.connect(1, { user, pass: "" }));
  world.settle();
  const core = world.core(1);
  const account = core.rules.accountByName(ACCOUNT)?.index as number;
  const change = (max?: number): void => {
    const before = core.rules.account(account);
    const limits = { ...before.limits, connectionsMax: max ?? before.limits.connectionsMax };
    core.applyAccounts({
      delta: { accounts: [{ ...before, limits }], imports: [], movesMessages: false },
      known: [],
      forgotten: [],
      judged: new Set([account]),
      lowered: new Map(max === undefined ? [] : [[account, max]]),
    });
    core.flush();
  };
  const step = (): void => {
    core.onTimer();
    core.flush();
  };
  return { world, users, clients, account, change, step };
}

/** Everything that is under way, but no timers: nobody is judged in his turn. */
function withoutTimers(world: World): void {
  world.run(100_000);
}

function openOf(clients: readonly SimClient[]): number {
  return clients.filter(({ closedBy }) => closedBy === undefined).length;
}

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

  test("RL-06: a reload judges all that wait", () => {
    const { world, users, clients, change } = scene();
    users.gone.add("u5");
    change();
    users.gone.clear();
    const { snapshot } = world.core(1).rules;
    world.core(1).applySnapshot({ snapshot, sameSecrets: new Set() });
    world.core(1).flush();
    expect(new Set(users.judged).size).toBe(MANY - 1);
    withoutTimers(world);
    expect(openOf(clients)).toBe(MANY - 1);
    world.settle();
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
});
