// A51, A57 to A59 and the trickling reader: too much of what is allowed.
import { type AttackCase, type AttackWorld, IS_FULL, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { delay, waitFor } from "../waiting.ts";
import { check, repeat } from "./expect.ts";

const MEGABYTE = 1024 * 1024;
const BATCH = 2_000;
const LONG_MS = 120_000;
/** A heap that held a million subscriptions, and their records of the index. */
const KEPT_BYTES = 1_200 * MEGABYTE;

/** Sends many lines in batches, waiting for the server to take them. */
async function sendLines(
  client: RawClient,
  count: number,
  line: (index: number) => string,
): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    await client.sendAll(repeat(size, (index) => line(from + index)).join(""));
  }
  check(await client.ping(LONG_MS), `the server stopped answering: ${client.received.slice(-200)}`);
}

/** A51. What the first storm left behind is enough for the second. */
async function wildcardStorms(world: AttackWorld): Promise<void> {
  await wildcardStorm(world);
  if (!IS_FULL) return;
  const { server } = world;
  const before = server.residentBytes();
  await wildcardStorm(world);
  const grown = server.residentBytes() - before;
  check(grown < KEPT_BYTES / 4, `${(grown / MEGABYTE).toFixed(0)} MB for the second storm`);
}

async function wildcardStorm(world: AttackWorld): Promise<void> {
  const subscriber = await world.login(credentialsOf("alice"));
  const count = scaled(20_000, 1_000_000);
  // Members of two groups on one filter: all of them are looked at for every new subject.
  const crowd = scaled(500, 5_000);
  const filter = (index: number): string => {
    if (index < crowd) return `*.*.*.*.*.> crowd${index % 2}`;
    if (index % 3 === 0) return `a${index % 50}.*.*.*.b${index}.> q${index % 8}`;
    return index % 3 === 1 ? `*.*.c${index}.*.*` : `*.d.*.e${index}.>`;
  };
  await sendLines(subscriber, count, (index) => `SUB ${filter(index)} ${index}\r\n`);
  const subject = (index: number): string => {
    return `a${index % 60}.x.c${index}.y.b${index}.${index}`;
  };
  const outside = await world.login(credentialsOf("bob"));
  const inside = await world.login(credentialsOf("alice"));
  const thrash = scaled(10_000, 50_000);
  await sendLines(outside, thrash, (index) => `PUB ${subject(index)} 1\r\n.\r\n`);
  await sendLines(inside, thrash, (index) => `PUB ${subject(index)} 1\r\n.\r\n`);
  await sendLines(subscriber, count, (index) => `UNSUB ${index}\r\n`);
}

/** A57. */
async function subscriptionStorm(world: AttackWorld): Promise<void> {
  const client = await world.login(credentialsOf("alice"));
  const count = scaled(20_000, 1_000_000);
  await sendLines(client, count, (index) => `SUB storm.${index % 1_000}.${index} ${index}\r\n`);
  const groups = scaled(5_000, 100_000);
  await sendLines(client, groups, (index) => `SUB storm.q g${index} q${index}\r\n`);
  const publisher = await world.login(credentialsOf("alice"));
  publisher.send("PUB storm.q 1\r\n!\r\n");
  await publisher.ping(LONG_MS);
  await waitFor(() => client.receivedBytes > groups * 15, 30_000, "a message to every group");
  // Members come and go while somebody publishes.
  const churn = scaled(5_000, 100_000);
  await sendLines(
    client,
    churn,
    (index) => `SUB storm.x ${count + index}\r\nPUB storm.x 0\r\n\r\nUNSUB ${count + index}\r\n`,
  );
  // All of them go at once, by a connection that just ends.
  client.destroy();
}

