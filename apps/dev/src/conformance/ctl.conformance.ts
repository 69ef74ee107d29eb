// weftctl with real servers: accounts pushed, listed, pulled and removed; checks of a connection.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { CtlHome, type CtlOutcome, missingServers, resolverServers } from "./ctl-servers.ts";
import {
  describeWithWorkers,
  freePort,
  type ServerUnderTest,
  type StartOptions,
  serverForTest,
} from "./server-under-test.ts";

interface Installation {
  readonly home: CtlHome;
  readonly server: ServerUnderTest;
  readonly url: string;
  /** The public key of an account. */
  key(account: string): Promise<string>;
}

/** An operator with two accounts and a user, made once: every test begins with a copy of it. */
let installed: CtlHome | undefined;
afterAll(() => rmSync(installed?.folder ?? "", { recursive: true, force: true }));

async function firstHome(): Promise<CtlHome> {
  if (installed !== undefined) return installed;
  const home = CtlHome.kept();
  await home.done("add", "operator", "O", "--sys", "--generate-signing-key");
  for (const name of ["A", "B"]) await home.done("add", "account", name);
  await home.done("add", "user", "u", "-a", "A");
  const file = join(home.folder, "resolver.conf");
  const where = ["--dir", join(home.folder, "jwt"), "--config-file", file];
  await home.done("generate", "config", "--nats-resolver", "--allow-delete", ...where);
  installed = home;
  return home;
}

async function installation(options: StartOptions, allowDelete = true): Promise<Installation> {
  const first = await firstHome();
  const home = new CtlHome(first);
  const file = join(home.folder, "resolver.conf");
  const config = readFileSync(file, "utf8")
    .replaceAll(first.folder, home.folder)
    .replace(/(allow_delete:\s*)true/, `$1${allowDelete}`);
  writeFileSync(file, config);
  const server = await serverForTest({ ...options, config: readFileSync(file, "utf8") });
  const url = `nats://127.0.0.1:${server.port}`;
  await home.done("edit", "operator", "--account-jwt-server-url", url);
  const key = async (account: string): Promise<string> => {
    return (await home.done("describe", "account", account, "--field", "sub")).trim();
  };
  return { home, server, url, key };
}

/** Logs in with a creds file of the store. */
async function login({ home, url }: Installation, account: string, user: string) {
  const creds = await home.done("generate", "creds", user, "-a", account, "-o", "--");
  const authenticator = credsAuthenticator(new TextEncoder().encode(creds));
  const options = { servers: url, authenticator, reconnect: false, maxReconnectAttempts: 0 };
  const connection = await connect(options);
  onTestFinished(() => connection.close());
  return connection;
}

/** Resolves with whether the connection gets its own message. */
async function echoes(connection: NatsConnection, subject: string): Promise<boolean> {
  const subscription = connection.subscribe(subject, { max: 1 });
  connection.publish(subject, "x");
  const { done } = await subscription[Symbol.asyncIterator]().next();
  return done !== true;
}

