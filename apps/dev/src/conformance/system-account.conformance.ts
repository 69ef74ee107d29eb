// The system account with real clients: events, requests of its users, and what other accounts may
// ask (docs/compat/06-system-account.md).
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type Connection, connectForTest, transportNode } from "./client-library.ts";
import { eventually, within } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, itWeft, serverForTest, useServer } from "./server-under-test.ts";
import { type Json, SYSTEM_CONFIG, SystemClient } from "./system-client.ts";

const NO_ANSWER_MS = 300;

describeWithWorkers("system account, events", (workers) => {
  const server = useServer({ workers, config: SYSTEM_CONFIG });
  const as = (user: string, name?: string): Promise<Connection> =>
    connectForTest(server(), { user, pass: "pw", ...(name === undefined ? {} : { name }) });

  it("SY-01 SY-02 SY-12: a client that comes and goes is told, with what it did", async () => {
    const system = await SystemClient.open(server());
    const log = await system.events("$SYS.ACCOUNT.ACC.*");
    const named = (event: Json): boolean => (event["client"] as Json)["name"] === "billed";
    const client = await as("acc", "billed");
    client.publish("x", "12345");
    await client.flush();
    const came = await log.first((event, subject) => subject.endsWith(".CONNECT") && named(event));
    expect(came).toMatchObject({
      type: "io.nats.server.advisory.v1.client_connect",
      server: { name: "here", id: system.id, ver: expect.any(String) },
      client: { acc: "ACC", user: "acc", kind: "Client", client_type: "nats", host: "127.0.0.1" },
    });
    await client.close();
    const went = await log.first(
      (event, subject) => subject.endsWith(".DISCONNECT") && named(event),
    );
    expect(went).toMatchObject({
      type: "io.nats.server.advisory.v1.client_disconnect",
      client: { id: (came["client"] as Json)["id"], stop: expect.any(String) },
      sent: { msgs: 1, bytes: 5 },
      received: { msgs: 0, bytes: 0 },
      reason: "Client Closed",
    });
  });

  it("SY-03: an account's connections, on both subjects, when they change", async () => {
    const system = await SystemClient.open(server());
    const log = await system.events("$SYS.ACCOUNT.OTHER.SERVER.CONNS");
    const old = await system.events("$SYS.SERVER.ACCOUNT.OTHER.CONNS");
    const client = await as("other");
    await log.first((event) => event["conns"] === 1);
    await old.first((event) => event["conns"] === 1);
    await client.close();
    const last = await log.first((event) => event["conns"] === 0);
    expect(last).toMatchObject({
      type: "io.nats.server.advisory.v1.account_connections",
      acc: "OTHER",
      name: "OTHER",
      total_conns: 0,
    });
  });

  it("SY-04 SY-05 SY-20: figures now and then, and to everybody when asked without a reply", async () => {
    const system = await SystemClient.open(server());
    const log = await system.events("$SYS.SERVER.*.STATSZ");
    const [first] = await log.waitForCount(1, 12_000);
    expect(first?.subject).toBe(`$SYS.SERVER.${system.id}.STATSZ`);
    expect(first?.json<Json>()).toMatchObject({
      server: { id: system.id, seq: expect.any(Number) },
      statsz: { connections: expect.any(Number), active_servers: 1, cores: expect.any(Number) },
    });
    const before = log.messages.length;
    system.connection.publish("$SYS.REQ.SERVER.PING");
    await log.waitForCount(before + 1);
  });

  it("SY-07 AN-21: a refused login is told, without its password", async () => {
    const system = await SystemClient.open(server());
    const log = await system.events(`$SYS.SERVER.${system.id}.CLIENT.AUTH.ERR`);
    await expect(
      connectForTest(server(), { user: "acc", pass: "c-a-n-a-r-y", name: "guess" }),
    ).rejects.toThrow();
    const event = await log.first(() => true);
    expect(event).toMatchObject({
      type: "io.nats.server.advisory.v1.client_disconnect",
      client: { user: "acc", name: "guess" },
      reason: "Authentication Failure",
    });
    expect(log.texts.join("")).not.toContain("c-a-n-a-r-y");
  });

  it("SY-11: messages are numbered, and none has the number of another", async () => {
    const system = await SystemClient.open(server());
    const numbers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { server: speaker } = await system.ask("SERVER.PING.STATSZ");
        return (speaker as Json)["seq"] as number;
      }),
    );
    expect(new Set(numbers).size).toBe(20);
  });

  it("SY-14: accounts see no event of the system account", async () => {
    const system = await SystemClient.open(server());
    const spy = await as("acc", "spy");
    const all = new MessageLog(spy, ">");
    await spy.flush();
    const log = await system.events("$SYS.ACCOUNT.ACC.CONNECT");
    await as("acc", "seen");
    await log.first((event) => (event["client"] as Json)["name"] === "seen");
    await spy.flush();
    expect(all.subjects).toEqual([]);
  });
});

