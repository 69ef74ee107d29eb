// A running server takes over a changed configuration: before, reload, after, with connections that
// live through it. What clients read is compared with the reference in reload-differential.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUser } from "@nats-io/nkeys";
import { nkeyAuthenticator } from "@nats-io/transport-node";
import { afterAll, expect, it } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually, within } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { type RawClient, rawForTest } from "./raw-client.ts";
import { describeWithWorkers, serverForTest, weftProgram } from "./server-under-test.ts";

const OK = /^Reloaded/;
const REFUSED = /^Failed to reload server configuration: /;
/** bcrypt of `hunter2`. */
const HUNTER2 = "$2b$04$bZtcaqCB9EJqMNBk/RtvHuyRvZ.WJ9Qp/8basPX4gzPgFQpy8nkXC";
const folder = mkdtempSync(join(tmpdir(), "weft-reload-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One connection for each worker and one more, logged in. */
async function connections(port: number, count: number, fields = {}): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i += 1) clients.push(await (await rawForTest(port)).login(fields));
  return clients;
}

describeWithWorkers("reload", (workers) => {
  const spread = Math.max(2, workers * 2);

  it("GP-9: with --strict a reload refuses a key that stands twice", async () => {
    const server = await serverForTest({
      workers,
      config: "max_payload: 100",
      flags: ["--strict"],
    });
    const twice = "max_payload: 200\nmax_payload: 300";
    expect(await server.reload(twice)).toMatch(
      /server\.conf:3:1: duplicate key "max_payload" .*:2:1$/,
    );
    expect(await server.reload("max_payload: 300")).toMatch(/^Reloaded/);
  });

  it("RL-12 SG-03: what is wrong changes nothing, and says where", async () => {
    const config = "authorization { users: [ { user: a, password: a } ] }";
    const server = await serverForTest({ workers, config });
    const clients = await connections(server.port, spread, { user: "a", pass: "a" });
    for (const client of clients) client.send("SUB x 1\r\n");
    for (const client of clients) await client.ping();
    const bad = [
      ["max_payload: many", /server\.conf:2:\d+: /],
      ["accounts { A { imports: [ { stream: { account: B, subject: x } } ] } }", /:2:\d+: "B"/],
      [`log_file: "${folder}/no/such/folder/log"`, /error opening file/],
      [`pid_file: "${folder}/no/such/folder/pid"`, /Could not write pidfile/],
      [`ports_file_dir: "${folder}/no/such"`, /ENOENT/],
      ['tls { cert_file: "nowhere.pem", key_file: "nowhere.key" }', /nowhere\.pem/],
      ["port: 1", /config reload not supported for Port: old=\d+, new=1$/],
      ["server_name: other", /not supported for ServerName: old=, new=other$/],
      ["no_system_account: true", /not supported for NoSystemAccount: old=false, new=true$/],
      ["max_closed_clients: 3", /not supported for MaxClosedClients: old=10000, new=3$/],
    ] as const;
    for (const [text, reason] of bad) {
      const line = await server.reload(`${text}\nmax_control_line: 128`);
      expect(line).toMatch(REFUSED);
      expect(line).toMatch(reason);
      const last = clients.at(-1) as RawClient;
      last.send("PUB x 2\r\nhi\r\n");
      for (const client of clients) await client.waitFor(/^MSG x 1 2\r\nhi\r\n/m);
      await (await rawForTest(server.port)).login({ user: "a", pass: "a" });
      expect(server.stderr).not.toMatch(/Reloaded/);
    }
    expect(await server.reload(config)).toMatch(OK);
  });

  it("AZ-15 SU-38: from the answer on, publishers on every thread follow the new rules", async () => {
    const server = await serverForTest({ workers, config: "mappings { in: out.0 }" });
    const clients = await connections(server.port, spread);
    const reader = clients[0] as RawClient;
    reader.send("SUB out.* 1\r\n");
    await reader.ping();
    for (let round = 1; round <= 6; round += 1) {
      for (const client of clients) client.send("PUB in 1\r\nx\r\n".repeat(3));
      expect(await server.reload(`mappings { in: out.${round} }`)).toMatch(OK);
      for (const client of clients) client.send(`PUB in 5\r\nlate${round}\r\n`);
      for (const client of clients) await client.ping();
      const late = new RegExp(`^MSG out\\.(\\d) 1 5\\r\\nlate${round}\\r$`, "gm");
      const found = await eventually(() => {
        const all = [...reader.received.matchAll(late)];
        return all.length === clients.length ? all : undefined;
      }, "the late ones");
      expect(found.map(([, where]) => Number(where))).toEqual(clients.map(() => round));
    }
  });

  it("AZ-16 CP-91: rights that are narrowed take subscriptions away, on every thread", async () => {
    const users = (rights: string): string =>
      `authorization { users: [ { user: a, password: a, permissions: ${rights} }
        { user: b, password: b } ] }`;
    const server = await serverForTest({ workers, config: users('{ subscribe: [">"] }') });
    const clients = await connections(server.port, spread, { user: "a", pass: "a" });
    const [other] = await connections(server.port, 1, { user: "b", pass: "b" });
    for (const client of clients) client.send("SUB secret 7\r\nSUB open 8\r\nSUB w.* q 9\r\n");
    for (const client of clients) await client.ping();
    const narrow = users('{ subscribe: { allow: [open, "w.>"], deny: ["w.x"] } }');
    expect(await server.reload(narrow)).toMatch(OK);
    for (const client of clients) {
      await client.waitFor(
        /^-ERR 'Permissions Violation for Subscription to "secret" \(sid "7"\)'/m,
      );
    }
    other?.send("PUB secret 1\r\nx\r\nPUB w.x 1\r\nx\r\nPUB open 1\r\nx\r\n");
    for (const client of clients) {
      await client.waitFor(/^MSG open 8 1\r\n/m);
      expect(client.received).not.toMatch(/MSG (?:secret|w\.x)/);
    }
    expect(server.stderr).toMatch(/Removed sub "secret" \(sid "7"\) for User "a"/);
    expect(await server.reload(users('{ subscribe: [">"] }'))).toMatch(OK);
    for (const client of clients) client.send("SUB secret 7\r\n");
    for (const client of clients) await client.ping();
    other?.send("PUB secret 1\r\ny\r\n");
    for (const client of clients) await client.waitFor(/^MSG secret 7 1\r\ny\r\n/m);
  });

  it("RL-04: nkeys, and a password that becomes its own hash and back", async () => {
    const [kept, gone] = [createUser(), createUser()];
    const config = (password: string, ...keys: string[]): string =>
      `authorization { users: [ ${keys.map((key) => `{ nkey: ${key} }\n`).join("")}
        { user: ruth, password: "${password}" } ] }`;
    const keys = [kept, gone].map((key) => key.getPublicKey());
    const server = await serverForTest({ workers, config: config("hunter2", ...keys) });
    const options = { reconnect: false };
    const [first, second, ruth] = await Promise.all([
      connectForTest(server, { ...options, authenticator: nkeyAuthenticator(kept.getSeed()) }),
      connectForTest(server, { ...options, authenticator: nkeyAuthenticator(gone.getSeed()) }),
      connectForTest(server, { ...options, user: "ruth", pass: "hunter2" }),
    ]);
    expect(await server.reload(config(HUNTER2, keys[0] as string))).toMatch(OK);
    await within(second.closed(), "the user whose key is gone");
    await Promise.all([first.flush(), ruth.flush()]);
    expect(await server.reload(config("hunter2", keys[0] as string))).toMatch(OK);
    await ruth.flush();
    expect(await server.reload(config("hunter3", keys[0] as string))).toMatch(OK);
    await within(ruth.closed(), "the user with another password");
    await first.flush();
    expect(server.stderr).not.toMatch(/hunter/);
  });

  it("AC-39 RL-13: routing between accounts changes under live subscriptions", async () => {
    const config = (imports: string): string =>
      `accounts {
        MAKER { users: [ { user: maker, password: pw } ]
          exports: [ { stream: news }, { service: ask } ] }
        READER { users: [ { user: reader, password: pw } ]\n imports: [ ${imports} ] }
      }`;
    const STREAM = "{ stream: { account: MAKER, subject: news }, to: local }";
    const SERVICE = "{ service: { account: MAKER, subject: ask }, to: question }";
    const server = await serverForTest({ workers, config: config("") });
    const maker = await connectForTest(server, { user: "maker", pass: "pw" });
    const readers = await connections(server.port, spread, { user: "reader", pass: "pw" });
    for (const reader of readers) reader.send("SUB local 1\r\nSUB inbox 2\r\n");
    for (const reader of readers) await reader.ping();
    const held = new MessageLog(maker, "ask");
    await maker.flush();
    maker.publish("news", "0");
    await maker.flush();
    expect(await server.reload(config(`${STREAM}, ${SERVICE}`))).toMatch(OK);
    maker.publish("news", "1");
    for (const reader of readers) await reader.waitFor(/^MSG local 1 1\r\n1\r\n/m);
    // A request is under way while the import goes, and another account with it.
    for (const reader of readers) reader.send("PUB question inbox 2\r\nhm\r\n");
    await held.waitForCount(readers.length);
    expect(await server.reload(config(STREAM))).toMatch(OK);
    for (const request of held.messages) request.respond("late");
    for (const reader of readers) await reader.waitFor(/MSG inbox 2 4\r\nlate\r\n/);
    const [asker] = readers;
    asker?.send("PUB question inbox 2\r\nhm\r\n");
    await asker?.ping();
    expect(await server.reload(config(""))).toMatch(OK);
    maker.publish("news", "2");
    await maker.flush();
    for (const reader of readers) {
      await reader.ping();
      expect(reader.received).not.toMatch(/MSG local 1 1\r\n[02]/);
    }
    expect(held.messages.length).toBe(readers.length);
  });

  it("RL-13: accounts come and go under names and places of others", async () => {
    const account = (name: string): string =>
      `${name} { users: [ { user: ${name}, password: pw } ] }\n`;
    const config = (...names: string[]): string => `accounts {\n${names.map(account).join("")}}`;
    const server = await serverForTest({ workers, config: config("A", "B", "C") });
    const stays = await connections(server.port, spread, { user: "C", pass: "pw" });
    for (const client of stays) client.send("SUB x 1\r\n");
    for (const client of stays) await client.ping();
    const [goes] = await connections(server.port, 1, { user: "B", pass: "pw" });
    goes?.send("SUB x 1\r\n");
    await goes?.ping();
    for (const names of [["A", "C"], ["C", "D"], ["D", "B", "C"], ["C"]]) {
      expect(await server.reload(config(...names))).toMatch(OK);
      for (const name of names) {
        const newcomer = await rawForTest(server.port);
        await newcomer.login({ user: name, pass: "pw" });
        newcomer.send(`SUB x 1\r\nPUB x 1\r\n${name}\r\n`);
        await newcomer.waitFor(new RegExp(`^MSG x 1 1\\r\\n${name}\\r\\n`, "m"));
        newcomer.end();
      }
      for (const client of stays) {
        await client.waitFor(/^MSG x 1 1\r\nC\r\n/m);
        expect(client.received).not.toMatch(/^[ABD]\r$/m);
      }
    }
    await goes?.waitForClose();
  });

  it("RL-06: limits of live connections", async () => {
    const server = await serverForTest({ workers, config: "" });
    const clients = await connections(server.port, spread);
    const first = clients[0] as RawClient;
    for (const client of clients) client.send("SUB x 1\r\n");
    for (const client of clients) await client.ping();
    const limits =
      "max_payload: 10\nmax_control_line: 100\nmax_subscriptions: 1\nping_interval: 1s";
    expect(await server.reload(limits)).toMatch(OK);
    first.send("SUB y 2\r\n");
    await first.waitFor(/^-ERR 'maximum subscriptions exceeded'\r\n/m);
    const info = await (await rawForTest(server.port)).info();
    expect(info["max_payload"]).toBe(10);
    for (const client of clients) await client.waitFor(/^PING\r\n/m);
    first.send("PUB x 11\r\nhello world\r\n");
    await first.waitFor(/^-ERR 'Maximum Payload Violation'\r\n/m);
    await first.waitForClose();
    clients[1]?.send(`PUB ${"x".repeat(200)} 0\r\n\r\n`);
    await clients[1]?.waitFor(/^-ERR 'maximum control line exceeded'\r\n/m);
    expect(await server.reload("max_payload: 20")).toMatch(OK);
    const [late] = await connections(server.port, 1);
    late?.send("SUB x 1\r\nSUB y 2\r\nPUB x 11\r\nhello world\r\n");
    await late?.waitFor(/MSG x 1 11/);
  });

  it("RL-06: max_connections falls: the newest go, and exactly so many", async () => {
    const server = await serverForTest({ workers, config: "" });
    const clients = await connections(server.port, 9);
    expect(await server.reload("max_connections: 4")).toMatch(OK);
    await eventually(
      () => clients.filter((client) => client.isClosed).length === 5 || undefined,
      "5",
    );
    const left = clients.filter((client) => !client.isClosed);
    for (const client of left) await client.ping();
    for (const client of clients.filter((one) => one.isClosed)) {
      expect(client.received).toMatch(/-ERR 'maximum connections exceeded'\r\n$/);
    }
    const refused = await rawForTest(server.port);
    await refused.waitFor(/-ERR 'maximum connections exceeded'\r\n/);
    expect(await server.reload("max_connections: 5")).toMatch(OK);
    await eventually(async () => {
      const client = await rawForTest(server.port);
      return client.login().catch(() => undefined);
    }, "a place");
  });

  it("RL-04: the time for a login, and clients that have not logged in yet", async () => {
    const server = await serverForTest({ workers, config: "authorization { token: a }" });
    const early = await rawForTest(server.port);
    await early.info();
    expect(await server.reload("authorization { token: b, timeout: 0.3 }")).toMatch(OK);
    await early.login({ auth_token: "b" });
    const silent = await rawForTest(server.port);
    await silent.waitFor(/-ERR 'Authentication Timeout'\r\n/, 5_000);
    expect(await server.reload("")).toMatch(OK);
    await early.ping();
    const free = await rawForTest(server.port);
    await free.info();
    expect(await server.reload("authorization { token: c, timeout: 0.3 }")).toMatch(OK);
    await free.waitFor(/-ERR 'Authentication Timeout'\r\n/, 5_000);
  });

  it("RL-02 RL-06 LG-17: log file, levels, pid file, ports file", async () => {
    const [log, pid] = [join(folder, `log-${workers}`), join(folder, `pid-${workers}`)];
    const ports = mkdtempSync(join(folder, "ports-"));
    const server = await serverForTest({ workers, config: "" });
    await connections(server.port, 1);
    expect(server.stderr).not.toMatch(/\[DBG\]/);
    const config = `log_file: "${log}"\ndebug: true\npid_file: "${pid}"\nports_file_dir: "${ports}"`;
    server.configure(config);
    server.kill("SIGHUP");
    const read = (): string =>
      statSync(log, { throwIfNoEntry: false }) ? readFileSync(log, "utf8") : "";
    await eventually(
      () => /Reloaded server configuration \(sha256:[0-9a-f]{64}\)/.test(read()) || undefined,
      "the new log",
    );
    expect(readFileSync(pid, "utf8")).toBe(String(server.pid));
    const file = join(ports, `weft_${server.pid}.ports`);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ nats: [expect.any(String)] });
    await connections(server.port, 1);
    await eventually(() => /\[DBG\].*connection created/.test(read()) || undefined, "debug lines");
    const done = spawnSync(weftProgram, ["--signal", `reload=${pid}`]);
    expect(done.status).toBe(0);
    await eventually(() => read().match(/Reloaded server/g)?.length === 2 || undefined, "--signal");
    expect(await server.reload("")).toMatch(OK);
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
    writeFileSync(log, "");
    await connections(server.port, 1);
    expect(read()).toBe("");
  });

  it("GP-5: the system account is told what a reload changed; RELOAD is asked there too", async () => {
    const config = `system_account: S
      accounts { S { users: [{ user: s, password: s }] }, A { users: [{ user: a, password: a }] } }`;
    const server = await serverForTest({ workers, config });
    const listener = await (await rawForTest(server.port)).login({ user: "s", pass: "s" });
    const asker = await (await rawForTest(server.port)).login({ user: "s", pass: "s" });
    const gone = await (await rawForTest(server.port)).login({ user: "a", pass: "a" });
    listener.send("SUB $SYS.SERVER.*.RELOADED 1\r\n");
    await listener.ping();
    const changed = config.replace("user: a, password: a", "user: b, password: not-told");
    expect(await server.reload(`${changed}\nmax_payload: 1000`)).toMatch(OK);
    const [, event = ""] = await listener.waitFor(/^MSG \S+RELOADED 1 \d+\r\n(\{.*\})\r\n/m);
    expect(JSON.parse(event)).toMatchObject({
      type: "io.weft.server.advisory.v1.reloaded",
      changes: expect.arrayContaining([expect.stringMatching(/max_payload = 1000/)]),
      connections_closed: 1,
      config_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(event).not.toMatch(/not-told/);
    await listener.ping();
    expect(listener.rest).not.toMatch(/RELOADED/);
    await gone.waitForClose();
    const id = JSON.parse(event).server.id as string;
    asker.send(`SUB answer 1\r\nPUB $SYS.REQ.SERVER.${id}.RELOAD answer 0\r\n\r\n`);
    await listener.waitFor(/^MSG \S+RELOADED 1 /m);
    const [, answer = ""] = await asker.waitFor(/^MSG answer 1 \d+\r\n(\{.*\})\r\n/m);
    expect(JSON.parse(answer)).not.toHaveProperty("error");
  });

  it("RL-06 LG-19: max_pending of connections that are there already", async () => {
    const server = await serverForTest({ workers, config: "" });
    const [slow, fast] = await connections(server.port, 2);
    slow?.send("SUB x 1\r\n");
    await slow?.ping();
    expect(await server.reload("max_pending: 2MB")).toMatch(OK);
    slow?.stopReading();
    const flood = `PUB x 1000000\r\n${"x".repeat(1_000_000)}\r\n`;
    for (let i = 0; i < 24; i += 1) fast?.send(flood);
    await server.waitForLog(/Slow Consumer Detected: MaxPending of 2097152 Exceeded/);
    await fast?.ping();
  });

  it("100 reloads in a row lose nothing of what is not theirs", { timeout: 60_000 }, async () => {
    const config = (round: number): string =>
      `accounts { A { users: [ { user: a, password: a } ] }
        N${round} { users: [ { user: n, password: n } ]
          imports: [ { stream: { account: A2, subject: x } } ] }
        A2 { exports: [ { stream: x } ] } }`;
    const server = await serverForTest({ workers, config: config(0) });
    const clients = await connections(server.port, spread, { user: "a", pass: "a" });
    const [reader, ...writers] = clients;
    reader?.send("SUB x 1\r\n");
    await reader?.ping();
    let sent = 0;
    for (let round = 1; round <= 100; round += 1) {
      for (const writer of writers) writer.send("PUB x 1\r\ny\r\n");
      sent += writers.length;
      server.configure(config(round));
      server.kill("SIGHUP");
      await (writers[round % writers.length] as RawClient).ping();
    }
    expect(await server.reload(config(101))).toMatch(OK);
    const count = (): number => reader?.received.match(/^MSG x 1 1\r$/gm)?.length ?? 0;
    await eventually(() => count() === sent || undefined, `${sent} messages`);
    expect(clients.some((client) => client.isClosed)).toBe(false);
    expect(server.stderr).not.toMatch(/Failed to reload|\[FTL\]/);
  });
});
