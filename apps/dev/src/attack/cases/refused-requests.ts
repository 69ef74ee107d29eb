// A59: requests whose only interest is on another thread, which refuses them. Each has a reply of
// its own, so nothing that the server keeps for one serves another.
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { waitFor } from "../waiting.ts";
import { check, repeat } from "./expect.ts";

const MEGABYTE = 1024 * 1024;
const BATCH = 500;
const LONG_MS = 120_000;
const STATUS = "NATS/1.0 503";

/** Nobody may read `sub.secret.>`, but everybody who asks for `sub.>` counts as interested. */
function requests(place: number, from: number): string {
  return repeat(BATCH, (index) => {
    const reply = `_INBOX.storm${place}.${from + index}`;
    return `PUB sub.secret.${index} ${reply} 1\r\n?\r\n`;
  }).join("");
}

/** The only interest; of several publishers, those of other threads have none on their own. */
async function startReader(world: AttackWorld): Promise<RawClient> {
  const reader = await world.login(credentialsOf("limited"));
  reader.send("SUB sub.> 1\r\n");
  check(await reader.ping(), "a reader is not served");
  return reader;
}

async function storm(world: AttackWorld): Promise<void> {
  const reader = await startReader(world);
  const publishers = await Promise.all(repeat(4, () => world.login(credentialsOf("alice"))));
  const each = scaled(5_000, 250_000);
  const before = world.server.residentBytes();
  let peak = before;
  await Promise.all(
    publishers.map(async (publisher, place) => {
      publisher.send(`SUB _INBOX.storm${place}.> 1\r\n`);
      let answers = 0;
      for (let from = 0; from < each; from += BATCH) {
        await publisher.sendAll(requests(place, from));
        const isTold = (): boolean => {
          return answers + publisher.received.split(STATUS).length - 1 >= from + BATCH;
        };
        await waitFor(isTold, LONG_MS, `answer ${from + BATCH} of nobody`);
        answers += publisher.received.split(STATUS).length - 1;
        publisher.forget();
        peak = Math.max(peak, world.server.residentBytes());
      }
      check(answers === each, `${answers} answers to ${each} requests`);
    }),
  );
  check(await reader.ping(), "the reader lost its connection");
  check(reader.messages().length === 0, "the reader got what it may not read");
  assertBounded(peak - before);
}

/** The same, from publishers that do not read what they are answered. */
async function unreadStorm(world: AttackWorld): Promise<void> {
  await startReader(world);
  const before = world.server.residentBytes();
  let peak = before;
  const publishers = await Promise.all(repeat(4, () => world.login(credentialsOf("alice"))));
  const rounds = scaled(100, 2_000);
  await Promise.all(
    publishers.map(async (publisher, place) => {
      publisher.send(`SUB _INBOX.storm${place}.> 1\r\n`);
      await publisher.ping();
      publisher.socket.pause();
      for (let round = 0; round < rounds && !publisher.socket.destroyed; round += 1) {
        const isTaken = publisher.send(requests(place, round * BATCH));
        peak = Math.max(peak, world.server.residentBytes());
        if (isTaken) continue;
        // A server that takes no more until its answers are read has bounded them as well.
        const drained = new Promise((resolve) => publisher.socket.once("drain", resolve));
        const tired = new Promise((resolve) => setTimeout(resolve, 2_000));
        const end = await Promise.race([drained.then(() => "drained"), tired, publisher.closed]);
        if (end !== "drained") break;
      }
    }),
  );
  peak = Math.max(peak, world.server.residentBytes());
  for (const publisher of publishers) publisher.destroy();
  assertBounded(peak - before);
}

function assertBounded(grown: number): void {
  const budget = 256 * MEGABYTE;
  check(grown < budget, `${(grown / MEGABYTE).toFixed(0)} MB for requests that were refused`);
}

export const REFUSED_REQUESTS: readonly AttackCase[] = [
  {
    name: "A59: a storm of requests that another thread refuses",
    profile: "guarded",
    fullWithinMs: 600_000,
    bystanderFloorMs: 1_000,
    run: storm,
  },
  {
    name: "A59: the same storm without a look at the answers",
    profile: "guarded",
    fullWithinMs: 300_000,
    bystanderFloorMs: 1_000,
    run: unreadStorm,
  },
];
