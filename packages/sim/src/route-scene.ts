// A server with three workers and a client on each, of which some have routes. Test support.
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import type { InterestWriter } from "@weft/subjects";
import type { ConnectFields, SimClient } from "./client.ts";
import { FakeRemoteServer } from "./fake-remote-server.ts";
import { FakeRouteSession } from "./fake-route-session.ts";
import { compileForSim } from "./snapshot.ts";
import { World, type WorldOptions } from "./world.ts";

export const GLOBAL_ACCOUNT = 0;

type Options = Partial<WorldOptions> & { readonly fields?: ConnectFields };

const ACCOUNTS: readonly AccountSpec[] = [
  { name: "MAKER", exports: [{ kind: "stream", subject: "news.>" }] },
  {
    name: "USER",
    imports: [{ kind: "stream", account: "MAKER", subject: "news.>", prefix: "in" }],
  },
];
const USERS: readonly UserSpec[] = [{ user: "user", password: "x", account: "USER" }];
export const IMPORTS = { accounts: ACCOUNTS, users: USERS, fields: { user: "user", pass: "x" } };

function indexOf(name: string): number {
  const found = compileForSim(ACCOUNTS).accounts.find((account) => account.name === name);
  return found?.index ?? -1;
}

export const MAKER_ACCOUNT = indexOf("MAKER");
export const USER_ACCOUNT = indexOf("USER");

const LANE_BYTES = 4_096;

export interface RouteScene {
  readonly world: World;
  /** In the order of the workers that were named. */
  readonly remotes: readonly FakeRemoteServer[];
  readonly sessions: readonly FakeRouteSession[];
  /** One for each worker. */
  readonly clients: readonly SimClient[];
}

/** Workers 1 to 3, of which those named have a route each to a server of its own. */
export function createWithRoutes(
  seed: number,
  routed: readonly number[],
  options: Options = {},
): RouteScene {
  const { fields = {}, ...rest } = options;
  const world = new World({ seed, workers: 3, laneBytes: LANE_BYTES, chunkBytesMax: 512, ...rest });
  const writers = world.interest.indexes.map(({ writer }) => writer as InterestWriter);
  const failures: string[] = [];
  const sessions: FakeRouteSession[] = [];
  const remotes = routed.map((thread, place) => {
    const remote = new FakeRemoteServer();
    const port = 6_222 + place;
    world.remotes.set(port, remote);
    const inTurn = (task: () => void): void =>
      world.scheduler.post(() => {
        task();
        world.core(thread).flush();
      });
    world.core(thread).peers.dial(
      { host: "far.example", port, timeoutMs: 1_000 },
      (...given) => {
        const session = new FakeRouteSession(...given, writers, inTurn);
        sessions.push(session);
        return session;
      },
      (reason) => failures.push(reason),
    );
    return remote;
  });
  const clients = [1, 2, 3].map((thread) => world.connect(thread, fields));
  world.settle();
  if (failures.length > 0) throw new Error(failures.join("; "));
  return { world, remotes, clients, sessions };
}
