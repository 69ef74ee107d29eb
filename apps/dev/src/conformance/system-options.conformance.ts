// Options in the body of a request to the system account (SY-24).
import { expect, it } from "vitest";
import { describeWithWorkers, useServer } from "./server-under-test.ts";
import { SYSTEM_CONFIG, SystemClient } from "./system-client.ts";

describeWithWorkers("system account, options of requests", (workers) => {
  const config = `${SYSTEM_CONFIG}\nserver_tags: ["Region:East", "ssd"]`;
  const server = useServer({ workers, config });

  it("SY-23: tags that the server has, in any case", async () => {
    const system = await SystemClient.open(server());
    const tagged = { tags: ["region:EAST", " ssd "] };
    expect(await system.ask("SERVER.PING.VARZ", tagged)).toHaveProperty("data");
    const other = system.ask("SERVER.PING.VARZ", { tags: ["ssd", "gpu"] }, 300);
    await expect(other).rejects.toThrow(/timeout/);
  });

  it("SY-27: a profile of the heap", async () => {
    const system = await SystemClient.open(server());
    const { data } = await system.ask(`SERVER.${system.id}.PROFILEZ`, { name: "heap" }, 20_000);
    const profile = Buffer.from((data as { profile: string }).profile, "base64").toString("utf8");
    expect(JSON.parse(profile)).toHaveProperty("head.callFrame");
  });

  it("SY-24: a body that cannot be read is told so", async () => {
    const system = await SystemClient.open(server());
    expect(await system.ask("SERVER.PING.CONNZ", '{"limit"')).toMatchObject({
      error: { code: 400, description: "unexpected end of JSON input" },
    });
    expect(await system.ask("SERVER.PING.CONNZ", { sort: "nothing" })).toMatchObject({
      error: { code: 500, description: "invalid sorting option: nothing" },
    });
    for (const state of [-1, 3]) {
      const { data } = await system.ask("SERVER.PING.CONNZ", { state });
      expect(data).toMatchObject({ num_connections: 0, total: 0, connections: [] });
    }
    const largest = "9223372036854775807";
    const limits = `{"offset":${largest},"limit":${largest},"cid":18446744073709551615}`;
    for (const [name, limit] of Object.entries({ CONNZ: "1", SUBSZ: largest })) {
      const answer = await system.connection.request(`$SYS.REQ.SERVER.PING.${name}`, limits);
      expect(answer.string()).toContain(`"offset":${largest},"limit":${limit}`);
    }
  });
});
