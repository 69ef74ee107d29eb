// The plain transport over real sockets of this machine.
import net from "node:net";
import { AssertionFailure, LIMITS } from "@weft/base";
import { afterEach, expect, test } from "vitest";
import { SocketDriver } from "./socket-driver.ts";
import { RecordingSession, TestServer, until } from "./test-peers.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(onOpen?: (session: RecordingSession) => void): Promise<TestServer> {
  server = await new TestServer(onOpen === undefined ? {} : { onOpen }).start();
  return server;
}

test("a session may write before its first byte and hears of every write", async () => {
  const running = await start((session) => session.transport.write([Buffer.from("INFO {}\r\n")]));
  const client = await running.connect();
  await until(() => client.text === "INFO {}\r\n");
  const session = await running.session();
  expect(session.writesDone).toBe(1);
  session.transport.write([Buffer.from("a"), Buffer.from("bc"), Buffer.from("d")]);
  await until(() => client.text === "INFO {}\r\nabcd");
  expect(session.writesDone).toBe(2);
  client.socket.destroy();
});

test("CP-104: a write that the kernel does not take at once is told when it is done, once", async () => {
  const running = await start();
  const client = await running.connect();
  const session = await running.session();
  client.socket.pause();
  const large = Buffer.alloc(16 * 1024 * 1024, 0x61);
  for (const expected of [1, 2]) {
    session.transport.write([large, Buffer.from("\r\n")]);
    for (let pass = 0; pass < 20; pass += 1) await new Promise((done) => setImmediate(done));
    expect(session.writesDone).toBe(expected - 1);
    client.socket.resume();
    await until(() => session.writesDone === expected);
    await until(() => client.text.length === expected * (large.length + 2));
    client.socket.pause();
  }
  client.socket.resume();
  for (const expected of [3, 4]) {
    session.transport.write([Buffer.from("small")]);
    expect(session.writesDone).toBe(expected - 1);
    await until(() => session.writesDone === expected);
  }
  await until(() => client.text.endsWith("small".repeat(2)));
  client.socket.destroy();
});

test("writes of one turn that are done at once are told in one turn", async () => {
  const running = await start();
  const clients = [await running.connect(), await running.connect(), await running.connect()];
  await until(() => running.sessions.length === 3);
  // The first write of a thread goes by way of the stream: there is something to learn from it.
  running.sessions[0]?.transport.write([Buffer.from("-")]);
  await until(() => running.sessions[0]?.writesDone === 1);
  const before = running.flushes;
  const done = running.sessions.map(({ writesDone }) => writesDone);
  for (const session of running.sessions) session.transport.write([Buffer.from("all")]);
  await until(() => running.sessions.every(({ writesDone }, k) => writesDone === done[k]! + 1));
  expect(running.flushes).toBe(before + 1);
  await until(() => clients.every((client) => client.text.endsWith("all")));
  for (const client of clients) client.socket.destroy();
});

test("a write to a connection that the peer has reset is not told as done", async () => {
  const running = await start();
  const client = await running.connect();
  const session = await running.session();
  session.transport.pauseReading();
  for (let pass = 0; pass < 5; pass += 1) await new Promise((done) => setImmediate(done));
  client.socket.resetAndDestroy();
  await until(() => client.closed);
  session.transport.write([Buffer.from("lost")]);
  await until(() => session.closed !== undefined);
  expect(session.writesDone).toBe(0);
  expect(session.closed?.cause).toBe("error");
});

test("bytes land behind the headroom and each call ends in a flush", async () => {
  const starts: number[] = [];
  const running = await start((session) => {
    session.onBytes = (input, from, end) => {
      starts.push(from);
      input.fill(0, from - LIMITS.readHeadroomBytes, from);
      session.chunks.push(Buffer.from(input.subarray(from, end)));
    };
  });
  const client = await running.connect();
  const session = await running.session();
  const before = running.flushes;
  client.socket.write("PING\r\n");
  await until(() => session.text === "PING\r\n");
  expect(running.flushes).toBe(before + 1);
  expect(starts).toEqual([LIMITS.readHeadroomBytes]);
  client.socket.destroy();
});

