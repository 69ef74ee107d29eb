// What happens to a server in a soak: every kind of client that comes, works and goes, each in a
// loop of its own until time is up. A failed step is an error of the soak, not a line in a log.
import type { OwnPauses } from "./own-pauses.ts";
import { credentialsOf } from "./profiles.ts";
import { RawClient } from "./raw-client.ts";
import { delay } from "./waiting.ts";

const KEPT_BYTES = 1024 * 1024;
const PAUSE_MS = 5;

export interface ChurnCounts extends Record<string, number> {
  connections: number;
  subscriptions: number;
  published: number;
  delivered: number;
  requests: number;
  refusals: number;
  resets: number;
  slowReaders: number;
}

export interface ChurnWorld {
  readonly port: number;
  readonly counts: ChurnCounts;
  readonly pauses: OwnPauses;
  /** Told of a login that failed beside a pause of this program, and is tried again. */
  onRetry(error: Error): void;
  isOver(): boolean;
}

export function newCounts(): ChurnCounts {
  return {
    connections: 0,
    subscriptions: 0,
    published: 0,
    delivered: 0,
    requests: 0,
    refusals: 0,
    resets: 0,
    slowReaders: 0,
  };
}

async function login(world: ChurnWorld, user: string): Promise<RawClient> {
  for (;;) {
    const startedAt = performance.now();
    try {
      const client = await RawClient.login(world.port, credentialsOf(user));
      world.counts.connections += 1;
      return client;
    } catch (error) {
      if (!world.pauses.since(startedAt)) throw error;
      world.onRetry(error as Error);
    }
  }
}

let visitorLoops = 0;

/** Connects, subscribes, gets one message, goes. */
async function visitors(world: ChurnWorld): Promise<void> {
  // Two of these loops may not share a queue group: one would take the other's message.
  visitorLoops += 1;
  const own = `visit.${visitorLoops}`;
  for (let round = 0; !world.isOver(); round += 1) {
    const subject = `${own}.${round % 5_000}`;
    const [reader, writer] = await Promise.all([login(world, "alice"), login(world, "alice")]);
    reader.send(`SUB ${subject} 1\r\nSUB ${subject} workers 2\r\nSUB ${own}.*.x 3\r\n`);
    if (!(await reader.ping())) throw new Error("a visitor is not served");
    writer.send(`PUB ${subject} 5\r\nhello\r\n`);
    if (!(await reader.sees(/(MSG[\s\S]*){2}hello\r\n/))) throw new Error("a message was lost");
    world.counts.subscriptions += 3;
    world.counts.published += 1;
    world.counts.delivered += 2;
    reader.destroy();
    if (round % 2 === 0) writer.socket.end();
    else writer.destroy();
    await delay(PAUSE_MS);
  }
}

/** A steady flow of new subjects, sizes and headers to a steady subscriber. */
async function flow(world: ChurnWorld): Promise<void> {
  const reader = await login(world, "alice");
  const writer = await login(world, "alice");
  reader.send("SUB flow.> 1\r\n");
  await reader.ping();
  for (let round = 0; !world.isOver(); round += 1) {
    let batch = "";
    for (let index = 0; index < 100; index += 1) {
      const payload = "x".repeat((round * 37 + index * 101) % 2_000);
      const subject = `flow.${round % 10_000}.${index}`;
      batch += `PUB ${subject} ${payload.length}\r\n${payload}\r\n`;
    }
    await writer.sendAll(batch);
    world.counts.published += 100;
    if (!(await writer.ping())) throw new Error("a publisher is not served");
    if (reader.received.length > KEPT_BYTES) reader.forget();
    if (reader.isClosed) throw new Error("a steady subscriber was closed");
    await delay(PAUSE_MS);
  }
  world.counts.delivered += 1;
  reader.destroy();
  writer.destroy();
}

