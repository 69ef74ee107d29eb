// Leaving in an orderly way: clients are told to go elsewhere, then the server ends.
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { connectForTest, olderNats, transportNode } from "./client-library.ts";
import { eventually, within } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { openRaw, rawForTest } from "./raw-client.ts";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";

const CONFIG = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "300ms"';

/** Connections that come one after the other on many lines, and stay until somebody ends them. */
class Storm {
  greeted = 0;
  refused = 0;
  /** Resolves when no connection is left after `end`. */
  readonly over: Promise<unknown>;
  readonly #sockets = new Set<Socket>();
  #isOver = false;

  constructor(port: number, lines: number) {
    this.over = Promise.all(Array.from({ length: lines }, () => this.#line(port)));
  }

  end(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.end();
  }

  async #line(port: number): Promise<void> {
    const closed: Promise<void>[] = [];
    while (!this.#isOver) {
      const socket = connect(port, "127.0.0.1");
      this.#sockets.add(socket);
      closed.push(new Promise((resolve) => socket.once("close", () => resolve())));
      await new Promise<void>((resolve) => {
        socket.on("error", () => undefined).once("close", resolve);
        socket.once("close", () => this.#sockets.delete(socket));
        socket.once("data", () => {
          this.greeted += 1;
          // Most go at once, some stay.
          if (this.greeted % 8 !== 0) socket.end();
          resolve();
        });
      });
      if (socket.bytesRead === 0) this.refused += 1;
    }
    await Promise.all(closed);
  }
}

describeWithWorkers("lame duck", (workers) => {
  it("CP-13 CP-108: tells clients, takes no new ones, closes the old ones, ends with 0", async () => {
    const server = await serverForTest({ workers, config: CONFIG });
    const raw = await rawForTest(server.port);
    await raw.login();
    const connections = [
      await connectForTest(server, {}, transportNode),
      await connectForTest(server, {}, olderNats),
    ];
    const told = connections.map(async (connection) => {
      for await (const status of connection.status()) if (status.type === "ldm") return;
      throw new Error("never told");
    });
    const [one, two] = connections;
    if (one === undefined || two === undefined) throw new Error("no connections");
    const log = new MessageLog(one, "still.here");
    await one.flush();
    server.kill("SIGUSR2");
    const info = await raw.waitFor(/^INFO (\{.*"ldm":true.*\}) ?\r\n/m);
    expect(JSON.parse(info[1] ?? "{}")).toMatchObject({ ldm: true });
    await within(Promise.all(told), "both clients to be told");
    two.publish("still.here");
    await log.waitForCount(1);
    await expect(openRaw(server.port)).rejects.toThrow(/ECONNREFUSED/);
    await within(Promise.all([...connections.map((c) => c.closed()), raw.closed]), "the close");
    expect(await within(server.exited, "the end of the server", 15_000)).toMatchObject({ code: 0 });
  });

  it("CP-108: under a storm of new connections clients are told, and the end comes in time", async () => {
    const server = await serverForTest({ workers, config: CONFIG });
    const client = await (await rawForTest(server.port)).login();
    const storm = new Storm(server.port, 50);
    await eventually(() => storm.greeted > 200 || undefined, "the storm");
    server.kill("SIGUSR2");
    await client.waitFor(/^INFO \{.*"ldm":true.*\} ?\r\n/m);
    await eventually(() => storm.refused > 200 || undefined, "new connections to be refused");
    await client.ping();
    storm.end();
    expect(await within(server.exited, "the end of the server", 15_000)).toMatchObject({ code: 0 });
    await client.waitForClose();
    await within(storm.over, "the end of all connections of the storm");
  });

  it("CP-109: a stop under a storm of new connections ends with all of them", async () => {
    const server = await serverForTest({ workers });
    const storm = new Storm(server.port, 50);
    await eventually(() => storm.greeted > 200 || undefined, "the storm");
    server.kill("SIGTERM");
    expect(await within(server.exited, "the end of the server")).toMatchObject({ code: 0 });
    storm.end();
    await within(storm.over, "the end of all connections of the storm");
  });

  it("CP-109: without lame duck, SIGTERM and SIGINT close all clients and end", async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = await serverForTest({ workers });
      const clients = await Promise.all([0, 1, 2, 3].map(() => rawForTest(server.port)));
      for (const client of clients) await client.login();
      server.kill(signal);
      for (const client of clients) await client.waitForClose();
      const exit = await within(server.exited, "the end of the server");
      expect(exit.signal).toBeNull();
      expect([0, 1]).toContain(exit.code);
    }
  });
});
