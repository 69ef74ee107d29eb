// What every client library has to find in every server: messages, groups, requests. Defined once,
// run for each library, transport and number of workers. Must stay true: several connections in
// each test, so that with several workers the messages cross threads.
import { expect, it } from "vitest";
import {
  type ClientLibrary,
  type Connection,
  type ConnectOptions,
  connectForTest,
} from "./client-library.ts";
import { eventually } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

export interface CaseSetting {
  readonly library: ClientLibrary;
  readonly server: () => ServerUnderTest;
  /** What a connection needs besides the address. */
  readonly options: ConnectOptions;
}

/** `count` connections, which the server spreads over its workers. */
export function openConnections(setting: CaseSetting, count: number): Promise<Connection[]> {
  return Promise.all(
    Array.from({ length: count }, () =>
      connectForTest(setting.server(), setting.options, setting.library),
    ),
  );
}

/** One of them; throws where a test miscounts. */
export function connectionsOf(list: readonly Connection[], index: number): Connection {
  const connection = list[index];
  if (connection === undefined) throw new Error(`no connection ${index}`);
  return connection;
}

async function flushAll(connections: readonly Connection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.flush()));
}

/** Messages, subjects, payloads. */
export function defineMessageCases(setting: CaseSetting): void {
  it("CP-41 CP-46 CP-66: delivers subject, reply and every byte to all subscribers", async () => {
    const connections = await openConnections(setting, 4);
    const logs = connections.map((connection) => new MessageLog(connection, "bytes.a"));
    await flushAll(connections);
    const payload = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (const connection of connections) {
      connection.publish("bytes.a", payload, { reply: "answer.here" });
    }
    for (const log of logs) {
      await log.waitForCount(4);
      for (const message of log.messages) {
        expect([...message.data]).toEqual([...payload]);
        expect(message.subject).toBe("bytes.a");
        expect(message.reply).toBe("answer.here");
      }
    }
  });

  it("SU-02 SU-03 SU-05: wildcards match as written, each subscription gets its copy", async () => {
    const [subscriber, publisher] = await twoConnections(setting);
    const filters = ["w.*", "w.>", "w.a", "*.a", "w.*.c", "w.b.>", ">"];
    const logs = filters.map((filter) => new MessageLog(subscriber, filter));
    await subscriber.flush();
    const subjects = ["w", "w.a", "w.b", "w.b.c", "w.b.c.d", "v.a"];
    for (const subject of subjects) publisher.publish(subject);
    publisher.publish("last.one.of.all");
    await logs[6]?.waitForCount(subjects.length + 1);
    const got = (index: number): string[] | undefined => logs[index]?.subjects;
    expect(got(0)).toEqual(["w.a", "w.b"]);
    expect(got(1)).toEqual(["w.a", "w.b", "w.b.c", "w.b.c.d"]);
    expect(got(2)).toEqual(["w.a"]);
    expect(got(3)).toEqual(["w.a", "v.a"]);
    expect(got(4)).toEqual(["w.b.c"]);
    expect(got(5)).toEqual(["w.b.c", "w.b.c.d"]);
    expect(got(6)).toEqual([...subjects, "last.one.of.all"]);
  });

  it("SUB then PONG on one connection is visible to a PUB on any other", async () => {
    const connections = await openConnections(setting, 4);
    for (let round = 0; round < 40; round++) {
      const subscriber = connectionsOf(connections, round % 4);
      const publisher = connectionsOf(connections, (round + 1) % 4);
      const log = new MessageLog(subscriber, `seen.${round}`);
      await subscriber.flush();
      publisher.publish(`seen.${round}`);
      await log.waitForCount(1);
      log.subscription.unsubscribe();
    }
  });

  it("CP-65: 10,000 messages of each publisher stay in order at every subscriber", async () => {
    const connections = await openConnections(setting, 4);
    const count = 10_000;
    const logs = connections.map((connection) => new MessageLog(connection, "order.*"));
    await flushAll(connections);
    for (let index = 0; index < count; index++) {
      connectionsOf(connections, 0).publish("order.a", String(index));
      connectionsOf(connections, 1).publish("order.b", String(index));
    }
    for (const log of logs) {
      await log.waitForCount(2 * count, 30_000);
      for (const subject of ["order.a", "order.b"]) {
        const numbers = log.messages.filter((message) => message.subject === subject);
        expect(numbers).toHaveLength(count);
        expect(numbers.every((message, index) => message.string() === String(index))).toBe(true);
      }
    }
  });

  it("CP-67 CP-113: payloads from nothing to max_payload arrive whole", async () => {
    const [subscriber, publisher] = await twoConnections(setting);
    const max = publisher.info?.max_payload ?? 0;
    expect(max).toBe(1_048_576);
    const log = new MessageLog(subscriber, "size");
    await subscriber.flush();
    const sizes = [0, 1, 95, 96, 4_095, 4_096, 65_535, 65_536, 300_000, max - 1, max];
    for (const size of sizes) publisher.publish("size", filled(size));
    await log.waitForCount(sizes.length);
    sizes.forEach((size, index) => {
      expect(Buffer.compare(log.messages[index]?.data ?? new Uint8Array(), filled(size))).toBe(0);
    });
    expect(() => {
      publisher.publish("size", filled(max + 1));
    }).toThrow();
  });

  it("CP-44 CP-74: a subscription with a maximum gets exactly that many", async () => {
    const connections = await openConnections(setting, 4);
    const subscriber = connectionsOf(connections, 3);
    const log = new MessageLog(subscriber, "max.a", { max: 5 });
    const all = new MessageLog(subscriber, "max.>");
    await subscriber.flush();
    for (let round = 0; round < 10; round++) {
      for (const connection of connections.slice(0, 3)) connection.publish("max.a");
    }
    await all.waitForCount(30);
    await subscriber.flush();
    expect(log.messages).toHaveLength(5);
    expect(log.subscription.isClosed()).toBe(true);
  });

  it("CP-24: without echo a connection does not hear itself, others do", async () => {
    const quiet = await connectForTest(
      setting.server(),
      { ...setting.options, noEcho: true },
      setting.library,
    );
    const [other] = await twoConnections(setting);
    const own = new MessageLog(quiet, "echo");
    const others = new MessageLog(other, "echo");
    await flushAll([quiet, other]);
    quiet.publish("echo", "mine");
    await others.waitForCount(1);
    other.publish("echo", "yours");
    await own.waitForCount(1);
    expect(own.texts).toEqual(["yours"]);
  });

  it("holds 2,000 subscriptions of one connection and drops half of them", async () => {
    const [subscriber, publisher] = await twoConnections(setting);
    const logs = Array.from(
      { length: 2_000 },
      (_, index) => new MessageLog(subscriber, `many.${index}.*`),
    );
    const end = new MessageLog(subscriber, "many.end");
    await subscriber.flush();
    const publishAll = async (): Promise<void> => {
      for (let index = 0; index < logs.length; index++) publisher.publish(`many.${index}.x`);
      publisher.publish("many.end");
      await end.waitForCount(end.messages.length + 1);
    };
    await publishAll();
    expect(logs.every((log) => log.messages.length === 1)).toBe(true);
    for (const [index, log] of logs.entries()) if (index % 2 === 0) log.subscription.unsubscribe();
    await subscriber.flush();
    await publishAll();
    expect(logs.filter((log) => log.messages.length === 2)).toHaveLength(1_000);
    expect(logs.filter((log) => log.messages.length === 1)).toHaveLength(1_000);
  });

  it("answers flush and tells the round trip time", async () => {
    const [connection] = await twoConnections(setting);
    await connection.flush();
    expect(await connection.rtt()).toBeGreaterThanOrEqual(0);
  });
}

