// A client with very many subscriptions whose rights change, and what it is told. Test support.
import type { PermissionsSpec } from "@weft/auth";
import type { SimClient } from "./client.ts";
import { MANY_ACCOUNT, TokenUsers } from "./token-users.ts";
import { World } from "./world.ts";

/** Subscriptions of the client. */
export const MANY = 6_000;
export const NO_D: PermissionsSpec = { subscribe: { deny: ["d.>"] } };

export interface RightsScene {
  readonly world: World;
  readonly users: TokenUsers;
  /** On thread 1, as user `many`. */
  readonly many: SimClient;
  /** The rights of `many` change; it is judged in the next step. */
  change(rights: PermissionsSpec | undefined): void;
  /** One turn of thread 1. */
  step(): void;
}

export function rightsScene(seed: number, workers = 1): RightsScene {
  const users = new TokenUsers();
  users.rights.set("many", undefined).set("plain", undefined);
  const world = new World({
    seed,
    workers,
    accounts: [{ name: MANY_ACCOUNT }],
    tokens: users,
    chunkBytesMax: 1 << 18,
    recordsMax: 1 << 15,
  });
  const many = world.connect(1, { user: "many", pass: "" });
  world.settle();
  const core = world.core(1);
  const account = core.rules.accountByName(MANY_ACCOUNT)?.index as number;
  const change = (rights: PermissionsSpec | undefined): void => {
    users.rights.set("many", rights);
    core.applyAccounts({
      delta: { accounts: [], imports: [], movesMessages: false },
      known: [],
      forgotten: [],
      judged: new Set([account]),
      lowered: new Map(),
    });
    core.flush();
  };
  const step = (): void => {
    core.onTimer();
    core.flush();
  };
  return { world, users, many, change, step };
}

/** Every other one begins with `d`, and a slice has some of both. */
export function fill(client: SimClient, count = MANY): void {
  const line = (sid: number): string => `SUB ${sid % 2 === 0 ? "d" : "a"}.${sid} ${sid}\r\n`;
  client.send(Array.from({ length: count }, (_, sid) => line(sid)).join(""));
}

/** Some with as many tokens as a hundred usual ones. */
export function fillLong(client: SimClient, count: number): void {
  const rest = "a.".repeat(800);
  const line = (sid: number): string => `SUB d.${sid}.${rest}b ${sid}\r\n`;
  client.send(Array.from({ length: count }, (_, sid) => line(sid)).join(""));
}

/** Everything that is under way, but no timers: nothing is looked at meanwhile. */
export function withoutTimers(world: World): void {
  world.run(200_000);
}

export function revoked({ errors }: SimClient): string[] {
  return errors.flatMap((text) => /Subscription to .*\(sid "(.*)"\)/.exec(text)?.[1] ?? []);
}

export function evenSids(count = MANY): string[] {
  return Array.from({ length: count / 2 }, (_, place) => `${2 * place}`);
}
