// Test support: an account with very many connections whose users come by tokens, and its changes.
import type { SimClient } from "./client.ts";
import { MANY_ACCOUNT, OTHER_ACCOUNT, TokenUsers } from "./token-users.ts";
import { World } from "./world.ts";

/** Users of the account. */
export const MANY = 200;
export interface Scene {
  readonly world: World;
  readonly users: TokenUsers;
  readonly clients: readonly SimClient[];
  readonly account: number;
  /** Of another account: is not judged. */
  change(lowered?: number, movesMessages?: boolean): void;
  /** Both accounts change. */
  changeBoth(): void;
  step(): void;
}

export function scene(chunkBytesMax = 1 << 16): Scene {
  const users = new TokenUsers();
  const world = new World({
    seed: 7,
    workers: 1,
    accounts: [{ name: MANY_ACCOUNT }, { name: OTHER_ACCOUNT }],
    tokens: users,
    chunkBytesMax,
    onQuestion: () => ({ kind: "account" }),
  });
  const names = Array.from({ length: MANY }, (_, place) => `u${place}`);
  for (const name of names) users.rights.set(name, undefined);
  const clients = names.map((user) => world.connect(1, { user, pass: "" }));
  world.settle();
  const core = world.core(1);
  const indexOf = (name: string) => core.rules.accountByName(name)?.index as number;
  const account = indexOf(MANY_ACCOUNT);
  const change = (max?: number, movesMessages = false): void => {
    const before = core.rules.account(account);
    const limits = { ...before.limits, connectionsMax: max ?? before.limits.connectionsMax };
    core.applyAccounts({
      delta: { accounts: [{ ...before, limits }], imports: [], movesMessages },
      known: [],
      forgotten: [],
      judged: new Set([account]),
      lowered: new Map(max === undefined ? [] : [[account, max]]),
    });
    core.flush();
  };
  const changeBoth = (): void => {
    const judged = new Set([MANY_ACCOUNT, OTHER_ACCOUNT].map((name) => indexOf(name)));
    const delta = { accounts: [], imports: [], movesMessages: false };
    core.applyAccounts({ delta, known: [], forgotten: [], judged, lowered: new Map() });
    core.flush();
  };
  const step = (): void => {
    core.onTimer();
    core.flush();
  };
  return { world, users, clients, account, change, changeBoth, step };
}

/** Everything that is under way, but no timers: nobody is judged in his turn. */
export function withoutTimers(world: World): void {
  world.run(100_000);
}

export function openOf(clients: readonly SimClient[]): number {
  return clients.filter(({ closedBy }) => closedBy === undefined).length;
}
