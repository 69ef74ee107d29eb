// The log of real servers: its lines and their facts, files that are rotated and re-opened under load,
// syslog, what happens when it cannot be written, and that no secret stands in it.
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeyAuthenticator } from "@nats-io/transport-node";
import { describe, expect, onTestFinished } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually, within } from "./deadline.ts";
import { openRaw, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  itWeft,
  serverForTest,
  startServer,
  weftProgram,
} from "./server-under-test.ts";

const SEED = "SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY";
const KEY = "UDNNGRYO47IMHX425ZAROM72KZE2AVDGT4GAF26Z35UYDW3I77H4AGAB";
const JWT = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJjYW5hcnkifQ.Y2FuYXJ5LXNpZ25hdHVyZQ";
/** bcrypt of `hunter2`. */
const HUNTER2 = "$2b$04$bZtcaqCB9EJqMNBk/RtvHuyRvZ.WJ9Qp/8basPX4gzPgFQpy8nkXC";

const ACCOUNTS = `accounts {
  SALES { users: [
    { user: ruth, password: "pw-canary", permissions: { publish: "ok.>", subscribe: "ok.>" } }
    { nkey: ${KEY} }
  ] }
  OPS { users: [ { user: hash, password: "${HUNTER2}" } ] }
}`;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "weft-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The server may rotate in the same moment. */
function tryRename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

