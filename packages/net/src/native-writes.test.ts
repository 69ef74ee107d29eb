// Writes past the stream layer, on real sockets: what is told when, and what holds the bytes.
import { randomBytes } from "node:crypto";
import { Duplex } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { NativeWrites, WRITE_REFUSED, WRITE_WAITS } from "./native-writes.ts";
import type { OwnedSocket } from "./socket-access.ts";
import { type RecordingSession, type TestClient, TestServer, until } from "./test-peers.ts";
import { echoes, infoThenTls, TLS_BASE, upgrade } from "./test-tls-peers.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(onOpen?: (session: RecordingSession) => void): Promise<TestServer> {
  server = await new TestServer(onOpen === undefined ? {} : { onOpen }).start();
  return server;
}

const greets = (session: RecordingSession): void => session.transport.write([Buffer.from("hi")]);

/** Gives the collector every chance to take what nobody holds, and others to use its memory. */
function churnMemory(): void {
  for (let round = 0; round < 200; round += 1) Buffer.allocUnsafeSlow(256 * 1024).fill(0x78);
}

/** A session that has greeted, and whose next write waits for a client that reads nothing. */
async function startWithWaitingWrite() {
  const running = await start(greets);
  const client = await running.connect();
  const session = await running.session();
  await until(() => session.writesDone === 1);
  client.socket.pause();
  session.transport.write([Buffer.alloc(8_000_000)]);
  return { running, client, session };
}

test("chunks of a write that has to wait are held, whatever becomes of the list", async () => {
  const running = await start(greets);
  const client = await running.connect();
  const session = await running.session();
  await until(() => session.writesDone === 1);
  client.socket.pause();
  const expected: Buffer[] = [Buffer.from("hi")];
  for (const count of [1, 2, 40]) {
    const list = Array.from({ length: count }, () => randomBytes(8_000_000 / count));
    expected.push(...list.map((chunk) => Buffer.from(chunk)));
    const done = session.writesDone;
    session.transport.write(list);
    list.length = 0;
    churnMemory();
    expect(session.writesDone).toBe(done);
    client.socket.resume();
    await until(() => session.writesDone === done + 1);
    await until(() => client.text.length === Buffer.concat(expected).length);
    client.socket.pause();
  }
  expect(Buffer.from(client.text, "latin1").equals(Buffer.concat(expected))).toBe(true);
  client.socket.destroy();
});

test("small writes in between go at once, also after one that had to wait", async () => {
  const running = await start(greets);
  const clients = [await running.connect(), await running.connect()];
  await until(() => running.sessions.length === 2 && running.sessions[1]!.writesDone === 1);
  const [slow, quick] = running.sessions;
  clients[0]!.socket.pause();
  slow!.transport.write([Buffer.alloc(8_000_000, 0x61)]);
  for (let count = 2; count < 50; count += 1) {
    quick!.transport.write([Buffer.from("a"), Buffer.from("b")]);
    await until(() => quick!.writesDone === count);
  }
  expect(slow!.writesDone).toBe(1);
  await until(() => clients[1]!.text === `hi${"ab".repeat(48)}`);
  clients[0]!.socket.resume();
  await until(() => slow!.writesDone === 2);
  for (const client of clients) client.socket.destroy();
});

test("a peer that resets during a write that waits: closed once, the write is not told", async () => {
  const { client, session } = await startWithWaitingWrite();
  client.socket.resetAndDestroy();
  await until(() => session.closedCount === 1);
  expect(session.writesDone).toBe(1);
  expect(session.closed?.cause).toBe("error");
  session.transport.write([Buffer.from("late")]);
  expect(session.closedCount).toBe(1);
});

test("writes to a peer that has reset end the connection with the system's error", async () => {
  const running = await start(greets);
  const client = await running.connect();
  const session = await running.session();
  await until(() => session.writesDone === 1);
  session.transport.pauseReading();
  client.socket.resetAndDestroy();
  await until(() => {
    if (session.closedCount === 0) session.transport.write([Buffer.from("more")]);
    return session.closedCount === 1;
  });
  expect(session.closed?.cause).toBe("error");
  expect(["EPIPE", "ECONNRESET"]).toContain(session.closed?.detail);
});