describeWithWorkers("system account, requests", (workers) => {
  const server = useServer({ workers, config: SYSTEM_CONFIG });
  const as = (user: string): Promise<Connection> => connectForTest(server(), { user, pass: "pw" });

  it("SY-20 SY-21 SY-22 MO-37: every page, asked of all servers and of this one", async () => {
    const system = await SystemClient.open(server());
    const fields: Readonly<Record<string, string>> = {
      VARZ: "server_id",
      SUBSZ: "num_subscriptions",
      CONNZ: "connections",
      ROUTEZ: "num_routes",
      GATEWAYZ: "outbound_gateways",
      LEAFZ: "leafnodes",
      ACCOUNTZ: "accounts",
      HEALTHZ: "status",
    };
    for (const [name, field] of Object.entries(fields)) {
      for (const target of ["PING", system.id]) {
        const page = await system.data(`SERVER.${target}.${name}`);
        expect(Object.keys(page), `${target}.${name}`).toContain(field);
      }
    }
  });

  itWeft("SY-21 SY-28: pages of later levels; IDZ comes without an envelope", async () => {
    const system = await SystemClient.open(server());
    expect(await system.ask("SERVER.PING.IDZ")).toEqual({
      name: "here",
      host: "127.0.0.1",
      id: system.id,
    });
    const expvarz = await system.data("SERVER.PING.EXPVARZ");
    expect(Object.keys(expvarz)).toEqual(["memstats", "cmdline"]);
    expect(await system.data("SERVER.PING.JSZ")).toMatchObject({ server_id: system.id });
    expect(await system.ask("SERVER.PING.IPQUEUESZ")).toHaveProperty("data");
    expect((await system.ask("SERVER.PING.RAFTZ"))["data"]).toEqual({});
  });

  it("SY-23: who is not meant is silent", async () => {
    const system = await SystemClient.open(server());
    for (const body of [{ server_name: "her" }, { server_name: "here", exact_match: true }]) {
      expect(await system.ask("SERVER.PING.VARZ", body)).toHaveProperty("data");
    }
    for (const body of [
      { server_name: "there" },
      { server_name: "her", exact_match: true },
      { cluster: "c" },
      { tags: ["t"] },
    ]) {
      await expect(system.ask("SERVER.PING.VARZ", body, NO_ANSWER_MS)).rejects.toThrow(/timeout/);
    }
  });

  it("SY-25 SY-31: pages of one account, whatever the body says", async () => {
    const system = await SystemClient.open(server());
    const client = await as("acc");
    client.subscribe("filter.me.*");
    await client.flush();
    const cid = client.info?.client_id;
    const shown = async (subject: string, body: object): Promise<Json[]> => {
      const page = await system.data(subject, body);
      return (page["connections"] as Json[]) ?? [];
    };
    const only = await shown("SERVER.PING.CONNZ", { acc: "ACC", filter_subject: "filter.me.now" });
    expect(only.map((one) => one["cid"])).toEqual([cid]);
    const account = await shown("ACCOUNT.ACC.CONNZ", { acc: "OTHER", auth: true });
    expect(new Set(account.map((one) => one["account"]))).toEqual(new Set(["ACC"]));
    const subsz = await system.data("ACCOUNT.ACC.SUBSZ", { account: "OTHER" });
    expect((subsz["subscriptions_list"] as Json[]).map((one) => one["subject"])).toContain(
      "filter.me.*",
    );
    expect(await system.data("ACCOUNT.ACC.INFO")).toMatchObject({ account_name: "ACC" });
    expect(await system.data("ACCOUNT.ACC.LEAFZ")).toMatchObject({ leafnodes: 0 });
    const statz = await system.data("ACCOUNT.ACC.STATZ");
    expect(statz["account_statz"]).toMatchObject([{ acc: "ACC" }]);
    expect(await system.ask("ACCOUNT.ACC.CONNS")).toMatchObject({ acc: "ACC" });
    expect(await system.ask("ACCOUNT.ACC.JSZ")).toMatchObject({
      error: { code: 500, description: "jetstream not enabled" },
    });
    expect(await system.ask("ACCOUNT.NONE.INFO")).toMatchObject({
      error: { code: 500, description: "Account NONE does not exist" },
    });
  });

  it("SY-32: figures of accounts with connections, or of those that are named", async () => {
    const system = await SystemClient.open(server());
    const names = async (body: object): Promise<unknown[]> => {
      const page = await system.data("ACCOUNT.PING.STATZ", body);
      return (page["account_statz"] as Json[]).map((one) => one["acc"]);
    };
    expect(await names({})).toContain("SYS");
    expect(await names({ accounts: ["OTHER"], include_unused: true })).toEqual(["OTHER"]);
    await expect(
      system.ask("ACCOUNT.PING.STATZ", { accounts: ["NONE"] }, NO_ANSWER_MS),
    ).rejects.toThrow(/timeout/);
  });

  it("SY-26: answers are packed as asked for", async () => {
    const system = await SystemClient.open(server());
    const gzip = await system.packed(`SERVER.${system.id}.VARZ`, "gzip");
    expect(gzip.encoding).toBe("gzip");
    expect(JSON.parse(gunzipSync(gzip.bytes).toString())).toHaveProperty("data");
    const snappy = await system.packed(`SERVER.${system.id}.VARZ`, "s2, gzip");
    expect(snappy.encoding).toBe("snappy");
    expect(snappy.bytes.subarray(4, 10).toString()).toBe("sNaPpY");
    const plain = await system.packed(`SERVER.${system.id}.VARZ`, "br");
    expect(plain.encoding).toBe("identity");
    expect(JSON.parse(plain.bytes.toString())).toHaveProperty("data");
  });

  it("SY-35: subscribers of a subject, here and in a filter", async () => {
    const system = await SystemClient.open(server());
    const { connection } = system;
    connection.subscribe("count.me");
    connection.subscribe("count.me", { queue: "q" });
    connection.subscribe("count.*");
    await connection.flush();
    const count = async (body: string): Promise<number> => {
      const reply = await connection.request("$SYS.DEBUG.SUBSCRIBERS", body, { timeout: 5_000 });
      return Number(reply.string());
    };
    expect(await count("count.me")).toBe(3);
    expect(await count("count.me q")).toBe(1);
    expect(await count("count.>")).toBe(3);
    expect(await count("count.you")).toBe(1);
    expect(await count("nobody.here")).toBe(0);
  });
});

