// Limits of connections: how many, how long silent, how slow; what the client reads at the end.
import { describe, expect, it } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually, pause } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { openRaw, type RawClient, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  itWeft,
  type ServerUnderTest,
  serverForTest,
  useServer,
} from "./server-under-test.ts";
import { type Json, SYSTEM_CONFIG, SystemClient } from "./system-client.ts";
import { tlsBlock, trusting } from "./testdata/certificates.ts";
import { loggedIn } from "./tls-client.ts";

describeWithWorkers("limits", (workers) => {
  describe("of connections", () => {
    const server = useServer({ workers, config: "max_connections: 6" });

    it("CP-15 CP-85: exactly so many over all workers, and a place is free again", async () => {
      // The connection that found the server ready may not be gone yet: then one place less is free.
      const clients = await eventually(async () => {
        const some = await Promise.all(Array.from({ length: 20 }, () => rawForTest(server().port)));
        // Nobody says a word, so that no refusal is lost to a reset.
        await eventually(
          () => (some.filter((client) => client.isClosed).length >= 14 ? true : undefined),
          "14 refusals",
        );
        const open = some.filter((client) => !client.isClosed);
        expect(open.length).toBeLessThanOrEqual(6);
        if (open.length === 6) return some;
        for (const client of open) client.end();
        return undefined;
      }, "six places");
      const inside = clients.filter((client) => !client.isClosed);
      expect(inside).toHaveLength(6);
      for (const client of clients.filter(({ isClosed }) => isClosed)) {
        expect(client.received).toMatch(/-ERR 'maximum connections exceeded'\r\n$/);
      }
      for (const client of inside) await client.login();
      inside[0]?.socket.end();
      await inside[0]?.waitForClose();
      const next = await eventually(async () => {
        const client = await openRaw(server().port);
        client.sendConnect();
        client.send("PING\r\n");
        const match = await client.waitFor(/^(PONG|-ERR)/m);
        if (match[1] === "PONG") return client;
        client.end();
        return undefined;
      }, "a place for another connection");
      await next.ping();
      next.end();
    });
  });

  describe("of silence", () => {
    const server = useServer({
      workers,
      config: `ping_interval: "400ms"\nping_max: 2
        authorization { user: ruth, password: pw, timeout: 0.5 }`,
    });

    it("CP-31 CP-81: no CONNECT in time", async () => {
      const client = await rawForTest(server().port);
      const before = Date.now();
      await client.waitFor(/^-ERR 'Authentication Timeout'\r\n/m);
      expect(Date.now() - before).toBeGreaterThan(350);
      await client.waitForClose();
    });

    it("CP-31: a CONNECT that dribbles in does not win time", async () => {
      const client = await rawForTest(server().port);
      for (const letter of "CONNECT {") {
        client.send(letter);
        await pause(40, "a slow sender");
      }
      await client.waitFor(/^-ERR 'Authentication Timeout'\r\n/m, 3_000);
      await client.waitForClose();
    });

    it("CP-100 CP-101: pings, and closes what never answers", async () => {
      const [silent, alive] = [await rawForTest(server().port), await rawForTest(server().port)];
      await silent.login({ user: "ruth", pass: "pw" });
      await alive.login({ user: "ruth", pass: "pw" });
      alive.socket.on("data", (bytes: Buffer) => {
        if (bytes.includes("PING\r\n")) alive.send("PONG\r\n");
      });
      await silent.waitFor(/^-ERR 'Stale Connection'\r\n/m);
      await silent.waitForClose();
      expect(silent.received.match(/^PING\r\n/gm)?.length).toBeGreaterThanOrEqual(2);
      await alive.ping();
      expect(alive.received).not.toContain("-ERR");
    });
  });

  describe("of slowness", () => {
    const pending = useServer({ workers, config: "max_pending: 2MB" });
    const deadline = useServer({ workers, config: 'write_deadline: "700ms"' });

    it("CP-103: a receiver that does not read is cut when too much waits for it", async () => {
      await floodUntilCut(pending(), 64);
    });

    it("CP-104: a receiver that takes nothing is cut at the write deadline", async () => {
      await floodUntilCut(deadline(), 24);
    });

    itWeft("a trickling receiver does not freeze the subject for others", async () => {
      const slowConsumers = (): number => pending().stderr.match(/Slow Consumer/g)?.length ?? 0;
      const before = slowConsumers();
      const trickle = await receiver(pending().port, "news");
      trickle.stopReading();
      const timer = setInterval(() => {
        // A few bytes now and then: alive, and far too slow.
        trickle.socket.read(2_048);
      }, 50);
      const connections = await Promise.all([0, 1, 2].map(() => connectForTest(pending())));
      const [publisher, ...bystanders] = connections;
      if (publisher === undefined) throw new Error("no publisher");
      const logs = bystanders.map((connection) => new MessageLog(connection, "news"));
      await Promise.all(connections.map((connection) => connection.flush()));
      const payload = Buffer.alloc(8_192, "n");
      const rounds = 100;
      for (let round = 0; round < rounds; round++) {
        for (let index = 0; index < 20; index++) publisher.publish("news", payload);
        await pause(10, "a steady publisher of 16 MB/s");
      }
      // Half a second behind a publisher that sends at its own pace: at most a tenth is missing.
      await pause(500, "what is on its way");
      for (const log of logs) expect(log.messages.length).toBeGreaterThan(rounds * 20 * 0.9);
      await Promise.all(logs.map((log) => log.waitForCount(rounds * 20)));
      await eventually(() => slowConsumers() > before || undefined, "the end of the trickle");
      clearInterval(timer);
    });
  });

  describe.each(["TCP", "TLS"] as const)("of those who get on over %s", (kind) => {
    const isTls = kind === "TLS";
    const block = isTls ? tlsBlock() : "";
    const server = useServer({ workers, config: `max_pending: 16MB\n${block}` });

    it("CP-105: who takes 8 MB a second gets all of a burst of 32", async () => {
      const { port } = server();
      const reader = isTls ? (await loggedIn(port)).client : await rawForTest(port);
      if (!isTls) await reader.login();
      reader.send("SUB burst 1\r\n");
      await reader.ping();
      const message = `MSG burst 1 8000\r\n${"b".repeat(8_000)}\r\n`;
      const count = 4_000;
      let bytes = 0;
      reader.socket.removeAllListeners("data");
      reader.socket.pause();
      const startedAt = performance.now();
      const timer = setInterval(() => {
        const due = (performance.now() - startedAt) * 8_000;
        for (let chunk = due > bytes; chunk; chunk = due > bytes) {
          const read = reader.socket.read() as Buffer | null;
          if (read === null) break;
          bytes += read.length;
        }
      }, 5);
      const publisher = await connectForTest(server(), isTls ? { tls: trusting } : {});
      for (let sent = 0; sent < count; sent++) publisher.publish("burst", "b".repeat(8_000));
      await publisher.flush();
      await eventually(() => bytes >= count * message.length || undefined, "all of it", 15_000);
      clearInterval(timer);
      expect(reader.isClosed).toBe(false);
    }, 40_000);
  });

  describe("of payload", () => {
    const server = useServer({ workers, config: "max_payload: 1000" });

    it("CP-53 CP-87: the control line alone is enough to be refused", async () => {
      const client = await rawForTest(server().port);
      await client.login();
      client.send(`SUB fits 1\r\nPUB fits 1000\r\n${"x".repeat(1_000)}\r\nPUB fits 1001\r\n`);
      await client.waitFor(/MSG fits 1 1000\r\nx{1000}\r\n-ERR 'Maximum Payload Violation'\r\n/);
      await client.waitForClose();
    });
  });
});