/** One message for thousands, as fast as they can be said. */
async function fanOut(world: AttackWorld): Promise<void> {
  const readers = await Promise.all(repeat(10, () => world.login(credentialsOf("alice"))));
  const each = scaled(100, 500);
  for (const reader of readers) {
    await sendLines(reader, each, (index) => `SUB fan.out ${index}\r\n`);
    reader.socket.removeAllListeners("data");
    reader.socket.on("data", (bytes: Buffer) => {
      reader.receivedBytes += bytes.length;
    });
  }
  const publisher = await world.login(credentialsOf("alice"));
  const count = scaled(2_000, 20_000);
  const before = readers.map(({ receivedBytes }) => receivedBytes);
  await sendLines(publisher, count, () => "PUB fan.out 16\r\n0123456789abcdef\r\n");
  const least = count * each * "MSG fan.out 1 16\r\n0123456789abcdef\r\n".length;
  const isDone = (): boolean =>
    readers.every((reader, index) => {
      return reader.isClosed || reader.receivedBytes - (before[index] ?? 0) >= least;
    });
  await waitFor(isDone, 60_000, "everybody's messages");
}

async function subscriptionLimit(world: AttackWorld): Promise<void> {
  const client = await world.login(credentialsOf("capped"));
  await sendLines(client, 1_500, (index) => `SUB capped.${index} ${index}\r\n`);
  const refusals = client.errors();
  check(refusals.length === 500, `${refusals.length} of 500 refused`);
  check(
    refusals.every((text) => /maximum (account )?(active )?subscriptions exceeded/.test(text)),
    `refused with ${refusals[0]}`,
  );
  const connections = await Promise.allSettled(
    repeat(30, () => world.login(credentialsOf("capped"))),
  );
  const granted = connections.filter(({ status }) => status === "fulfilled").length;
  check(granted === 19, `${granted} of 19 connections granted beside the first`);
}

/** A58. */
async function slowReaders(world: AttackWorld): Promise<void> {
  const before = world.server.residentBytes();
  const sockets = world.server.sockets();
  const count = scaled(12, 200);
  const readers = await Promise.all(repeat(count, () => world.login(credentialsOf("alice"))));
  for (const reader of readers) {
    reader.send("SUB slow.> 1\r\n");
    await reader.ping();
    reader.socket.pause();
  }
  const publisher = await world.login(credentialsOf("alice"));
  const payload = "p".repeat(64 * 1024);
  const message = `PUB slow.x ${payload.length}\r\n${payload}\r\n`;
  let peak = 0;
  // Enough to take everybody over `max_pending` of this profile, system buffers included.
  for (let sent = 0; sent < 40 * MEGABYTE; sent += message.length) {
    await publisher.sendAll(message);
    peak = Math.max(peak, world.server.residentBytes() - before);
  }
  check(await publisher.ping(60_000), "slow readers stopped their publisher");
  // A paused reader does not see its end, so the server's sockets tell; one is the publisher's.
  const isCut = (): boolean => world.server.sockets() <= sockets + 1;
  await waitFor(isCut, 20_000, "the end of slow readers");
  // Readers share what they have not read: 200 of them are not 200 times the memory.
  const budget = scaled(600, 2_048) * MEGABYTE;
  check(peak < budget, `${(peak / MEGABYTE).toFixed(0)} MB for ${count} slow readers`);
}

/** A59. */
async function unansweredRequests(world: AttackWorld): Promise<void> {
  const client = await world.login(credentialsOf("alice"));
  const count = scaled(20_000, 500_000);
  await sendLines(client, count, (index) => `PUB nobody.${index} _INBOX.x.${index} 1\r\n?\r\n`);
  client.send("SUB _INBOX.x.> 1\r\n");
  await client.ping();
  client.forget();
  await sendLines(client, scaled(2_000, 20_000), (index) => {
    return `PUB nobody.${index} _INBOX.x.${index} 1\r\n?\r\n`;
  });
  const answers = client.messages().filter(({ headers }) => headers.startsWith("NATS/1.0 503"));
  check(answers.length === scaled(2_000, 20_000), `${answers.length} answers of nobody`);
}

/** A59: reply inboxes that are never used again, and imported services that never answer. */
async function replyLeak(world: AttackWorld): Promise<void> {
  const service = await world.login(credentialsOf("service"));
  service.send("SUB svc.> 1\r\n");
  await service.ping();
  const bob = await world.login(credentialsOf("bob"));
  const before = world.server.residentBytes();
  const count = scaled(10_000, 200_000);
  await sendLines(bob, count, (index) => `PUB svc.x _INBOX.leak.${index} 1\r\n?\r\n`);
  await sendLines(bob, scaled(5_000, 100_000), (index) => {
    return `SUB _INBOX.leak.${index} ${index}\r\nUNSUB ${index} 1\r\n`;
  });
  const grown = world.server.residentBytes() - before;
  const budget = scaled(256, 512) * MEGABYTE;
  check(grown < budget, `${(grown / MEGABYTE).toFixed(0)} MB for requests without an answer`);
}

