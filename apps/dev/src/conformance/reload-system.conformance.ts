// What the system account and the pages see of a reload (RL-14, RL-15, SY-29, GP-5).
import { expect, it } from "vitest";
import { MessageLog } from "./message-log.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";
import { type Json, SYSTEM_CONFIG, SystemClient } from "./system-client.ts";

describeWithWorkers("a reload seen by the system account", (workers) => {
  it("RL-15: RELOAD, its errors, the event, and the pages behind it", async () => {
    const server = await serverForTest({ workers, config: SYSTEM_CONFIG });
    const system = await SystemClient.open(server);
    const events = new MessageLog(system.connection, `$SYS.SERVER.${system.id}.RELOADED`);
    await system.connection.flush();
    const before = await system.data(`SERVER.${system.id}.VARZ`);
    server.configure(`${SYSTEM_CONFIG}\nserver_name: other`);
    const refused = await system.ask(`SERVER.${system.id}.RELOAD`);
    expect(refused["error"]).toMatchObject({
      description: "config reload not supported for ServerName: old=here, new=other",
    });
    server.configure(`${SYSTEM_CONFIG}\nmax_payload: 5000`);
    const answer = await system.ask(`SERVER.${system.id}.RELOAD`);
    expect(answer["error"]).toBeUndefined();
    await events.waitForCount(1);
    const [event] = events.messages.map((message) => message.json<Json>());
    expect(event).toMatchObject({ changes: ["max_payload = 5000"], connections_closed: 0 });
    const after = await system.data(`SERVER.${system.id}.VARZ`);
    expect(after["max_payload"]).toBe(5_000);
    expect(after["config_digest"]).toBe(event?.["config_digest"]);
    expect(after["config_digest"]).not.toBe(before["config_digest"]);
    expect(Date.parse(String(after["config_load_time"]))).toBeGreaterThan(
      Date.parse(String(before["config_load_time"])),
    );
    expect(after["start"]).toBe(before["start"]);
  });

  it("RL-13: accounts that come, and the end of those that go, are told", async () => {
    const server = await serverForTest({ workers, config: SYSTEM_CONFIG });
    const system = await SystemClient.open(server);
    const events = new MessageLog(system.connection, "$SYS.ACCOUNT.*.*");
    await system.connection.flush();
    const more = SYSTEM_CONFIG.replace(
      /OTHER \{.*\n/,
      "NEW { users: [ { user: new, password: pw } ] }\n",
    );
    const other = await (await rawForTest(server.port)).login({ user: "other", pass: "pw" });
    expect(await server.reload(more)).toMatch(/^Reloaded/);
    await other.waitForClose();
    await (await rawForTest(server.port)).login({ user: "new", pass: "pw" });
    const seen = (): string[] =>
      events.messages.map(({ subject }) => subject.replace("$SYS.ACCOUNT.", ""));
    await events.waitForCount(3);
    expect(seen()).toEqual(
      expect.arrayContaining(["OTHER.CONNECT", "OTHER.DISCONNECT", "NEW.CONNECT"]),
    );
    const { connections } = (await system.data("ACCOUNT.NEW.CONNZ")) as { connections: Json[] };
    expect(connections).toHaveLength(1);
    expect((await system.data(`SERVER.${system.id}.ACCOUNTZ`))["accounts"]).toEqual(
      expect.not.arrayContaining(["OTHER"]),
    );
  });
});
