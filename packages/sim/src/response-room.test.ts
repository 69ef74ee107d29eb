// AZ-12, A57: what the reply subjects that clients may answer take of a worker's heap. Whoever sends
// the requests chooses them.
import type { PermissionsSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { MANY_ACCOUNT, OTHER_ACCOUNT, TokenUsers } from "./token-users.ts";
import { World } from "./world.ts";

const BYTES_MAX = 1_000_000;
const MAY_ANSWER: PermissionsSpec = { responses: { messagesMax: 1, expiresMs: -1 } };
const LONG = "r".repeat(3_950);

function scene() {
  const users = new TokenUsers();
  const world = new World({
    seed: 3,
    workers: 1,
    chunkBytesMax: 1 << 18,
    accounts: [{ name: MANY_ACCOUNT }, { name: OTHER_ACCOUNT }],
    tokens: users,
    responseBytesMax: BYTES_MAX,
  });
  const connect = (user: string, rights?: PermissionsSpec): SimClient => {
    users.rights.set(user, rights);
    const client = world.connect(1, { user, pass: "" });
    world.settle();
    return client;
  };
  const core = world.core(1);
  const indexOf = (name: string): number => core.rules.accountByName(name)?.index as number;
  const held = (name = MANY_ACCOUNT): number => core.responses.of(indexOf(name));
  const judge = (): void => {
    core.applyAccounts({
      delta: { accounts: [], imports: [], movesMessages: false },
      known: [],
      forgotten: [],
      judged: new Set([indexOf(MANY_ACCOUNT)]),
      lowered: new Map(),
    });
    core.flush();
    world.settle();
  };
  return { world, users, connect, held, judge };
}

type Scene = ReturnType<typeof scene>;

/** Each service gets each request. */
function flood({ world }: Scene, asker: SimClient, count: number): void {
  const lines = [];
  for (let at = 0; at < count; at += 1) lines.push(`PUB svc ${LONG}${at} 1\r\nx\r\n`);
  asker.send(lines.join(""));
  world.settle();
}

function serviceOf({ world, connect }: Scene, user: string): SimClient {
  const service = connect(user, MAY_ANSWER);
  service.subscribe("1", "svc");
  world.settle();
  return service;
}

describe("reply subjects that clients may answer", () => {
  test("AZ-12, A57: are bounded over all sessions; who was asked last, and others, may answer", () => {
    const one = scene();
    const { world, connect, held } = one;
    const services = ["u1", "u2", "u3"].map((user) => serviceOf(one, user));
    const asker = connect("u0");
    flood(one, asker, 600);
    expect(held()).toBeGreaterThan(BYTES_MAX / 2);
    expect(held()).toBeLessThanOrEqual(BYTES_MAX);
    for (const service of services) {
      service.publish(`${LONG}599`, "yes");
      service.publish(`${LONG}0`, "too late");
      world.settle();
      expect(service.errors).toEqual([`Permissions Violation for Publish to "${LONG}0"`]);
    }
    const [asking, asked] = [connect("o0"), serviceOf(one, "o1")];
    asking.publish("svc", "x", "inbox");
    world.settle();
    asked.publish("inbox", "yes");
    world.settle();
    expect(asked.errors).toEqual([]);
  });

  test("are given back when the client goes, logs in anew or has other rights", () => {
    const one = scene();
    const { world, users, connect, held, judge } = one;
    const [going, anew, changed] = ["u1", "u2", "u3"].map((user) => serviceOf(one, user)) as [
      SimClient,
      SimClient,
      SimClient,
    ];
    flood(one, connect("u0"), 20);
    const each = held() / 3;
    expect(each).toBeGreaterThan(20 * LONG.length);
    going.close();
    world.settle();
    expect(held()).toBe(2 * each);
    anew.connect({ user: "u2", pass: "" });
    world.settle();
    expect(held()).toBe(each);
    judge();
    expect(held()).toBe(each);
    changed.publish(`${LONG}0`, "yes");
    world.settle();
    expect(changed.errors).toEqual([]);
    users.rights.set("u3", { ...MAY_ANSWER, publish: { allow: ["more"] } });
    judge();
    expect(held()).toBe(0);
  });
});
