// Leaving in an orderly way: clients are told to go elsewhere, then the server ends.
import { expect, it } from "vitest";
import { connectForTest, olderNats, transportNode } from "./client-library.ts";
import { within } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { openRaw, rawForTest } from "./raw-client.ts";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";

const CONFIG = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "300ms"';

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
