// The protocol trace of real servers: the reference's lines for the same script, how much of payloads
// it shows, that it can be switched while clients are connected, and that a log that nobody reads
// holds nobody up.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, within } from "./deadline.ts";
import { openRaw, type RawClient, rawForTest } from "./raw-client.ts";
import { reference, whyNoReference } from "./reference.ts";
import {
  describeWithWorkers,
  freePort,
  itWeft,
  type ServerUnderTest,
  serverForTest,
  weftProgram,
  workersCounts,
} from "./server-under-test.ts";

/** Sent one after the other, each with a PING behind it. */
const SCRIPT: readonly string[] = [
  "SUB foo 1\r\nSUB bar  workers   2\r\n",
  "PUB foo 2\r\nhi\r\nPUB foo  reply.x   0\r\n\r\nPUB bar 1\r\nq\r\n",
  "HPUB foo 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nxx\r\nHPUB bar r 18 18\r\nNATS/1.0\r\nA: b\r\n\r\n\r\n",
  'PUB foo 8\r\n\x01"\\\t\xc3\xa4\x7f\xff\r\nunsub 2\r\nUNSUB 1 7\r\n',
  "PUB foo 1\r\na\r\nPUB foo 1\r\nb\r\nPUB foo 1\r\nc\r\nPUB foo 1\r\nd\r\n",
  "SUB a..b 7\r\nPONG\r\npub nobody 3\r\nxyz\r\n",
  "SUB last 9\r\n",
];
const CONNECT = { user: "joe", pass: "s3cret", lang: "x", version: "1.2", name: 'my "app"' };

async function play(port: number, script: readonly string[]): Promise<void> {
  const client = await openRaw(port);
  await client.login({ ...CONNECT, echo: true });
  for (const step of script) {
    client.send(step);
    await client.ping();
  }
  client.send("JUNK\r\n");
  await client.waitForClose();
}

/** The trace without process, time, address and number, and without what came after 2.9. */
function maskedTrace(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line.includes("[TRC]"))
    .map((line) => line.replace(/^.*\[TRC\] \S+ - cid:\d+ - /, "").replace('"$G/user:joe" - ', ""))
    .filter((line) => !/->> MSG_PAYLOAD|MSG_PAYLOAD: \[""\]/.test(line));
}