async function receiver(port: number, subject: string): Promise<RawClient> {
  const client = await rawForTest(port);
  await client.login();
  client.send(`SUB ${subject} 1\r\n`);
  await client.ping();
  return client;
}

/** Publishes `megabytes` while one receiver does not read; the others have to get everything. */
async function floodUntilCut(server: ServerUnderTest, megabytes: number): Promise<void> {
  const { port } = server;
  const stuck = await receiver(port, "flood");
  stuck.stopReading();
  const [publisher, reader] = [await rawForTest(port), await rawForTest(port)];
  await Promise.all([publisher.login(), reader.login()]);
  reader.send("SUB flood.end 1\r\n");
  await reader.ping();
  const message = `PUB flood 65536\r\n${"f".repeat(65_536)}\r\n`;
  for (let megabyte = 0; megabyte < megabytes; megabyte++) {
    publisher.send(message.repeat(16));
    await publisher.ping(30_000);
  }
  // Only the log tells: the bytes before the end lie in the kernel, unread.
  await server.waitForLog(/Slow Consumer/);
  stuck.readAgain();
  await stuck.waitForClose(15_000);
  publisher.send("PUB flood.end 0\r\n\r\n");
  await reader.waitFor(/MSG flood\.end/);
}

describeWithWorkers("a full server", (workers) => {
  it("SY-02: connections above the server's limit are told", async () => {
    const config = `${SYSTEM_CONFIG}\nmax_connections: 2`;
    const server = await serverForTest({ workers, config });
    const system = await SystemClient.open(server);
    const log = await system.events("$SYS.ACCOUNT.$G.DISCONNECT");
    const reason = "Maximum Connections Exceeded";
    for (let count = 0; count < 4; count += 1) await rawForTest(server.port);
    const ids: unknown[] = [];
    while (ids.length < 3) {
      const told = await log.first((event) => {
        const { id } = event["client"] as Json;
        return event["reason"] === reason && !ids.includes(id);
      });
      expect(told).toMatchObject({
        type: "io.nats.server.advisory.v1.client_disconnect",
        server: { id: system.id },
        client: { acc: "$G", kind: "Client", host: "127.0.0.1", stop: expect.any(String) },
        sent: { msgs: 0, bytes: 0 },
        received: { msgs: 0, bytes: 0 },
      });
      ids.push((told["client"] as Json)["id"]);
    }
  });
});