describe.each(resolverServers)("accounts on $name (AC-86 to AC-90)", ({ options }) => {
  it("are pushed, and their users log in at once", async () => {
    const installed = await installation(options);
    const { home } = installed;
    await expect(login(installed, "A", "u")).rejects.toThrow();
    expect(home.spawned("push", "--all")).toMatch(
      /^account "A": server \S+: jwt updated\naccount "B": .*\naccount "SYS": .*\n$/,
    );
    expect(await echoes(await login(installed, "A", "u"), "any")).toBe(true);
  });

  it("are compared, removed one by one and pruned", async () => {
    const { home, key } = await installation(options);
    await home.done("push", "-A");
    const list = await home.done("push", "--diff");
    for (const name of ["A", "B", "SYS"]) {
      expect(list).toContain(`${await key(name)} "${name}"`);
    }
    expect(list).not.toContain("only");
    expect(await home.done("push", "-R", "B")).toContain("deleted 1 accounts");
    expect(await home.done("push", "--diff")).toContain(`${await key("B")} "B" only in the store`);
    const gone = await key("A");
    await home.done("delete", "account", "A");
    expect(await home.done("push", "--diff")).toContain(`${gone} only on the server`);
    expect(await home.done("push", "--prune")).toContain("deleted 1 accounts");
    expect(await home.done("push", "--prune")).toContain("nothing to remove");
  });

  it("are pulled; newer and foreign ones stay as they are", async () => {
    const { home, key } = await installation(options);
    await home.done("push", "-A");
    const kept = await home.done("describe", "account", "A", "--raw");
    // Issue times are in whole seconds.
    const file = join(home.folder, ".local/share/nats/nsc/stores/O/accounts/A/A.jwt");
    writeFileSync(file, await home.done("describe", "account", "B", "--raw"));
    const other = await home.run("pull", "-A");
    expect(other.code).toBe(1);
    expect(other.error).toContain("the store has another key");
    writeFileSync(file, kept.trim());
    const signed = "2035-01-01T00:00:00Z";
    await home.done("delete", "account", "B");
    expect(await home.done("pull", "-A")).toContain('account "B": stored');
    expect(await home.done("describe", "account", "B", "--field", "name")).toBe("B\n");
    expect(signed > (await key("A"))).toBe(false);
    expect(await home.done("pull", "-a", "A")).toBe('account "A": stored\n');
    expect(await home.done("validate")).toBe("no findings\n");
  });

  it("that were changed here and not pushed are not overwritten", async () => {
    const { home } = await installation(options);
    await home.done("push", "-A");
    const issued = Number(await home.done("describe", "account", "A", "--field", "iat"));
    await expect
      .poll(
        async () => {
          await home.done("edit", "account", "A", "--conns", "7");
          return Number(await home.done("describe", "account", "A", "--field", "iat")) > issued;
        },
        { timeout: 5_000 },
      )
      .toBe(true);
    const { code, error } = await home.run("pull", "-A");
    expect([code, error]).toEqual([1, expect.stringContaining("use --overwrite-newer")]);
    expect(await home.done("describe", "account", "A", "-F", "nats.limits.conn")).toBe("7\n");
    await home.done("pull", "-A", "--overwrite-newer");
    expect(await home.done("describe", "account", "A", "-F", "nats.limits.conn")).toBe("-1\n");
  });

  it("by a user of the system account from the store; others are refused", async () => {
    const { home } = await installation(options);
    expect(await home.done("push", "-A", "--system-user", "sys")).toContain("jwt updated");
    const other = await home.run("push", "-a", "A", "--system-account", "B");
    expect([other.code, other.out]).toEqual([1, ""]);
    expect(other.error).toMatch(/Authorization Violation|nobody answers|no server answered/i);
    await home.done("add", "operator", "P", "--sys");
    await home.done("add", "account", "X", "--operator", "P");
    const url = await home.done(
      "describe",
      "operator",
      "--operator",
      "O",
      "-F",
      "nats.account_server_url",
    );
    const stranger = await home.run("push", "-A", "--operator", "P", "-u", url.trim());
    expect(stranger.code).toBe(1);
    expect(stranger.error).toMatch(/Authorization Violation/i);
  });

  it("cannot be removed where the server does not allow it", async () => {
    const { home } = await installation(options, false);
    await home.done("push", "-A");
    const { code, error } = home.spawn("push", "-R", "A");
    expect([code, error]).toEqual([1, expect.stringContaining("delete must be enabled")]);
  });

  it("with errors or without the operator's signature are not pushed", async () => {
    const { home } = await installation(options);
    await home.done("edit", "account", "A", "--expiry", "-1d");
    const { code, error } = await home.run("push", "-A");
    expect([code, error]).toEqual([
      1,
      expect.stringContaining('"A" is not pushed: claim is expired'),
    ]);
  });

  it("revoked users are refused after the push (AN-49)", async () => {
    const installed = await installation(options);
    const { home } = installed;
    await home.done("push", "-A");
    const connection = await login(installed, "A", "u");
    await home.done("revocations", "add-user", "-a", "A", "--name", "u");
    await home.done("push", "-a", "A");
    await connection.closed();
    await expect(login(installed, "A", "u")).rejects.toThrow();
  });
});

for (const name of missingServers) {
  describe("accounts on servers", () => {
    it.skip(`are pushed and pulled with ${name}`, () => {});
  });
}

function checkWords(port: number, more: readonly string[]): string[] {
  return ["check", "connection", "--server", `127.0.0.1:${port}`, ...more];
}

function check(home: CtlHome, port: number, ...more: string[]): Promise<CtlOutcome> {
  return home.run(...checkWords(port, more));
}

