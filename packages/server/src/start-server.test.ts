// Whole servers inside this program, as an embedding program has them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import {
  ConfigurationError,
  configurationOf,
  type PreparedPart,
  type ReloadResult,
  type ServerOptions,
  type StartOptions,
  startServer,
  type WeftServer,
} from "./index.ts";
import { LineClient, until } from "./test-client.ts";

const servers: WeftServer[] = [];
const clients: LineClient[] = [];

async function start(options: StartOptions = {}): Promise<WeftServer> {
  const server = await startServer({ workers: 1, ...options });
  servers.push(server);
  return server;
}

function connect(server: WeftServer): LineClient {
  const client = LineClient.to(server.url);
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function testFile(name: string): string {
  return fileURLToPath(new URL(`../../net/testdata/${name}`, import.meta.url));
}

test("without options: a free local port, INFO first, publish and subscribe", async () => {
  const server = await start();
  expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
  const client = connect(server);
  const info = JSON.parse((await client.reads(/^INFO (\{.*\})\r\n/))[1]!);
  expect(info).toMatchObject({ server_id: server.id, version: "2.14.0", proto: 1, headers: true });
  expect(info.server_id).toMatch(/^N[A-Z2-7]{55}$/);
  expect(info.xkey).toMatch(/^X[A-Z2-7]{55}$/);
  client.send('CONNECT {"verbose":false}\r\nSUB a.* 7\r\nPUB a.b 5\r\nhello\r\nPING\r\n');
  await client.reads(/MSG a\.b 7 5\r\nhello\r\nPONG\r\n/);
});

test("lame duck mode of a server that has ended: it only waits for the end", async () => {
  const server = await start();
  await server.close();
  await server.enterLameDuck();
  expect(server.inLameDuck).toBe(false);
});

test("two servers in one program, each with its own threads and subjects", async () => {
  const [one, two] = await Promise.all([start({ name: "one" }), start({ name: "two" })]);
  const [first, second] = [connect(one), connect(two)];
  expect((await first.reads(/"server_name":"(\w+)"/))[1]).toBe("one");
  expect((await second.reads(/"server_name":"(\w+)"/))[1]).toBe("two");
  first.send('CONNECT {"verbose":false}\r\nSUB a 1\r\nPING\r\n');
  await first.reads(/PONG/);
  second.send('CONNECT {"verbose":false}\r\nPUB a 1\r\nx\r\nPING\r\n');
  await second.reads(/PONG/);
  await one.close();
  await until(() => first.closed);
  second.send("PING\r\n");
  await second.reads(/PONG\r\nPONG\r\n/);
  expect(first.text).not.toContain("MSG");
});

test("a message crosses workers", async () => {
  const server = await start({ workers: 2 });
  const [publisher, subscriber] = [connect(server), connect(server)];
  subscriber.send('CONNECT {"verbose":false}\r\nSUB far.* 1\r\nPING\r\n');
  await subscriber.reads(/PONG/);
  publisher.send('CONNECT {"verbose":false}\r\nPUB far.away 5\r\nhello\r\n');
  await subscriber.reads(/MSG far\.away 1 5\r\nhello\r\n/);
});

test("closing leaves nothing behind: the program ends by itself", async () => {
  const program = `
    import net from "node:net";
    import { startServer } from "@weft/server";
    const server = await startServer({ workers: 2 });
    const client = net.connect(server.port, "127.0.0.1");
    client.on("data", async () => {
      await server.close();
      process.stdout.write("closed");
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 8_000,
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = await once(child, "close");
  expect([said, code]).toEqual(["closed", 0]);
});

test("users and accounts from options", async () => {
  const server = await start({
    accounts: [{ name: "A" }],
    users: [
      { user: "ann", password: "a", account: "A" },
      { user: "gus", password: "g", permissions: { publish: { deny: ["secret"] } } },
    ],
  });
  const wrong = connect(server);
  wrong.send('CONNECT {"verbose":false,"user":"ann","pass":"x"}\r\nPING\r\n');
  await wrong.reads(/-ERR 'Authorization Violation'\r\n/);
  await until(() => wrong.closed);
  const gus = connect(server);
  gus.send('CONNECT {"verbose":false,"user":"gus","pass":"g"}\r\nPUB secret 1\r\nx\r\nPING\r\n');
  await gus.reads(/-ERR 'Permissions Violation for Publish to "secret"'\r\nPONG\r\n/);
  const ann = connect(server);
  ann.send(
    'CONNECT {"verbose":false,"user":"ann","pass":"a"}\r\nSUB secret 1\r\nPUB secret 1\r\nx\r\nPING\r\n',
  );
  await ann.reads(/MSG secret 1 1\r\nx\r\nPONG\r\n/);
});

test("a configuration as text, with options over it", async () => {
  const config = "port: 1\nmax_payload: 100\nserver_name: text";
  const server = await start({ config, port: 0, host: "127.0.0.1" });
  const client = connect(server);
  await client.reads(/"server_name":"text".*"max_payload":100/);
});

test("a configuration file, and its log file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-"));
  const [file, log] = [join(folder, "weft.conf"), join(folder, "weft.log")];
  writeFileSync(file, `listen: "127.0.0.1:-1"\nlog_file: "${log}"\n`);
  const server = await start({ configFile: file });
  await connect(server).reads(/INFO/);
  await server.close();
  const lines = readFileSync(log, "utf8");
  expect(lines).toMatch(/^\[\d+\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} \[INF\] Starting/);
  expect(lines).toContain("[INF] Server is ready");
  expect(lines).toContain("[INF] Server Exiting..");
  rmSync(folder, { recursive: true });
});

test("-1 and 0 are any free port, undefined is what was not said", async () => {
  const nothing = { name: undefined, users: undefined, options: undefined };
  for (const port of [0, -1]) expect((await start({ port, ...nothing })).port).toBeGreaterThan(0);
});

/** As a program may have it: methods of a class, and a state. */
class PayloadFollower {
  readonly told: string[] = [];

  prepare({ limits }: ServerOptions, previous: ServerOptions): PreparedPart {
    const { maxPayload } = limits;
    if (maxPayload === 13) throw new Error("not thirteen");
    return { commit: () => this.told.push(`${previous.limits.maxPayload} to ${maxPayload}`) };
  }

  onReloaded({ changes }: ReloadResult): void {
    this.told.push(...changes);
  }
}

test("parts of the program follow a reload, and can refuse it", async () => {
  const part = new PayloadFollower();
  const server = await start({ config: "max_payload: 10", port: 0, reloadParts: [part] });
  const changed = (text: string) => configurationOf({ workers: 1, port: 0, config: text });
  await server.reload(changed("max_payload: 12"));
  expect(part.told).toEqual(["10 to 12", "max_payload = 12"]);
  await expect(server.reload(changed("max_payload: 13"))).rejects.toThrow("not thirteen");
  expect(server.configuration.options.limits.maxPayload).toBe(12);
});

test("what is wrong with a configuration is said with its place, and nothing starts", async () => {
  const wrong = startServer({ config: "port: 1\nmax_payload: nonsense" });
  await expect(wrong).rejects.toThrow(ConfigurationError);
  await expect(wrong).rejects.toThrow(/^config:2:\d+: /);
  const users = [
    { user: "a", password: "x" },
    { user: "a", password: "y" },
  ];
  await expect(startServer({ users })).rejects.toThrow('Duplicate user "a" detected');
  await expect(startServer({ config: "", configFile: "x" })).rejects.toThrow("not both");
});

test("of a start that is refused nothing is left, not even a log", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-"));
  const log = join(folder, "weft.log");
  const twice = [{ user: "a" }, { user: "a" }];
  const refused = startServer({ config: `log_file: "${log}"`, users: twice });
  await expect(refused).rejects.toThrow('Duplicate user "a" detected');
  expect(existsSync(log)).toBe(false);
  rmSync(folder, { recursive: true });
});

test("warnings of a configuration are logged with their places", async () => {
  const lines: string[] = [];
  const log = (level: string, text: string): void => void lines.push(`${level} ${text}`);
  await start({ config: "max_payload: 5\nmax_payload: 6", port: 0, log });
  expect(lines).toContain(
    'warn config:2:1: duplicate key "max_payload" replaces the one at config:1:1',
  );
});

test("CP-18, CP-93: TLS required", async () => {
  const config = `tls { cert_file: "${testFile("server.pem")}", key_file: "${testFile("server.key")}" }`;
  const server = await start({ config, host: "127.0.0.1", port: 0 });
  expect(server.url).toMatch(/^tls:/);
  const trust = { ca: readFileSync(testFile("ca.pem")), servername: "localhost" };
  const client = await LineClient.upgraded(server.url, trust);
  clients.push(client);
  client.send('CONNECT {"verbose":false}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n');
  await client.reads(/MSG a 1 2\r\nhi\r\nPONG\r\n/);
  const clear = connect(server);
  await clear.reads(/"tls_required":true/);
  clear.send('CONNECT {"verbose":false}\r\nPING\r\n');
  await until(() => clear.closed);
  expect(clear.text).toMatch(/\r\n-ERR 'Secure Connection - TLS Required'\r\n$/);
});

test("TL-10: TLS first, and INFO after a while for those who wait for it", async () => {
  const config = `tls { cert_file: "${testFile("server.pem")}", key_file: "${testFile("server.key")}"
    handshake_first: auto }`;
  const server = await start({ config, host: "127.0.0.1", port: 0 });
  const trust = { ca: readFileSync(testFile("ca.pem")), servername: "localhost" };
  const { connect: connectTls } = await import("node:tls");
  const first = new LineClient(connectTls({ ...trust, port: server.port, host: "127.0.0.1" }));
  clients.push(first);
  await first.reads(/^INFO /);
  first.send('CONNECT {"verbose":false}\r\nPING\r\n');
  await first.reads(/PONG/);
  const classic = await LineClient.upgraded(server.url, trust);
  clients.push(classic);
  classic.send('CONNECT {"verbose":false}\r\nPING\r\n');
  await classic.reads(/PONG/);
});

test("AN-08: bcrypt passwords", async () => {
  const { hashSync } = await import("bcryptjs");
  const server = await start({ users: [{ user: "u", password: hashSync("good", 4) }] });
  const good = connect(server);
  good.send('CONNECT {"user":"u","pass":"good"}\r\nPING\r\n');
  await good.reads(/PONG/);
  const bad = connect(server);
  bad.send('CONNECT {"user":"u","pass":"bad"}\r\nPING\r\n');
  await bad.reads(/Authorization Violation/);
});