/** Requests with fresh inboxes, through an imported service and inside one account. */
async function requests(world: ChurnWorld): Promise<void> {
  const service = await login(world, "service");
  service.send("SUB svc.> 1\r\n");
  await service.ping();
  service.socket.on("data", () => {
    // Whole lines only: a request that is cut in two is answered with the next one.
    const text = service.received;
    const end = text.lastIndexOf("\r\n") + 2;
    const replies = text.slice(0, end).matchAll(/MSG svc\.\S+ 1 (\S+)(?: \d+)+\r\n/g);
    for (const [, reply] of replies) service.send(`PUB ${reply} 2\r\nok\r\n`);
    service.received = text.slice(end);
  });
  let round = 0;
  while (!world.isOver()) {
    const user = round % 2 === 0 ? "bob" : "alice";
    const client = await login(world, user);
    for (let index = 0; index < 50; index += 1, round += 1) {
      const inbox = `_INBOX.soak.${round}`;
      client.forget();
      client.send(`SUB ${inbox} ${index}\r\nUNSUB ${index} 1\r\nPUB svc.echo ${inbox} 1\r\n?\r\n`);
      if (!(await client.sees(/ok\r\n/))) throw new Error(`no answer for ${user}`);
      world.counts.requests += 1;
      world.counts.subscriptions += 1;
    }
    client.destroy();
  }
  service.destroy();
}

/** Wrong passwords, broken protocol, half a login, and resets in the middle of everything. */
async function strangers(world: ChurnWorld): Promise<void> {
  const openings = [
    'CONNECT {"user":"alice","pass":"wrong"}\r\n',
    'CONNECT {"user":"alice"',
    "PUB x 1\r\n!\r\n",
    "\x16\x03\x01\x02\x00\x01",
    `CONNECT ${JSON.stringify(credentialsOf("alice"))}\r\nPUB x 100\r\nhalf`,
    `CONNECT ${JSON.stringify(credentialsOf("alice"))}\r\nSUB a 1\r\nNONSENSE\r\n`,
  ];
  for (let round = 0; !world.isOver(); round += 1) {
    const client = await RawClient.open(world.port);
    client.send(openings[round % openings.length] ?? "");
    await client.closes(20);
    if (client.isClosed) world.counts.refusals += 1;
    else {
      client.socket.resetAndDestroy();
      world.counts.resets += 1;
    }
  }
}

/** Readers that stop reading, until the server cuts them. */
async function sluggards(world: ChurnWorld): Promise<void> {
  const payload = "s".repeat(64 * 1024);
  while (!world.isOver()) {
    const reader = await login(world, "alice");
    const writer = await login(world, "alice");
    reader.send("SUB slow.> 1\r\n");
    await reader.ping();
    reader.socket.pause();
    // `max_pending` is 16 MB here; the buffers of the system take some more.
    for (let sent = 0; sent < 28 * 1024 * 1024; sent += payload.length) {
      await writer.sendAll(`PUB slow.x ${payload.length}\r\n${payload}\r\n`);
    }
    if (!(await writer.ping(30_000))) throw new Error("a slow reader stopped its publisher");
    reader.socket.resume();
    reader.socket.on("data", () => reader.forget());
    if (!(await reader.closes(15_000))) throw new Error("a slow reader was not cut");
    world.counts.slowReaders += 1;
    writer.destroy();
    await delay(1_500);
  }
}

/** Many subscriptions on one connection, taken back one by one or all at once. */
async function collectors(world: ChurnWorld): Promise<void> {
  for (let round = 0; !world.isOver(); round += 1) {
    const client = await login(world, "alice");
    const count = 2_000;
    const lines: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const queue = index % 3 === 0 ? ` g${index % 10}` : "";
      lines.push(`SUB many.${round % 50}.${index}.*${queue} ${index}\r\n`);
    }
    await client.sendAll(lines.join(""));
    if (!(await client.ping())) throw new Error("a collector is not served");
    world.counts.subscriptions += count;
    if (round % 2 === 0) {
      await client.sendAll(lines.map((_, index) => `UNSUB ${index}\r\n`).join(""));
      await client.ping();
    }
    client.destroy();
    await delay(100);
  }
}

export const CHURNS: readonly ((world: ChurnWorld) => Promise<void>)[] = [
  visitors,
  visitors,
  flow,
  requests,
  strangers,
  strangers,
  sluggards,
  collectors,
];
