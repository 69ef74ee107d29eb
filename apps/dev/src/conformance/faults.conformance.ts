// Faults of the process itself (F27 to F29): dying and blocked threads, short memory, no descriptors
// left. Threads fail where WEFT_FAULT says, which the server honours for these tests alone.
import { connect, type Socket } from "node:net";
import { describe, expect, it, type TestContext } from "vitest";
import { scaled } from "../attack/attack-case.ts";
import { AttackedServer, IS_REFERENCE, type StartOptions } from "../attack/attacked-server.ts";
import { RawClient } from "../attack/raw-client.ts";
import { delay, waitFor, within } from "../attack/waiting.ts";

/** The exit code of a server of which a part has died. */
const EXIT_DIED = 70;
const MEGABYTE = 1024 * 1024;
const WORKERS = [1, 2, 4] as const;
const faultsIt = IS_REFERENCE ? it.skip : it;

async function started(test: TestContext, options: StartOptions): Promise<AttackedServer> {
  const server = await AttackedServer.start(options);
  test.onTestFinished(async () => {
    await server.stop();
  });
  return server;
}

async function loggedIn(
  test: TestContext,
  server: AttackedServer,
  count: number,
): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let index = 0; index < count; index += 1) {
    const client = await RawClient.login(server.port);
    test.onTestFinished(() => client.destroy());
    clients.push(client);
  }
  return clients;
}

/** The whole server is gone: one fatal line, its exit code, a close for every client. */
async function expectDeath(server: AttackedServer, clients: readonly RawClient[]): Promise<void> {
  const exit = await within(server.ended, 60_000, "the end of the server");
  expect(exit).toEqual({ code: EXIT_DIED, signal: null });
  const fatal = server
    .output()
    .split("\n")
    .filter((line) => line.includes("[FTL]"));
  expect(fatal, server.output().slice(-2_000)).toHaveLength(1);
  for (const client of clients) expect(await client.closes(2_000)).toBe(true);
}

describe.concurrent("F27: a thread dies", () => {
  for (const workers of WORKERS) {
    const last = `${workers}`;
    for (const fault of [`exit:${last}:1500`, `error:${last}:1500`, "exit:acceptor:1500"]) {
      faultsIt(`${workers} workers, ${fault}: the whole server ends`, async (test) => {
        const environment = { WEFT_FAULT: fault };
        const server = await started(test, { workers, environment });
        await expectDeath(server, await loggedIn(test, server, workers * 2));
      });
    }
    faultsIt(`${workers} workers, a failed assert: the whole server ends`, async (test) => {
      const environment = { WEFT_FAULT: "assert:BROKEN-INVARIANT" };
      const server = await started(test, { workers, environment });
      const clients = await loggedIn(test, server, workers * 2);
      clients[0]?.send("PUB x 16\r\nBROKEN-INVARIANT\r\n");
      await expectDeath(server, clients);
    });
    faultsIt(`${workers} workers, a throw: only that connection is closed`, async (test) => {
      const environment = { WEFT_FAULT: "throw:BROKEN-INPUT" };
      const server = await started(test, { workers, environment });
      const clients = await loggedIn(test, server, workers * 2 + 1);
      const subscriber = clients[1] as RawClient;
      subscriber.send("SUB x 1\r\n");
      await subscriber.ping();
      clients[0]?.send("PUB x 12\r\nBROKEN-INPUT\r\n");
      expect(await clients[0]?.closes(3_000)).toBe(true);
      for (const client of clients.slice(1)) expect(await client.ping(3_000)).toBe(true);
      clients[2]?.send("PUB x 5\r\nwhole\r\n");
      expect(await subscriber.sees(/whole\r\n/)).toBe(true);
      expect(subscriber.received).not.toContain("BROKEN");
      await server.said(/connection closed by a fault/, 3_000);
      expect(server.isAlive).toBe(true);
    });
  }
});

describe.concurrent("F27: a worker is blocked", () => {
  for (const workers of [2, 4] as const) {
    faultsIt(`${workers} workers: the others go on, and the log says so`, async (test) => {
      const environment = { WEFT_FAULT: `block:${workers}:1500:8000` };
      const server = await started(test, { workers, environment });
      const startedAt = performance.now();
      const clients = await loggedIn(test, server, workers * 2);
      await delay(1_800 - (performance.now() - startedAt));
      const answered = await Promise.all(clients.map((client) => client.ping(1_500)));
      // Connections are dealt out evenly: two of them are the blocked worker's.
      expect(answered.filter((isAnswered) => !isAnswered)).toHaveLength(2);
      await server.said(new RegExp(`Worker ${workers} is blocked`), 10_000);
      await server.said(new RegExp(`Worker ${workers} is no longer blocked`), 10_000);
      const after = await Promise.all(clients.map((client) => client.ping(3_000)));
      expect(after.every(Boolean)).toBe(true);
    });
  }
});