describeWithWorkers("log lines", (workers) => {
  itWeft("AZ-29, LG-13, LG-16, SB-98: name client, account and user of a connection", async () => {
    const server = await serverForTest({ workers, config: ACCOUNTS, flags: ["-D"] });
    const client = await rawForTest(server.port);
    await client.login({
      user: "ruth",
      pass: "pw-canary",
      name: "my app",
      lang: "x",
      version: "1",
    });
    client.send("PUB no 0\r\n\r\nSUB no q 7\r\n");
    await client.waitFor(/Permissions Violation for Subscription/);
    client.end();
    const label = String.raw`127\.0\.0\.1:\d+ - cid:\d+ - "v1:x:my app" - "SALES/user:ruth" - `;
    await server.waitForLog(
      new RegExp(`\\[DBG\\] ${label}Client connection closed: Client Closed\n`),
    );
    expect(server.stderr).toMatch(
      new RegExp(`\\[ERR\\] ${label}Publish Violation - Subject "no"\n`),
    );
    expect(server.stderr).toMatch(
      new RegExp(`\\[ERR\\] ${label}Subscription Violation - Subject "no", Queue: "q", SID 7\n`),
    );
    expect(server.stderr).toMatch(
      /\[DBG\] 127\.0\.0\.1:\d+ - cid:\d+ - Client connection created\n/,
    );
  });

  itWeft("AN-21, LG-13: name who was refused", async () => {
    const server = await serverForTest({ workers, config: ACCOUNTS });
    const named = async (fields: Record<string, string>): Promise<void> => {
      const client = await rawForTest(server.port);
      client.sendConnect(fields);
      await client.waitForClose();
    };
    await named({ user: 'eve"\u001b[2J', pass: "x" });
    await named({ auth_token: "token-canary" });
    await named({ nkey: KEY, sig: "sig-canary" });
    await named({ nkey: "nkey-canary", sig: "sig-canary" });
    await named({});
    const start = String.raw`\[ERR\] 127\.0\.0\.1:\d+ - cid:\d+ - authentication error`;
    const users = [
      String.raw` - User "eve\\"\\x1b\[2J"`,
      String.raw` - Token "\[REDACTED\]"`,
      ` - Nkey "${KEY}"`,
      String.raw` - Nkey "\[REDACTED\]"`,
      "",
    ];
    for (const user of users) {
      await server.waitForLog(new RegExp(`${start}${user} - [a-z]+ [a-z ]+\n`));
    }
    expect(server.stderr).not.toContain("canary");
  });

  itWeft("SB-95: JSON, each line one object", async () => {
    const server = await serverForTest({
      workers,
      config: `log_format: json\n${ACCOUNTS}`,
      flags: ["-DV"],
    });
    const client = await rawForTest(server.port);
    await client.login({ user: "hash", pass: "hunter2" });
    client.end();
    await server.waitForLog(/Client connection closed/);
    await server.stop();
    const lines = server.stderr.trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { level, pid, time, message } of records) {
      expect(pid).toBe(server.pid);
      expect(["info", "debug", "trace", "warn"]).toContain(level);
      expect([typeof time, typeof message]).toEqual(["string", "string"]);
    }
    const pong = records.find(({ message }) => message === "->> [PONG]");
    expect(pong).toMatchObject({
      ...{ level: "trace", account: "OPS", user: "user:hash" },
      ...{ client_id: expect.any(Number), address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    });
  });

  itWeft("attack 66: a flood of refusals is summed up", async () => {
    const server = await serverForTest({ workers, config: ACCOUNTS });
    const client = await rawForTest(server.port);
    await client.login({ user: "ruth", pass: "pw-canary" });
    const same = "PUB no 0\r\n\r\n".repeat(500);
    const other = Array.from({ length: 500 }, (_, index) => `PUB no.${index} 0\r\n\r\n`).join("");
    client.send(same + other);
    await client.ping();
    await server.waitForLog(/Subject "no" - \d+ more within a second\n/);
    await server.waitForLog(/\d+ other log lines of this connection left out within a second\n/);
    const single = server.stderr.match(/Publish Violation - Subject "no[.\d]*"\n/g) ?? [];
    const repeats = server.stderr.matchAll(/Subject "no" - (\d+) more/g);
    const others = server.stderr.matchAll(/(\d+) other log lines of this connection/g);
    const summed = [...repeats, ...others].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(single.length + summed).toBe(1_000);
    expect(single.length).toBeLessThan(200);
  });

  itWeft("GP-10, attack 71: no secret of any login stands in the whole of a trace", async () => {
    const server = await serverForTest({ workers, config: ACCOUNTS, flags: ["-DV"] });
    const logins: Record<string, unknown>[] = [
      { user: "ruth", pass: "pw-canary" },
      { user: "ruth", pass: 'wrong-"canary,}' },
      { user: "hash", pass: "hunter2" },
      { user: "hash", pass: "hash-canary" },
      { auth_token: "token-canary" },
      { user: "x", PASSWORD: "case-canary", pass: 17 },
      { jwt: JWT, sig: "sig-canary", nkey: KEY },
      { user: "x", pass: ["list-canary"], nested: { pass: "deep-canary" } },
    ];
    for (const fields of logins) {
      const client = await openRaw(server.port);
      client.sendConnect(fields);
      client.send("PING\r\n");
      await client.waitFor(/PONG|-ERR|$/);
      client.end();
    }
    const raw = await rawForTest(server.port);
    raw.send('CONNECT {"user":"x","pass":"raw-canary\r\nCONNECT {"pass":"raw-canary"}\r\n');
    await raw.waitForClose();
    const early = await rawForTest(server.port);
    early.send('{"user":"x","pass":"early-canary"}\r\nXCONNECT {"auth_token":"early-canary"}\r\n');
    await early.waitForClose();
    const nkey = nkeyAuthenticator(new TextEncoder().encode(SEED));
    const connection = await connectForTest(server, { authenticator: nkey });
    connection.publish("x", JWT);
    connection.publish("x", SEED);
    await connection.flush();
    const signature = /"sig":"([^"]+)"/;
    await server.waitForLog(/<<- \[CONNECT .*"sig":"\[REDACTED\]"/);
    await server.stop();
    for (const secret of ["canary", "hunter2", SEED, JWT, HUNTER2]) {
      expect(server.stderr).not.toContain(secret);
    }
    expect(signature.exec(server.stderr)?.[1]).toBe("[REDACTED]");
  });
});