test("over TLS: a write to a peer that has reset ends the connection at once", async () => {
  server = await new TestServer({ tls: TLS_BASE, onOpen: infoThenTls }).start();
  const client = await upgrade(server);
  await echoes(client, "one");
  const session = await server.session();
  session.react = undefined;
  await until(() => session.writesDone === 2);
  session.transport.pauseReading();
  client.socket.pause();
  session.transport.write([Buffer.alloc(300_000)]);
  await until(() => session.writesDone === 3);
  // What it has not read makes the system reset the connection.
  client.socket.destroy();
  await until(() => client.closed);
  session.transport.write([Buffer.from("more")]);
  await until(() => session.closedCount === 1);
  expect(session.closed?.cause).toBe("error");
  expect(["EPIPE", "ECONNRESET"]).toContain(session.closed?.detail);
  expect(session.writesDone).toBe(3);
});

test("over TLS: joined chunks, larger ones, and an end behind a write arrive whole", async () => {
  server = await new TestServer({ tls: TLS_BASE, onOpen: infoThenTls }).start();
  const client = await upgrade(server);
  await echoes(client, "one");
  const session = await server.session();
  session.react = undefined;
  let expected = client.text;
  for (const sizes of [
    [5, 7],
    [100_000, 3, 300_000],
    [700_000, 1],
    [4_000_000, 20_000],
  ]) {
    const done = session.writesDone;
    const chunks = sizes.map((size) => Buffer.from(randomBytes(size).toString("latin1"), "latin1"));
    expected += Buffer.concat(chunks).toString("latin1");
    if (sizes[0] === 4_000_000) client.socket.pause();
    session.transport.write(chunks);
    if (sizes[0] === 4_000_000) session.transport.end();
    else await until(() => session.writesDone === done + 1);
  }
  expect(session.writesDone).toBe(5);
  client.socket.resume();
  await until(() => client.closed && session.closedCount === 1);
  expect(client.text === expected).toBe(true);
  expect(session.closed?.cause).toBe("local");
});

test("where Node is not as expected nothing is written here", async () => {
  const written: string[] = [];
  const plain = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.toString());
      done();
    },
  });
  const handle = { writeBuffer: () => 0 };
  const stranger = Object.assign(plain, { _handle: handle }) as unknown as OwnedSocket;
  const writes = new NativeWrites();
  expect(writes.write(stranger, [Buffer.from("a")])).toBe(WRITE_WAITS);
  expect(writes.write(stranger, [Buffer.from("b")])).toBe(WRITE_REFUSED);
  expect(writes.write(stranger, [Buffer.from("c"), Buffer.from("d")])).toBe(WRITE_REFUSED);
  expect(written).toEqual(["a"]);
});

/** The peer reads nothing yet and ends its side; then everything must come, in three writes. */
async function endsWhileOutputWaits(running: TestServer, client: TestClient): Promise<void> {
  const session = await running.session();
  const sizes = [8_000_000, 3_000_000, 5];
  const writes = sizes.map((size, at) => `${at}`.repeat(size));
  const expected = client.text + writes.join("");
  const next = (): void => {
    const text = writes.shift();
    if (text !== undefined) session.transport.write([Buffer.from(text)]);
  };
  session.wrote = next;
  client.socket.pause();
  next();
  client.socket.end();
  await until(() => running.driver.peerEnds.waiting === 1);
  expect(writes.length).toBe(2);
  client.socket.resume();
  await until(() => client.closed && session.closedCount === 1);
  expect(client.text === expected).toBe(true);
  expect(session.closed?.cause).toBe("peer");
  expect(running.driver.peerEnds.waiting).toBe(0);
}

test("a peer that ends its side while output waits gets all of it", async () => {
  const running = await start(greets);
  const client = await running.connect();
  const session = await running.session();
  await until(() => session.writesDone === 1 && client.text === "hi");
  await endsWhileOutputWaits(running, client);
});

test("over TLS too", async () => {
  server = await new TestServer({ tls: TLS_BASE, onOpen: infoThenTls }).start();
  const client = await upgrade(server);
  await echoes(client, "one");
  const session = await server.session();
  session.react = undefined;
  await until(() => session.writesDone === 2);
  await endsWhileOutputWaits(server, client);
});

test("a peer that ended its side and then resets is forgotten", async () => {
  const { running, client, session } = await startWithWaitingWrite();
  client.socket.end();
  await until(() => running.driver.peerEnds.waiting === 1);
  client.socket.resetAndDestroy();
  await until(() => session.closedCount === 1);
  expect(running.driver.peerEnds.waiting).toBe(0);
});
