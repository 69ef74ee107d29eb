// Test support: an account with very many connections whose users come by tokens, and its changes.
import type {
  AccountPending,
  Identity,
  LoginOutcome,
  LoginRequest,
  PermissionsSpec,
  TokenLogins,
  TokenVerdict,
} from "@weft/auth";
import { compilePermissions, permissionsKey } from "@weft/auth";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

/** Users of the account. */
export const MANY = 200;
const ACCOUNT = "MANY";
/** Of users whose names begin with `o`. */
const OTHER = "OTHER";

/** What users may do; who has gone has no entry. */
class Users implements TokenLogins {
  readonly hasSentinel = false;
  readonly rights = new Map<string, PermissionsSpec | undefined>();
  /** Users that are known to have gone. */
  readonly gone = new Set<string>();
  readonly judged: string[] = [];
  /** Logins that were begun. */
  begun = 0;
  /** Called for each judgement, and for each login. */
  onJudge: (user: string) => void = () => undefined;

  /** Of users whose names begin with `a`, control is asked. */
  begin({ user = "" }: LoginRequest): LoginOutcome {
    if (user.startsWith("a")) {
      return { kind: "pending", wait: { kind: "account", key: ACCOUNT, judged: user } };
    }
    this.begun += 1;
    this.onJudge(user);
    return { kind: "granted", identity: this.#identity(user) };
  }

  finish({ judged }: AccountPending): LoginOutcome {
    this.begun += 1;
    this.onJudge(judged as string);
    return { kind: "granted", identity: this.#identity(judged as string) };
  }

  judgeAgain({ user }: Identity): TokenVerdict {
    this.judged.push(user);
    this.onJudge(user);
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
      accountName: user.startsWith("o") ? OTHER : ACCOUNT,
      permissionsKey: permissionsKey(spec),
      permissions: compilePermissions(spec),
      token: { text: user, name: user, tags: [], issuerKey: "", issuedAtSeconds: 0 },
    };
  }
}

export interface Scene {
  readonly world: World;
  readonly users: Users;
  readonly clients: readonly SimClient[];
  readonly account: number;
  /** Of another account: is not judged. */
  change(lowered?: number, movesMessages?: boolean): void;
  /** Both accounts change. */
  changeBoth(): void;
  step(): void;
}

export function scene(chunkBytesMax = 1 << 16): Scene {
  const users = new Users();
  const world = new World({
    seed: 7,
    workers: 1,
    accounts: [{ name: ACCOUNT }, { name: OTHER }],
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
  const account = indexOf(ACCOUNT);
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
    const judged = new Set([ACCOUNT, OTHER].map((name) => indexOf(name)));
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