/** As a process of its own, which ends with the verdict. */
function checkAlone(home: CtlHome, port: number, ...more: string[]): CtlOutcome {
  return home.spawn(...checkWords(port, more));
}

// Machines of tests may be slow: limits that no healthy server reaches.
const patient = ["--connect-warn", "20s", "--connect-critical", "30s", "--rtt-warn", "20s"];
patient.push("--rtt-critical", "30s", "--req-warn", "20s", "--req-critical", "30s");

describeWithWorkers("check connection", (workers) => {
  it("0: all is well, in the reference's words", async () => {
    const server = await serverForTest({ workers });
    const { code, out, error } = checkAlone(new CtlHome(), server.port, ...patient);
    expect([code, error]).toEqual([0, ""]);
    const time = String.raw`\d+\.\d{4}s;20\.0000;30\.0000`;
    const text = String.raw`OK Connection OK:connected to nats://127\.0\.0\.1:\d+ in \S+ OK:rtt time \S+ OK:round trip took \d+\.\d{6}s`;
    expect(out).toMatch(
      new RegExp(`^${text} \\| connect_time=${time} rtt=${time} request_time=${time}\n$`),
    );
  });

  it("1: a time is above its warning", async () => {
    const server = await serverForTest({ workers });
    const home = new CtlHome();
    for (const [option, name] of [
      ["connect", "connect time exceeded 1e-9"],
      ["rtt", "rtt time exceeded 1e-9"],
      ["req", "round trip request took"],
    ]) {
      const { code, out } = await check(home, server.port, ...patient, `--${option}-warn`, "1ns");
      expect([code, out]).toEqual([1, expect.stringContaining("WARNING Connection Warn:")]);
      expect(out).toContain(name);
    }
  });

  it("2: a time is above its limit, a login is refused, nobody is there, nothing comes back", async () => {
    const server = await serverForTest({
      workers,
      config: `authorization { users: [
        { user: a, password: b }
        { user: deaf, password: b, permissions: { subscribe: { deny: ">" } } }
      ] }`,
    });
    const home = new CtlHome();
    home.environment["NATS_PASSWORD"] = "b";
    const slow = await check(home, server.port, "--user", "a", ...patient, "--rtt-critical", "1ns");
    expect([slow.code, slow.out]).toEqual([
      2,
      expect.stringContaining("CRITICAL Connection Crit:rtt"),
    ]);
    const refused = await check(home, server.port, "--user", "nobody");
    expect(refused.code).toBe(2);
    expect(refused.out).toMatch(/^CRITICAL Connection Crit:connection failed: .*Authorization/i);
    const deaf = checkAlone(home, server.port, "--user", "deaf", "--timeout", "500ms", ...patient);
    expect(deaf.code).toBe(2);
    expect(deaf.out).toContain("did not receive from");
    const nobody = await check(home, await freePort());
    expect([nobody.code, nobody.out]).toEqual([2, expect.stringContaining("connection failed")]);
  });

  it("as JSON", async () => {
    const server = await serverForTest({ workers });
    const { out } = await check(new CtlHome(), server.port, ...patient, "--format", "json");
    expect(JSON.parse(out)).toMatchObject({
      status: "OK",
      check_suite: "connections",
      check_name: "Connection",
      perf_data: [{ name: "connect_time", warning: 20, critical: 30, unit: "s" }, {}, {}],
    });
  });
});

describe("check connection without a server of ours", () => {
  it("3: the check cannot be made", async () => {
    const home = new CtlHome();
    writeFileSync(join(home.folder, "open.creds"), "x", { mode: 0o644 });
    for (const more of [
      ["--bogus"],
      ["--format", "xml"],
      ["--connect-warn", "soon"],
      ["--creds", "nowhere.creds"],
      ["--creds", "open.creds"],
    ]) {
      const { code, out } = await check(home, 4222, ...more);
      expect([more, code, out]).toEqual([more, 3, expect.stringMatching(/^UNKNOWN Connection /)]);
    }
    const alone = checkAlone(home, 4222, "--bogus");
    expect([alone.code, alone.out]).toEqual([3, expect.stringMatching(/^UNKNOWN Connection /)]);
  });

  it("2: a server that says nothing, within the time that is given", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      silent.close();
    });
    const address = silent.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const { code, out } = checkAlone(new CtlHome(), port, "--timeout", "300ms");
    expect([code, out]).toEqual([2, expect.stringContaining("connection failed")]);
  });
});