describeWithWorkers("system account, asked by others", (workers) => {
  const server = useServer({ workers, config: SYSTEM_CONFIG });
  const as = (user: string): Promise<Connection> => connectForTest(server(), { user, pass: "pw" });

  it("SY-33: an account's user sees its own account and no other", async () => {
    const [one, other] = [await as("acc"), await as("other")];
    for (const subject of ["$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.SERVER.PING.CONNZ"]) {
      const reply = await one.request(subject, '{"acc":"OTHER","auth":true}', { timeout: 5_000 });
      const { connections } = reply.json<{ data: { connections: Json[] } }>().data;
      expect(connections.map((shown) => shown["account"])).toContain("ACC");
      expect(new Set(connections.map((shown) => shown["account"]))).toEqual(new Set(["ACC"]));
    }
    const body = '{"accounts":["ACC"]}';
    const statz = await other.request("$SYS.REQ.ACCOUNT.PING.STATZ", body, { timeout: 5_000 });
    const { account_statz } = statz.json<{ data: { account_statz: Json[] } }>().data;
    expect(account_statz.map((shown) => shown["acc"])).toEqual(["OTHER"]);
  });

  it("nobody else can ask the server for anything", async () => {
    const client = await as("acc");
    const id = client.info?.server_id ?? "";
    const subjects = [
      "$SYS.REQ.SERVER.PING",
      "$SYS.REQ.SERVER.PING.VARZ",
      `$SYS.REQ.SERVER.${id}.KICK`,
      `$SYS.REQ.SERVER.${id}.RELOAD`,
      "$SYS.REQ.ACCOUNT.OTHER.CONNZ",
      "$SYS.REQ.USER.OTHER.INFO",
      "$SYS.DEBUG.SUBSCRIBERS",
    ];
    for (const subject of subjects) {
      const error = await client.request(subject, '{"cid":1}', { timeout: 2_000 }).then(
        (reply) => reply.string(),
        (failed: unknown) => failed,
      );
      expect(transportNode.isNoResponders(error), `${subject}: ${String(error)}`).toBe(true);
    }
  });

  itWeft("SY-36: who I am, and what I may do, on whatever worker", async () => {
    const asked = await Promise.all(
      ["acc", "lim", "other", "sys"].map(async (user) => {
        const client = await as(user);
        const reply = await client.request("$SYS.REQ.USER.INFO", "", { timeout: 5_000 });
        return reply.json<{ data: Json }>().data;
      }),
    );
    expect(asked).toEqual([
      { user: "acc", account: "ACC", account_name: "ACC" },
      {
        user: "lim",
        account: "ACC",
        account_name: "ACC",
        permissions: {
          publish: { allow: ["a.>", "$SYS.REQ.USER.INFO"] },
          subscribe: { allow: ["_INBOX.>", "b q"], deny: ["c"] },
          responses: { max: 3, ttl: 120_000_000_000 },
        },
      },
      { user: "other", account: "OTHER", account_name: "OTHER" },
      { user: "sys", account: "SYS", account_name: "SYS" },
    ]);
  });

  itWeft("attack 43: what a client says of itself in the header is not believed", async () => {
    const client = await as("acc");
    const headers = transportNode.headers();
    headers.set("Nats-Request-Info", JSON.stringify({ user: "root", acc: "SYS", id: 1 }));
    const options = { timeout: 5_000, headers };
    const reply = await client.request("$SYS.REQ.USER.INFO", "", options);
    expect(reply.json<{ data: Json }>().data).toMatchObject({ user: "acc", account: "ACC" });
  });
});