const TRICKLE_BYTES_PER_SECOND = 1_024;
const STEADY_BYTES = 1_024;
const STEADY_PER_TICK = 150;
const TICK_MS = 10;

/** A reader of 1 KiB/s beside two good ones on a subject with a steady flow. */
async function tricklingReader(world: AttackWorld): Promise<void> {
  const good = await Promise.all(repeat(2, () => world.login(credentialsOf("alice"))));
  for (const reader of good) {
    reader.send("SUB flow.> 1\r\n");
    await reader.ping();
    reader.socket.removeAllListeners("data");
    reader.socket.on("data", (bytes: Buffer) => {
      reader.receivedBytes += bytes.length;
    });
  }
  const trickling = await world.login(credentialsOf("alice"));
  trickling.send("SUB flow.> 1\r\n");
  await trickling.ping();
  trickling.socket.removeAllListeners("data");
  trickling.socket.pause();
  const sipping = setInterval(() => trickling.socket.read(TRICKLE_BYTES_PER_SECOND / 10), 100);
  const publisher = await world.login(credentialsOf("alice"));
  const message = `PUB flow.x ${STEADY_BYTES}\r\n${"f".repeat(STEADY_BYTES)}\r\n`;
  const before = good.map(({ receivedBytes }) => receivedBytes);
  const lastsMs = scaled(2_000, 20_000);
  let sent = 0;
  try {
    const startedAt = performance.now();
    for (let tick = 1; performance.now() - startedAt < lastsMs; tick += 1) {
      const due = Math.min(STEADY_PER_TICK * tick - sent, 20 * STEADY_PER_TICK);
      sent += due;
      await publisher.sendAll(message.repeat(due));
      await delay(Math.max(0, startedAt + tick * TICK_MS - performance.now()));
    }
    await delay(250);
  } finally {
    clearInterval(sipping);
  }
  const offered = Math.floor(lastsMs / TICK_MS) * STEADY_PER_TICK;
  check(sent >= offered * 0.9, `the publisher got rid of ${sent} of ${offered} messages`);
  for (const [index, reader] of good.entries()) {
    const got = (reader.receivedBytes - (before[index] ?? 0)) / (STEADY_BYTES + 22);
    check(got >= sent * 0.9, `a good reader got ${got.toFixed(0)} of ${sent} messages`);
  }
}

export const FLOODS: readonly AttackCase[] = [
  {
    name: "A51: wildcards and subjects that fit no cache",
    profile: "guarded",
    fullWithinMs: 600_000,
    // A million subscriptions on one thread: its heap is collected in pauses of some 300 ms.
    bystanderFloorMs: IS_FULL ? 600 : undefined,
    keptBytes: IS_FULL ? KEPT_BYTES : undefined,
    run: wildcardStorms,
  },
  {
    name: "A57: subscriptions, groups and their end",
    profile: "guarded",
    fullWithinMs: 600_000,
    keptBytes: IS_FULL ? KEPT_BYTES : undefined,
    // One message to 100,000 groups is one turn.
    bystanderFloorMs: IS_FULL ? 2_500 : undefined,
    run: subscriptionStorm,
  },
  {
    name: "A57: one subject with very many receivers",
    profile: "guarded",
    fullWithinMs: 300_000,
    run: fanOut,
  },
  { name: "A57: limits of an account", profile: "guarded", run: subscriptionLimit },
  {
    name: "A58: readers that do not read",
    profile: "guarded",
    fullWithinMs: 300_000,
    bystanderFloorMs: IS_FULL ? 200 : undefined,
    run: slowReaders,
  },
  {
    name: "A59: requests that nobody answers",
    profile: "guarded",
    fullWithinMs: 300_000,
    run: unansweredRequests,
  },
  {
    name: "A59: replies that never come",
    profile: "guarded",
    fullWithinMs: 300_000,
    run: replyLeak,
  },
  { name: "trickling reader beside good ones", profile: "guarded", run: tricklingReader },
];