describe("F28: memory is short", () => {
  faultsIt("a heap at its limit ends the server with a word, not by an abort", async (test) => {
    const server = await started(test, {
      workers: 4,
      environment: { WEFT_FAULT: "memory:2:1000" },
    });
    await expectDeath(server, await loggedIn(test, server, 4));
    expect(server.output()).toMatch(/memory/i);
  });

  for (const workers of WORKERS) {
    it(`${workers} workers: slow consumers cost what they may and are cut`, async (test) => {
      const server = await started(test, { workers });
      await expectSlowConsumersCut(test, server, scaled(4, 16));
    });
  }
});

/** Every reader has a subject of its own, so that nothing waiting for it can be shared. */
async function expectSlowConsumersCut(
  test: TestContext,
  server: AttackedServer,
  count: number,
): Promise<void> {
  const before = server.residentBytes();
  const sockets = server.sockets();
  const readers = await loggedIn(test, server, count);
  for (const [index, reader] of readers.entries()) {
    reader.send(`SUB slow.${index} 1\r\n`);
    await reader.ping();
    reader.socket.pause();
  }
  const [publisher] = await loggedIn(test, server, 1);
  const payload = "p".repeat(128 * 1024);
  let peak = 0;
  // 64 MB may wait for each (CP-103); the system's buffers take some more.
  for (let sent = 0; sent < 90 * MEGABYTE; sent += payload.length) {
    for (let index = 0; index < count; index += 1) {
      await publisher?.sendAll(`PUB slow.${index} ${payload.length}\r\n${payload}\r\n`);
    }
    peak = Math.max(peak, server.residentBytes() - before);
  }
  expect(await publisher?.ping(30_000)).toBe(true);
  await waitFor(() => server.sockets() <= sockets + 1, 20_000, "the cut of slow readers");
  expect(peak / MEGABYTE).toBeLessThan(count * 64 + 192);
  const isBack = (): boolean => server.residentBytes() < before + 96 * MEGABYTE;
  await waitFor(isBack, 20_000, "the return of memory").catch((error: Error) => {
    const megabytes = (server.residentBytes() - before) / MEGABYTE;
    throw new Error(`${error.message}: ${megabytes.toFixed(0)} MB more than before`);
  });
}

describe("F29: descriptors and ports", () => {
  for (const workers of WORKERS) {
    it(`${workers} workers: up to the limit and beyond, and back`, async (test) => {
      const probe = await started(test, { workers });
      const limit = probe.descriptors() + 120;
      await probe.stop();
      const server = await started(test, { workers, descriptors: limit });
      const [early] = await loggedIn(test, server, 1);
      const atRest = server.sockets();
      const crowd = await Promise.all(
        Array.from({ length: 400 }, () => RawClient.open(server.port).catch(() => undefined)),
      );
      await delay(500);
      const served = crowd.filter((client) => client?.received.startsWith("INFO"));
      expect(served.length).toBeGreaterThan(60);
      expect(served.length).toBeLessThan(130);
      expect(await early?.ping(3_000), "an old connection is not served").toBe(true);
      for (const client of crowd) client?.destroy();
      await waitFor(() => server.sockets() <= atRest, 10_000, "the end of sockets");
      const later = await loggedIn(test, server, 60);
      expect(await later.at(-1)?.ping()).toBe(true);
      expect(server.isAlive).toBe(true);
    });

    it(`${workers} workers: the same local ports again and again, each ended by a reset`, async (test) => {
      const server = await started(test, { workers });
      const [early] = await loggedIn(test, server, 1);
      const atRest = server.sockets();
      const rounds = scaled(30, 650);
      const ports = await localPorts(server, 100);
      const outcomes: Outcome[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const sockets = ports.map((localPort) => resetConnection(server.port, localPort));
        outcomes.push(...(await Promise.all(sockets)));
      }
      expect(outcomes.filter((outcome) => outcome === "unserved")).toEqual([]);
      expect(outcomes.filter((outcome) => outcome === "served").length).toBeGreaterThan(rounds);
      expect(await early?.ping(3_000)).toBe(true);
      await waitFor(() => server.sockets() <= atRest, 10_000, "the end of sockets");
    });
  }
});

/** Ports of this machine that were free a moment ago. */
async function localPorts(server: AttackedServer, count: number): Promise<number[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => RawClient.open(server.port)),
  );
  const ports = clients.map(({ socket }) => socket.localPort ?? 0);
  for (const { socket } of clients) socket.resetAndDestroy();
  await delay(100);
  return ports;
}

/** `taken`: another program of this machine has the local port now. */
type Outcome = "served" | "unserved" | "taken";

/** Connects from that port, waits for the first bytes, resets. */
function resetConnection(port: number, localPort: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket: Socket = connect({
      host: "127.0.0.1",
      port,
      localAddress: "127.0.0.1",
      localPort,
    });
    let outcome: Outcome = "unserved";
    socket.once("data", () => {
      outcome = "served";
      socket.resetAndDestroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith("EADDR") === true) outcome = "taken";
    });
    socket.once("close", () => resolve(outcome));
    socket.setTimeout(5_000, () => socket.destroy());
  });
}