test("addresses of both ends are known, also after the end", async () => {
  const running = await start();
  const client = await running.connect();
  const { transport } = await running.session();
  expect(transport.remoteAddress).toBe("127.0.0.1");
  expect(transport.localAddress).toBe("127.0.0.1");
  expect(transport.localPort).toBe(running.port);
  expect(transport.remotePort).toBe(client.socket.localPort);
  client.socket.destroy();
  await until(() => running.sessions[0]!.closedCount === 1);
  expect(transport.remoteAddress).toBe("127.0.0.1");
});

test("the peer's close is told once, as the peer's", async () => {
  const running = await start();
  const client = await running.connect();
  const session = await running.session();
  client.socket.end("PUB");
  await until(() => session.closed !== undefined);
  expect(session.text).toBe("PUB");
  expect(session.closed).toEqual({ cause: "peer", detail: "" });
  expect(session.closedCount).toBe(1);
});

test("a reset is told as an error with its code", async () => {
  const running = await start();
  const client = await running.connect();
  const session = await running.session();
  client.socket.resetAndDestroy();
  await until(() => session.closed !== undefined);
  expect(session.closed).toEqual({ cause: "error", detail: "ECONNRESET" });
});

test("end delivers what was written although unread input is waiting, and then closes", async () => {
  const line = "-ERR 'Parser Error'\r\n";
  const running = await start((session) => {
    session.react = () => {
      session.transport.write([Buffer.from(line)]);
      session.transport.end();
    };
  });
  const client = await running.connect();
  // More than one read: what comes after the end must be dropped, not answered by a reset.
  client.socket.write(Buffer.alloc(3 * LIMITS.readChunkBytes, 0x41));
  await until(() => client.closed);
  expect(client.text).toBe(line);
  expect(client.error).toBeUndefined();
  const session = await running.session();
  await until(() => session.closedCount === 1);
  expect(session.closed?.cause).toBe("local");
});

test("end closes in a short while although the peer keeps its side open", async () => {
  const running = await start((session) => {
    session.react = () => session.transport.end();
  });
  const client = net.connect({ port: running.port, host: "127.0.0.1", allowHalfOpen: true });
  client.on("error", () => undefined);
  client.write("x");
  const session = await running.session();
  const from = performance.now();
  await until(() => session.closed !== undefined);
  expect(performance.now() - from).toBeLessThan(1000);
  client.destroy();
});

test("destroy closes in a later turn", async () => {
  const running = await start();
  const client = await running.connect();
  const session = await running.session();
  session.transport.destroy();
  expect(session.closed).toBeUndefined();
  await until(() => session.closed !== undefined && client.closed);
  expect(session.closed).toEqual({ cause: "local", detail: "" });
});

test("writes after the end are dropped without a fault", async () => {
  const running = await start();
  await running.connect();
  const session = await running.session();
  session.transport.end();
  session.transport.write([Buffer.from("late")]);
  session.transport.destroy();
  session.transport.write([Buffer.from("later")]);
  session.transport.pauseReading();
  session.transport.resumeReading();
  await until(() => session.closed !== undefined);
  expect(session.writesDone).toBe(0);
  expect(running.faults).toEqual([]);
});