describeWithWorkers("system account, orders", (workers) => {
  itWeft("SY-30 CP-112: KICK closes one connection, LDM tells one to leave", async () => {
    const server = await serverForTest({ workers, config: SYSTEM_CONFIG });
    const system = await SystemClient.open(server);
    const [one, two] = [await rawForTest(server.port), await rawForTest(server.port)];
    const ids: unknown[] = [];
    for (const client of [one, two]) {
      ids.push((await client.info())["client_id"]);
      await client.login({ user: "acc", pass: "pw", protocol: 1 });
    }
    const [first, second] = ids;
    const log = await system.events("$SYS.ACCOUNT.ACC.DISCONNECT");
    expect(await system.ask(`SERVER.${system.id}.LDM`, { cid: first })).not.toHaveProperty("error");
    await one.waitFor(/"ldm":true/);
    expect(await system.ask(`SERVER.${system.id}.KICK`, { cid: second })).not.toHaveProperty(
      "error",
    );
    await two.waitForClose();
    const event = await log.first(() => true);
    expect(event).toMatchObject({ client: { id: second }, reason: "Kicked" });
    await one.ping();
    expect(await system.ask(`SERVER.${system.id}.KICK`, { cid: 4_000_000 })).toMatchObject({
      error: { code: 500, description: "no such client or leafnode id" },
    });
    await expect(system.ask(`SERVER.${system.id}.KICK`, "no JSON", NO_ANSWER_MS)).rejects.toThrow(
      /timeout/,
    );
  });

  it("SY-06: the end of the server is its last message", async () => {
    const server = await serverForTest({ workers, config: SYSTEM_CONFIG });
    const system = await SystemClient.open(server);
    const log = await system.events("$SYS.SERVER.*.SHUTDOWN");
    server.kill("SIGTERM");
    const event = await within(
      log.first(() => true),
      "the event",
    );
    expect(event).toMatchObject({ name: "here", id: system.id });
    expect((await server.exited).signal).toBeNull();
  });

  itWeft("SY-06: lame duck is told when it begins; the other events go on", async () => {
    const grace = 'lame_duck_duration: "30s"\nlame_duck_grace_period: "300ms"';
    const server = await serverForTest({ workers, config: `${SYSTEM_CONFIG}\n${grace}` });
    const system = await SystemClient.open(server);
    const lameDuck = await system.events("$SYS.SERVER.*.LAMEDUCK");
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => connectForTest(server, { user: "acc", pass: "pw" })),
    );
    const gone = await system.events("$SYS.ACCOUNT.ACC.DISCONNECT");
    server.kill("SIGUSR2");
    expect(await lameDuck.first(() => true)).toMatchObject({ id: system.id });
    await clients[0]?.close();
    // A client that has not read its INFO yet resets the connection.
    expect(await gone.first(() => true)).toMatchObject({
      reason: expect.stringMatching(/^(Client Closed|Read Error)$/),
    });
  });
});

describe("no system account", () => {
  itWeft("AC-05: nobody answers, and nothing is told", async () => {
    const server = await serverForTest({ config: "no_system_account: true" });
    const client = await connectForTest(server);
    const error = await client.request("$SYS.REQ.USER.INFO").catch((failed: unknown) => failed);
    expect(transportNode.isNoResponders(error)).toBe(true);
    const log = new MessageLog(client, "$SYS.>");
    await client.flush();
    await (await connectForTest(server)).close();
    await eventually(() => (log.messages.length === 0 ? true : undefined), "silence");
  });
});