describeWithWorkers("log files", (workers) => {
  itWeft("GP-11: re-opened and rotated under load, no line is lost or doubled", async () => {
    const folder = newFolder();
    const file = join(folder, "server.log");
    const server = await serverForTest({
      workers,
      config: `log_file: "${file}"\nlog_size_limit: 20000\n`,
      flags: ["-DV"],
      logElsewhere: true,
    });
    const clients = await Promise.all(
      [0, 1, 2, 3].map(async () => (await rawForTest(server.port)).login()),
    );
    const rounds = 30;
    const perRound = 50;
    const publish = async (index: number): Promise<void> => {
      const client = clients[index];
      for (let round = 0; round < rounds; round += 1) {
        const numbers = Array.from({ length: perRound }, (_, at) => round * perRound + at);
        client?.send(numbers.map((number) => `PUB n${index}.${number} 0\r\n\r\n`).join(""));
        await client?.ping();
        if (index > 0 || round % 3 > 0) continue;
        // It may be away just now, for a rotation.
        await eventually(() => existsSync(file) || undefined, "a file");
        tryRename(file, join(folder, `moved.${round}`));
        server.kill("SIGUSR1");
      }
    };
    await Promise.all(clients.map((_, index) => publish(index)));
    await server.stop();
    const names = readdirSync(folder);
    expect(names.filter((name) => name.startsWith("server.log.")).length).toBeGreaterThan(1);
    const text = names.map((name) => readFileSync(join(folder, name), "utf8")).join("");
    expect(text).not.toMatch(/log lines.* lost|left out/);
    for (const index of clients.keys()) {
      const found = [...text.matchAll(new RegExp(`<<- \\[PUB n${index}\\.(\\d+) 0\\]\n`, "g"))];
      const numbers = found.map(([, number]) => Number(number)).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: rounds * perRound }, (_, number) => number));
    }
  });

  itWeft("LG-06, LG-08: log_max_num holds, also after a re-open", async () => {
    const folder = newFolder();
    const file = join(folder, "server.log");
    const server = await serverForTest({
      workers,
      config: `log_file: "${file}"\nlog_size_limit: 2000\nlog_max_num: 3\n`,
      flags: ["-DV"],
      logElsewhere: true,
    });
    server.kill("SIGUSR1");
    const client = await (await rawForTest(server.port)).login();
    for (let round = 0; round < 30; round += 1) {
      client.send(`PUB x 400\r\n${"x".repeat(400)}\r\n`);
      await client.ping();
    }
    await eventually(
      () => (readFileSync(file, "utf8").includes("Purged log file") ? true : undefined),
      "a purge",
    );
    expect(readdirSync(folder).length).toBeLessThanOrEqual(3);
  });

  itWeft(
    "SB-107: what a full disk does not take waits, and is there once it has room",
    async () => {
      const folder = newFolder();
      const file = join(folder, "server.log");
      // No file grows beyond 8 KiB, until the limit is lifted.
      const command = ["sh", "-c", 'ulimit -S -f 16; exec "$@"', "sh", weftProgram];
      const config = `log_file: "${file}"`;
      const flags = ["-DV"];
      const server = await serverForTest({ workers, command, config, flags, logElsewhere: true });
      const client = await (await rawForTest(server.port)).login();
      const subjects = Array.from({ length: 200 }, (_, index) => `full.${index}`);
      for (const subject of subjects) {
        client.send(`PUB ${subject} 0\r\n\r\n`);
        await client.ping();
      }
      await server.waitForLog(/\[ERR\] Log lines are being lost: EFBIG/);
      expect(statSync(file).size).toBe(8_192);
      await (await rawForTest(server.port)).login();
      const lifted = spawnSync("prlimit", [`--pid=${server.pid}`, "--fsize=unlimited"]);
      expect(lifted.status, "prlimit of util-linux").toBe(0);
      const logged = (): string[] =>
        [...readFileSync(file, "utf8").matchAll(/<<- \[PUB (\S+) 0\]\n/g)].map(([, it = ""]) => it);
      await eventually(() => logged().length >= subjects.length || undefined, "all lines");
      expect(logged()).toEqual(subjects);
    },
  );

  itWeft("SB-107: what cannot be re-opened ends the server", async () => {
    const folder = newFolder();
    const inner = mkdtempSync(join(folder, "inner-"));
    const config = `log_file: "${join(inner, "server.log")}"`;
    const server = await startServer({ workers, config, logElsewhere: true });
    renameSync(inner, `${inner}-gone`);
    server.kill("SIGUSR1");
    expect((await within(server.exited, "the end")).code).toBe(70);
    const text = readFileSync(join(`${inner}-gone`, "server.log"), "utf8");
    expect(text).toMatch(/\[FTL\] error opening file: ENOENT/);
    // Its file is where nobody may look.
    expect(server.stderr).toMatch(/\[FTL\] error opening file: ENOENT/);
  });
});