test("a paused session gets nothing until it resumes, whoever pauses it", async () => {
  const running = await start((session) => {
    session.keepChunks = false;
    session.react = (_bytes, self) => {
      if (self.bytesSeen < 1000) self.transport.pauseReading();
    };
  });
  const client = await running.connect();
  client.socket.write("a");
  const session = await running.session();
  await until(() => session.bytesSeen === 1);
  client.socket.write(Buffer.alloc(4 * LIMITS.readChunkBytes));
  for (let pass = 0; pass < 20; pass += 1) await new Promise((done) => setImmediate(done));
  expect(session.bytesSeen).toBe(1);
  session.transport.resumeReading();
  await until(() => session.bytesSeen === 1 + 4 * LIMITS.readChunkBytes);
  session.transport.pauseReading();
  client.socket.write("b");
  for (let pass = 0; pass < 20; pass += 1) await new Promise((done) => setImmediate(done));
  expect(session.bytesSeen).toBe(1 + 4 * LIMITS.readChunkBytes);
  session.transport.resumeReading();
  await until(() => session.bytesSeen === 2 + 4 * LIMITS.readChunkBytes);
  client.socket.end();
  await until(() => session.closedCount === 1);
});

test("pausing and resuming inside one call keeps the socket reading", async () => {
  const running = await start((session) => {
    session.react = (_bytes, self) => {
      self.transport.pauseReading();
      self.transport.resumeReading();
    };
  });
  const client = await running.connect();
  const session = await running.session();
  for (const letter of "abcdef") {
    client.socket.write(letter);
    await until(() => session.text.endsWith(letter));
  }
  client.socket.destroy();
});

test("one flooding socket does not keep another waiting for more than its share", async () => {
  let floodedBytes = 0;
  let mostBetween = 0;
  let sinceQuiet = 0;
  const running = await start((session) => {
    session.keepChunks = false;
    session.react = (bytes) => {
      if (bytes[0] === 0x51) {
        mostBetween = Math.max(mostBetween, sinceQuiet);
        sinceQuiet = 0;
        session.transport.write([Buffer.from("P")]);
      } else {
        floodedBytes += bytes.length;
        sinceQuiet += bytes.length;
      }
    };
  });
  const total = 64 * 1024 * 1024;
  const flood = await running.connect();
  const quiet = await running.connect();
  const chunk = Buffer.alloc(1024 * 1024, 0x46);
  for (let sent = 0; sent < total; sent += chunk.length) flood.socket.write(chunk);
  let answers = 0;
  quiet.socket.on("data", () => {
    answers += 1;
    quiet.socket.write("Q");
  });
  quiet.socket.write("Q");
  await until(() => floodedBytes === total, 15_000);
  expect(answers).toBeGreaterThan(10);
  // One share in the pass before, one in the same: never the 8 MiB of 32 reads in a row.
  expect(mostBetween).toBeLessThanOrEqual(8 * LIMITS.readBytesPerPass);
  flood.socket.destroy();
  quiet.socket.destroy();
});

test("F27: a throw in a session costs its connection only", async () => {
  const running = await start((session) => {
    session.react = (bytes) => {
      if (bytes[0] === 0x21) throw new Error("bad session");
      session.transport.write([Buffer.from("ok")]);
    };
  });
  const victim = await running.connect();
  const bystander = await running.connect();
  victim.socket.write("!");
  await until(() => victim.closed);
  bystander.socket.write("x");
  await until(() => bystander.text === "ok");
  expect(running.sessions[0]!.closed).toEqual({ cause: "error", detail: "bad session" });
  expect((running.faults[0] as Error).message).toBe("bad session");
  bystander.socket.destroy();
});

test("F27: a failed assert is not caught", () => {
  const driver = new SocketDriver({ flush: () => undefined, onFault: () => undefined });
  const failure = new AssertionFailure("ring");
  const nobody = undefined as never;
  expect(() => driver.fault(failure, nobody)).toThrow(failure);
});

test("a connection that is dead before it is adopted opens no session", async () => {
  const driver = new SocketDriver({ flush: () => undefined, onFault: () => undefined });
  const none = () => 0;
  const gone = { fd: -1, setNoDelay: none, setKeepAlive: none, getpeername: () => -1 };
  const dead = { ...gone, close: () => undefined };
  expect(driver.adopt(dead, undefined, () => new RecordingSession(undefined as never))).toBe(
    undefined,
  );
});
