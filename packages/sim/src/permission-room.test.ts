// AZ-01, A57: what the permissions of users with tokens take of a worker's memory. They are their account
// owner's choice, and may be different for each user.
import {
  compilePermissions,
  type Identity,
  type LoginOutcome,
  type LoginRequest,
  permissionsKey,
  type TokenLogins,
  type TokenVerdict,
} from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const TOKENS_MAX = 8_000;
/** Of one set of permissions: an entry of 98, which the user's name makes another one, and a few more. */
const ENTRY_TOKENS = 98;
const SET_TOKENS = ENTRY_TOKENS + 5;

/** `account/name`: each name has permissions of its own. */
class Users implements TokenLogins {
  readonly hasSentinel = false;

  begin({ user = "" }: LoginRequest): LoginOutcome {
    return { kind: "granted", identity: identityOf(user) };
  }

  finish(): LoginOutcome {
    return { kind: "denied", reason: "token refused" };
  }

  judgeAgain(identity: Identity): TokenVerdict {
    return { kind: "granted", identity };
  }

  knownEnd(): undefined {}
  follow(): void {}
  know(): void {}
}

function identityOf(user: string): Identity {
  const [accountName = "", name = ""] = user.split("/");
  const allow = [`${"a.".repeat(ENTRY_TOKENS - 1)}${name}`];
  const spec = { publish: { allow }, subscribe: { allow: ["in.>"] } };
  return {
    kind: "jwt",
    user,
    accountName,
    permissionsKey: permissionsKey(spec),
    // Anew each time, as a pool that has no room for it would make it.
    permissions: compilePermissions(spec),
    token: { text: user, name, tags: [], issuerKey: "", issuedAtSeconds: 0 },
  };
}

function scene(): {
  world: World;
  enter(count: number, account: string, name?: string): SimClient[];
} {
  const world = new World({
    seed: 11,
    workers: 1,
    accounts: [{ name: "A" }, { name: "B" }],
    tokens: new Users(),
    permissionTokensMax: TOKENS_MAX,
  });
  // Names of one length.
  let number = 100;
  const enter = (count: number, account: string, name?: string): SimClient[] => {
    const clients = Array.from({ length: count }, () => {
      number += 1;
      return world.connect(1, { user: `${account}/${name ?? number}`, pass: "" });
    });
    world.settle();
    return clients;
  };
  return { world, enter };
}

function openOf(clients: readonly SimClient[]): SimClient[] {
  return clients.filter(({ closedBy }) => closedBy === undefined);
}

describe("permissions that each user has for himself", () => {
  test("take seven eighths of the room for one account, and leave some for others", () => {
    const { world, enter } = scene();
    const many = enter(120, "A");
    const inside = openOf(many);
    expect(inside).toHaveLength(Math.floor(((TOKENS_MAX / 8) * 7) / SET_TOKENS));
    const refused = many.find(({ closedBy }) => closedBy !== undefined);
    expect(refused?.errors).toEqual(["Authorization Violation"]);
    expect(openOf(enter(5, "B"))).toHaveLength(5);
    world.assertQuiet();
  });

  test("give their room back when the users go", () => {
    const { world, enter } = scene();
    const before = openOf(enter(120, "A"));
    for (const client of before.slice(10)) client.close();
    world.settle();
    // Those who are refused have it looked for.
    enter(1, "A");
    world.tick();
    expect(openOf(enter(before.length - 10, "A"))).toHaveLength(before.length - 10);
  });

  test("take room once where they are the same", () => {
    const { world, enter } = scene();
    expect(openOf(enter(200, "A", "same"))).toHaveLength(200);
    const core = world.core(1);
    const sets = [1, 2, 200].map((clientId) => {
      const answer = core.obeyOrder({ clientId, what: "permissions" });
      return answer?.permissions;
    });
    expect(sets[0]).toBeDefined();
    for (const set of sets) expect(set).toBe(sets[0]);
  });
});