interface Collector {
  readonly port: number;
  text(): string;
  close(): void;
}

async function tcpCollector(): Promise<Collector> {
  let text = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setEncoding("utf8"));
    socket.on("data", (more: string) => {
      text += more;
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, text: () => text, close };
}

async function udpCollector(): Promise<Collector> {
  let text = "";
  const socket = createSocket("udp4");
  socket.on("message", (bytes) => {
    text += bytes.toString("utf8");
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const close = (): void => void socket.close();
  onTestFinished(close);
  return { port: socket.address().port, text: () => text, close };
}

describeWithWorkers("syslog", (workers) => {
  describe.each([
    ["udp", udpCollector],
    ["tcp", tcpCollector],
  ] as const)("LG-09: %s", (scheme, collector) => {
    itWeft("gets every line from the first to the last", async () => {
      const syslog = await collector();
      const config = `remote_syslog: "${scheme}://127.0.0.1:${syslog.port}"\n${ACCOUNTS}`;
      const server = await serverForTest({ workers, config, logElsewhere: true });
      const client = await rawForTest(server.port);
      client.sendConnect({ user: "eve", pass: "x" });
      await client.waitForClose();
      await server.stop();
      await eventually(
        () => (syslog.text().includes("Exiting") ? true : undefined),
        "the last line",
      );
      const lines = syslog.text().trimEnd().split("\n");
      const head =
        /^<\d+>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d) \S+ nats-server\[\d+\]: /;
      for (const line of lines) expect(line).toMatch(head);
      expect(lines[0]).toMatch(/^<29>.*: Starting nats-server$/);
      expect(lines.join("\n")).toMatch(
        /^<27>.*: 127\.0\.0\.1:\d+ - cid:\d+ - authentication error - User "eve" - user unknown$/m,
      );
      expect(lines.at(-1)).toMatch(/Server Exiting\.\.$/);
    });
  });

  itWeft("LG-09: nobody there at the start is fatal", async () => {
    const syslog = await tcpCollector();
    syslog.close();
    const remote = `remote_syslog: "tcp://127.0.0.1:${syslog.port}"`;
    await expect(startServer({ workers, config: remote, logElsewhere: true })).rejects.toThrow(
      /ended \(1\)[\s\S]*nats-server: error connecting to syslog: "connect ECONNREFUSED/,
    );
  });

  itWeft("SB-107: its loss ends the server by option, and else does not", async () => {
    const [strict, patient] = [await tcpCollector(), await tcpCollector()];
    const remote = (port: number): string => `remote_syslog: "tcp://127.0.0.1:${port}"`;
    const config = `${remote(strict.port)}\nlog_loss_is_fatal: true`;
    const dying = await startServer({ workers, config, logElsewhere: true });
    strict.close();
    expect((await within(dying.exited, "the end")).code).toBe(70);
    expect(dying.stderr).toMatch(/\[FTL\] Log lines are being lost: /);
    const living = await serverForTest({
      workers,
      config: remote(patient.port),
      logElsewhere: true,
    });
    patient.close();
    await living.waitForLog(/\[ERR\] Log lines are being lost: /);
    await (await rawForTest(living.port)).login();
  });
});