describeWithWorkers("protocol trace", (workers) => {
  const compare = reference === undefined ? it.skip : it;

  compare(`LG-11: the lines are those of the reference${whyNoReference}`, async () => {
    const flags = ["-DV"];
    const theirs = await serverForTest({ flags, command: [reference as string] });
    const ours = await serverForTest({ flags, workers });
    for (const server of [theirs, ours]) {
      await play(server.port, SCRIPT);
      await server.waitForLog(/DELSUB 9/);
    }
    const wanted = maskedTrace(theirs.stderr);
    expect(wanted.length).toBeGreaterThan(50);
    expect(maskedTrace(ours.stderr)).toEqual(wanted);
    for (const server of [theirs, ours]) expect(server.stderr).not.toContain("s3cret");
  });

  compare(`LG-11: a mapped message shows its new subject${whyNoReference}`, async () => {
    const config = `mappings {
      "one.*": "a.$1"
      "some": [{ destination: b, weight: 100% }]
      "drawn": [{ destination: "c.one", weight: 50% }, { destination: "c.two", weight: 50% }]
    }`;
    const theirs = await serverForTest({ config, flags: ["-V"], command: [reference as string] });
    const ours = await serverForTest({ config, flags: ["-V"], workers });
    const script = ["one.x", "some", "drawn", "b"].map(
      (subject) => `PUB ${subject} 2\r\nhi\r\nHPUB ${subject} 12 14\r\nNATS/1.0\r\n\r\nyo\r\n`,
    );
    for (const server of [theirs, ours]) {
      await play(server.port, ["SUB a.* 1\r\nSUB b 2\r\nSUB c.* 3\r\n", ...script]);
      await server.waitForLog(/DELSUB 3/);
    }
    // The order in which subscriptions go is not fixed there.
    const drawn = (text: string): string[] =>
      maskedTrace(text)
        .filter((line) => !line.includes("DELSUB"))
        .map((line) => line.replace(/c\.(one|two)/, "c.drawn"));
    expect(ours.stderr).toContain("<<- [MAPPING one.x -> a.x]\n");
    expect(ours.stderr).toMatch(/<<- \[MAPPING drawn -> c\.(one|two)\]\n/);
    expect(drawn(ours.stderr)).toEqual(drawn(theirs.stderr));
  });

  itWeft("LG-11: messages that cross threads are traced on both sides", async () => {
    const server = await serverForTest({ workers, flags: ["-V"] });
    const clients: RawClient[] = [];
    for (let index = 0; index < 4; index += 1) {
      const client = await (await rawForTest(server.port)).login({ name: `c${index}` });
      client.send(`SUB all s${index}\r\nSUB all q q${index}\r\n`);
      await client.ping();
      clients.push(client);
    }
    clients[0]?.send("PUB all back 2\r\nhi\r\n");
    for (const [index, client] of clients.entries()) {
      await client.waitFor(new RegExp(`MSG all s${index} back 2\r\nhi\r\n`));
      await server.waitForLog(new RegExp(`"c${index}" - ->> \\[MSG all s${index} back 2\\]\n`));
    }
    // Four subscriptions and one member of the group.
    await server.waitForLog(/(?:->> MSG_PAYLOAD: \["hi"\]\n[\s\S]*){5}/);
    expect(server.stderr.match(/->> \[MSG all q\d back 2\]\n/g)).toHaveLength(1);
    expect(server.stderr.match(/->> MSG_PAYLOAD/g)).toHaveLength(5);
  });

  const systemConfig = `accounts {
    SYS { users: [{ user: sys, password: p }] }
    A { users: [{ user: ann, password: p }] }
  }
  system_account: SYS`;

  /** Somebody hears of connections and asks the server a question. */
  async function playSystem(server: ServerUnderTest): Promise<void> {
    const system = await (await rawForTest(server.port)).login({ user: "sys", pass: "p" });
    system.send("SUB $SYS.ACCOUNT.A.CONNECT 1\r\nSUB inbox 2\r\n");
    await system.ping();
    await (await rawForTest(server.port)).login({ user: "ann", pass: "p" });
    await system.waitFor(/MSG \$SYS\.ACCOUNT\.A\.CONNECT 1 /);
    system.send("PUB $SYS.REQ.SERVER.PING inbox 0\r\n\r\n");
    await system.waitFor(/MSG inbox 2 /);
  }

  const own = (text: string): Set<string> =>
    new Set(
      (text.match(/SYSTEM - <<- .*/g) ?? []).map((line) =>
        line
          .replace(/"\{.*\}"/, '"{}"')
          .replace(/\d+\]$/, "N]")
          .replaceAll(/\bN[A-Z2-7]{55}\b/g, "ID"),
      ),
    );

  compare(`LG-11: trace_verbose shows what the server itself says${whyNoReference}`, async () => {
    const config = `trace_verbose: true\ntrace: true\n${systemConfig}`;
    const theirs = await serverForTest({ config, command: [reference as string] });
    const ours = await serverForTest({ config, workers });
    const wanted = [
      "SYSTEM - <<- [SUB $SYS.REQ.SERVER.PING  N]",
      "SYSTEM - <<- [PUB $SYS.ACCOUNT.A.CONNECT  N]",
      "SYSTEM - <<- [PUB inbox  N]",
      'SYSTEM - <<- MSG_PAYLOAD: ["{}"]',
    ];
    for (const server of [theirs, ours]) {
      await playSystem(server);
      await server.waitForLog(/SYSTEM - <<- \[PUB inbox /);
      expect([...own(server.stderr)]).toEqual(expect.arrayContaining(wanted));
    }
  });

  itWeft("LG-11: without trace_verbose nothing of the server's own is traced", async () => {
    const server = await serverForTest({ workers, config: systemConfig, flags: ["-V"] });
    await playSystem(server);
    await server.waitForLog(/->> \[MSG inbox 2 /);
    expect([...own(server.stderr)]).toEqual([]);
  });

  itWeft("LG-11: max_traced_msg_len cuts payloads, trace_headers leaves headers only", async () => {
    const cut = await serverForTest({ workers, config: "trace: true\nmax_traced_msg_len: 4" });
    const heads = await serverForTest({ workers, config: "trace_headers: true" });
    for (const server of [cut, heads]) {
      const client = await (await rawForTest(server.port)).login();
      client.send("PUB x 6\r\nabcdef\r\nPUB x 4\r\nabcd\r\n");
      client.send("HPUB x 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nzz\r\n");
      await client.ping();
      await server.waitForLog(/HPUB[\s\S]*->> \[PONG\]/);
    }
    const payloads = ({ stderr }: ServerUnderTest): string[] =>
      stderr.match(/MSG_PAYLOAD.*/g) ?? [];
    expect(payloads(cut)).toEqual([
      'MSG_PAYLOAD: ["abcd..."]',
      'MSG_PAYLOAD: ["abcd"]',
      'MSG_PAYLOAD: ["NATS..."]',
    ]);
    expect(payloads(heads)).toEqual([String.raw`MSG_PAYLOAD: ["NATS/1.0\r\nA: b"]`]);
  });
});

const { startServer: startEmbedded } = await import("@weft/server");

describe.each(workersCounts.map((count) => Math.max(1, count)))(
  "levels (%i workers)",
  (workers) => {
    itWeft("RL-02, LG-11: change for connections that are open", async () => {
      const folder = mkdtempSync(join(tmpdir(), "weft-log-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, "server.log");
      const config = `log_file: "${file}"`;
      const { loadConfig, textSource } = await import("@weft/config");
      const loaded = loadConfig("x", textSource(config), { sha256Hex: () => "" });
      if (!loaded.ok) throw new Error("the configuration is wrong");
      const { options } = loaded;
      const server = await startEmbedded({ config, workers });
      onTestFinished(() => server.close());
      const text = (): string => readFileSync(file, "utf8");
      const client = await (await rawForTest(server.port)).login();
      const say = async (subject: string): Promise<void> => {
        client.send(`SUB ${subject} ${subject}\r\nPUB ${subject} 0\r\n\r\n`);
        await client.ping();
      };
      await say("before");
      const traced = { ...options.logging, trace: true, debug: true };
      await server.updateLogging({ ...options, logging: traced });
      await eventually(async () => {
        await say("during");
        return text().includes("[MSG during during 0]") ? true : undefined;
      }, "a trace");
      await server.updateLogging(options);
      await eventually(async () => {
        const before = text().split("\n").length;
        await say("after");
        return text().split("\n").length === before ? true : undefined;
      }, "the end of the trace");
      expect(text()).not.toContain("before");
      server.reopenLog();
      await eventually(() => text().includes("File log re-opened") || undefined, "a re-opening");
      const wrong = { ...options.logging, logFile: join(folder, "no", "file") };
      await expect(server.updateLogging({ ...options, logging: wrong })).rejects.toThrow(
        "error opening file",
      );
    });
  },
);

/** A server whose standard error is a pipe that nobody reads. */
async function startUnread(workers: number): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "weft-log-"));
  const config = join(folder, "server.conf");
  writeFileSync(config, `listen: "127.0.0.1:${port}"`);
  const flags = ["-c", config, "-DV", "--workers", `${Math.max(1, workers)}`];
  const child = spawn(weftProgram, flags, { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr?.pause();
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const isUp = (): Promise<true | undefined> =>
    new Promise((resolve) => {
      const probe = connect(port, "127.0.0.1");
      probe.once("error", () => resolve(undefined));
      probe.once("data", () => {
        probe.destroy();
        resolve(true);
      });
    });
  await eventually(isUp, "the server", 20_000);
  return { child, port };
}

describeWithWorkers("a log that nobody reads", (workers) => {
  itWeft("holds up neither clients nor the end of the server", async () => {
    const { child, port } = await startUnread(workers);
    const flood = await (await rawForTest(port)).login();
    const bystander = await (await rawForTest(port)).login();
    const body = "x".repeat(8_000);
    const waits: number[] = [];
    // Traced twice each: far more than pipe, batches and buffers hold.
    for (let round = 0; round < 30; round += 1) {
      flood.send(`PUB x ${body.length}\r\n${body}\r\n`.repeat(50));
      const start = performance.now();
      await bystander.ping();
      waits.push(performance.now() - start);
      await flood.ping(30_000);
    }
    waits.sort((a, b) => a - b);
    expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(200);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await within(ended, "the end of the server", 8_000)).toBe(0);
  });
});

describe("a command line", () => {
  const isLinux = existsSync("/proc/self/cmdline");
  const test = isLinux ? itWeft : (name: string) => it.skip(`${name} [skipped: no /proc]`);
  test("LG-12, attack 70: shows no password to other users of the machine", async () => {
    const flags = ["--user", "ruth", "--pass", "canary-password"];
    const server = await serverForTest({ flags });
    const shown = readFileSync(`/proc/${server.pid}/cmdline`, "latin1");
    expect(shown).toContain("--pass [REDACTED]");
    expect(shown).not.toContain("canary");
    const { stdout } = spawnSync("ps", ["-o", "args=", "-p", `${server.pid}`], {
      encoding: "utf8",
    });
    expect(stdout).not.toContain("canary");
  });
});
