// Connections that the owning thread dials, over real sockets of this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import type { Transport } from "@weft/base";
import { afterEach, expect, test } from "vitest";
import { SocketDriver } from "./socket-driver.ts";
import { RecordingSession, TestServer, until } from "./test-peers.ts";

/** Listens, prints its port and stands still: the system lets two connections in, and others wait. */
const NEVER_ACCEPTS = `
  const server = require("net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    require("fs").writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface Dialling {
  readonly driver: SocketDriver;
  readonly sessions: RecordingSession[];
  readonly failures: string[];
  flushes: number;
  gone: number;
  dial(host: string, port: number, timeoutMs?: number): void;
}

function createDialling(onOpen?: (transport: Transport) => void): Dialling {
  const sessions: RecordingSession[] = [];
  const failures: string[] = [];
  const dialling: Dialling = {
    driver: new SocketDriver({
      flush: () => {
        dialling.flushes += 1;
      },
      onFault: (error) => {
        throw error;
      },
      onGone: () => {
        dialling.gone += 1;
      },
    }),
    sessions,
    failures,
    flushes: 0,
    gone: 0,
    dial: (host, port, timeoutMs = 5_000) => {
      const open = (transport: Transport): RecordingSession => {
        const session = new RecordingSession(transport);
        sessions.push(session);
        onOpen?.(transport);
        return session;
      };
      dialling.driver.dial({ host, port, timeoutMs }, open, (reason) => failures.push(reason));
      expect(sessions.length + failures.length, "nothing before the call returns").toBe(0);
    },
  };
  return dialling;
}

for (const host of ["127.0.0.1", "localhost"]) {
  test(`${host}: bytes go both ways, in turns that end, and the end is told once`, async () => {
    server = await new TestServer({}).start();
    const dialling = createDialling((transport) => transport.write([Buffer.from("CONNECT")]));
    dialling.dial(host, server.port);
    const far = await server.session();
    await until(() => far.text === "CONNECT");
    const [near] = dialling.sessions as [RecordingSession];
    expect(near.transport.remotePort).toBe(server.port);
    expect(near.transport.localPort).toBe(far.transport.remotePort);
    const flushes = dialling.flushes;
    expect(flushes).toBeGreaterThan(0);
    far.transport.write([Buffer.from("INFO")]);
    await until(() => near.text === "INFO");
    expect(dialling.flushes).toBeGreaterThan(flushes);
    expect(near.writesDone).toBe(1);
    const large = Buffer.alloc(4 * 1024 * 1024, 0x61);
    far.transport.write([large]);
    await until(() => near.bytesSeen === large.length + 4);
    far.transport.end();
    await until(() => near.closedCount === 1);
    expect(near.closed?.cause).toBe("peer");
    // It was nobody's placement: the count of accepted ones does not change.
    expect(dialling.gone).toBe(0);
    expect(dialling.failures).toEqual([]);
  });
}

test("a port where nobody listens is told as a reason, and no session is made", async () => {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await new Promise((done) => listener.once("listening", done));
  const { port } = listener.address() as net.AddressInfo;
  await new Promise((done) => listener.close(done));
  const dialling = createDialling();
  dialling.dial("127.0.0.1", port);
  await until(() => dialling.failures.length > 0);
  expect(dialling.failures).toEqual(["ECONNREFUSED"]);
  expect(dialling.sessions).toEqual([]);
});

test("a port that is none is told as a reason, not thrown", async () => {
  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    const dialling = createDialling();
    dialling.dial("127.0.0.1", port);
    await until(() => dialling.failures.length > 0);
    expect(dialling.failures).toEqual([`port ${port} is none`]);
    expect(dialling.flushes, "the turn ends").toBe(1);
  }
});

test("what does not stand in time is given up, once", async () => {
  const stalled = spawn(process.execPath, ["-e", NEVER_ACCEPTS]);
  try {
    const [line] = (await once(stalled.stdout, "data")) as [Buffer];
    const port = Number(line.toString());
    const fillers = Array.from({ length: 8 }, () => net.connect(port, "127.0.0.1"));
    for (const filler of fillers) filler.on("error", () => undefined);
    await new Promise((done) => setTimeout(done, 50));
    const dialling = createDialling();
    dialling.dial("127.0.0.1", port, 100);
    await until(() => dialling.failures.length > 0);
    await new Promise((done) => setTimeout(done, 100));
    expect(dialling.failures).toEqual(["timed out"]);
    expect(dialling.sessions).toEqual([]);
    for (const filler of fillers) filler.destroy();
  } finally {
    stalled.kill("SIGKILL");
  }
});

test("F27: a session that cannot be made costs its connection alone", async () => {
  server = await new TestServer({}).start();
  const dialling = createDialling(() => {
    throw new Error("no such kind");
  });
  dialling.dial("127.0.0.1", server.port);
  const far = await server.session();
  await until(() => far.closedCount === 1);
  expect(dialling.failures).toEqual(["no such kind"]);
  expect(dialling.gone).toBe(0);
});