/** Queue groups. */
export function defineQueueCases(setting: CaseSetting): void {
  it("SU-20 SU-26: one member gets each message, all members get a fair share", async () => {
    const connections = await openConnections(setting, 5);
    const members = connections.slice(0, 4);
    const publisher = connectionsOf(connections, 4);
    const logs = members.map((member) => new MessageLog(member, "jobs.*", { queue: "workers" }));
    const plain = members.map((member) => new MessageLog(member, "jobs.>"));
    await flushAll(connections);
    const count = 2_000;
    for (let index = 0; index < count; index++) publisher.publish("jobs.a", String(index));
    for (const log of plain) await log.waitForCount(count);
    await flushAll(connections);
    const numbers = logs.flatMap((log) => log.texts.map(Number)).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
    // 500 each are expected; 350 is more than seven standard deviations away.
    for (const log of logs) expect(log.messages.length).toBeGreaterThan(350);
  });

  it("SU-20: two members on one connection weigh twice as much as one", async () => {
    const [twice, once] = await twoConnections(setting);
    const [publisher] = await twoConnections(setting);
    const logs = [twice, twice, once].map(
      (connection) => new MessageLog(connection, "share", { queue: "q" }),
    );
    await flushAll([twice, once]);
    const count = 3_000;
    for (let index = 0; index < count; index++) publisher.publish("share");
    const done = await Promise.all(
      [twice, once].map(async (connection) => {
        const log = new MessageLog(connection, "share.done");
        await connection.flush();
        return log;
      }),
    );
    publisher.publish("share.done");
    for (const log of done) await log.waitForCount(1);
    expect(logs.reduce((sum, log) => sum + log.messages.length, 0)).toBe(count);
    for (const log of logs) expect(log.messages.length).toBeGreaterThan(800);
  });

  it("SU-21: a group is its name, whatever the filter; other groups get their own copy", async () => {
    const connections = await openConnections(setting, 4);
    const [a, b, c] = ["group.*", "group.x", "group.>"].map(
      (filter, index) =>
        new MessageLog(connectionsOf(connections, index), filter, { queue: index < 2 ? "q" : "r" }),
    );
    await flushAll(connections);
    for (let index = 0; index < 200; index++) connectionsOf(connections, 3).publish("group.x");
    await c?.waitForCount(200);
    await flushAll(connections);
    expect((a?.messages.length ?? 0) + (b?.messages.length ?? 0)).toBe(200);
    expect(c?.messages).toHaveLength(200);
  });

  it("SU-25: members may leave; the others get everything", async () => {
    const connections = await openConnections(setting, 4);
    const logs = connections
      .slice(0, 3)
      .map((connection) => new MessageLog(connection, "leave", { queue: "q" }));
    const publisher = connectionsOf(connections, 3);
    const leaving = connectionsOf(connections, 1);
    leaving.subscribe("leave.alive", { callback: (_, message) => void message.respond() });
    await flushAll(connections);
    logs[0]?.subscription.unsubscribe();
    await connectionsOf(connections, 0).flush();
    await leaving.close();
    await untilNobodyAnswers(setting, publisher, "leave.alive");
    // A mark for the end, on the connection of the member that stays.
    const check = new MessageLog(connectionsOf(connections, 2), "leave.check");
    await connectionsOf(connections, 2).flush();
    for (let index = 0; index < 100; index++) publisher.publish("leave");
    publisher.publish("leave.check");
    await check.waitForCount(1);
    const received = logs.map((log) => log.messages.length);
    expect(received[0]).toBe(0);
    expect(received[1]).toBe(0);
    expect(received[2]).toBe(100);
  });
}

/** A client closes before the server has seen it: what is sent until then may go to it, and be lost. */
async function untilNobodyAnswers(
  { library }: CaseSetting,
  connection: Connection,
  subject: string,
): Promise<void> {
  await eventually(async () => {
    try {
      await connection.request(subject, undefined, { timeout: 1_000 });
    } catch (error) {
      // A request that was lost with the connection gets no answer at all.
      return library.isNoResponders(error) ? true : undefined;
    }
    return undefined;
  }, "the end of the connection that closed");
}

export async function twoConnections(setting: CaseSetting): Promise<[Connection, Connection]> {
  const connections = await openConnections(setting, 2);
  return [connectionsOf(connections, 0), connectionsOf(connections, 1)];
}

/** Bytes that differ from place to place. */
export function filled(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
  return bytes;
}
