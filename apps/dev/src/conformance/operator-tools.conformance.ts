// The real nsc against the server: keys, tokens and credentials that it made (AN-43, AC-86 to AC-90).
// Without nsc on this machine the tests are skipped, by name.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { describe, expect, it, onTestFinished } from "vitest";
import { describeWithWorkers, type ServerUnderTest, serverForTest } from "./server-under-test.ts";

const nsc = [
  process.env["WEFT_NSC"] ?? "",
  "/usr/local/bin/nsc",
  join(homedir(), "go/bin/nsc"),
].find((path) => path !== "" && existsSync(path));
const why = nsc === undefined ? " [skipped: nsc is not here; WEFT_NSC names it]" : "";

/** A store of nsc with an operator, a system account, and account A with user u. */
class NscStore {
  readonly folder = mkdtempSync(join(tmpdir(), "weft-nsc-"));

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    this.run("env", "-s", join(this.folder, "stores"));
    this.run("add", "operator", "-n", "OP", "--sys", "--generate-signing-key");
    this.run("edit", "operator", "--require-signing-keys");
    this.run("add", "account", "-n", "A");
    this.run("edit", "signing-key", "-a", "A", "--sk", "generate");
    this.run("add", "user", "-a", "A", "-n", "u");
  }

  run(...words: readonly string[]): string {
    const places = ["config", "keys"].map((name) => join(this.folder, name));
    const [config = "", keys = ""] = places;
    const env = {
      ...process.env,
      XDG_CONFIG_HOME: config,
      XDG_DATA_HOME: config,
      NSC_HOME: config,
      NKEYS_PATH: keys,
      NSC_NO_GIT_IGNORE: "true",
    };
    const { stdout, stderr, status } = spawnSync(nsc as string, words, { env, encoding: "utf8" });
    if (status !== 0) throw new Error(`nsc ${words.join(" ")}: ${stdout}${stderr}`);
    return stdout + stderr;
  }

  creds(account: string, user: string): Uint8Array {
    return readFileSync(join(this.folder, "keys", "creds", "OP", account, `${user}.creds`));
  }

  config(...words: readonly string[]): string {
    return this.run("generate", "config", ...words);
  }
}

async function loginBy(server: ServerUnderTest, creds: Uint8Array): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(creds);
  const connection = await connect({ port: server.port, authenticator, reconnect: false });
  onTestFinished(() => connection.close());
  return connection;
}

describe.skipIf(nsc === undefined)(`nsc${why}`, () => {
  describeWithWorkers("against the server", (workers) => {
    it("AC-80: a configuration with a memory resolver, and a creds file", async () => {
      const store = new NscStore();
      const config = store.config("--mem-resolver");
      const server = await serverForTest({ config: justConfig(config), workers });
      const [one, two] = await Promise.all([
        loginBy(server, store.creds("A", "u")),
        loginBy(server, store.creds("A", "u")),
      ]);
      one.subscribe("q", { callback: (_error, message) => void message.respond("yes") });
      await one.flush();
      expect((await two.request("q")).string()).toBe("yes");
    });

    it("AC-86 to AC-90, AN-49: push, revoke, prune", { timeout: 90_000 }, async () => {
      const store = new NscStore();
      const directory = join(store.folder, "jwt");
      const config = justConfig(store.config("--nats-resolver", "--sys-account", "SYS"))
        .replace(/dir: '[^']*'/, `dir: '${directory}'`)
        .replace("allow_delete: false", "allow_delete: true");
      const server = await serverForTest({ config, workers });
      const url = `nats://${server.url}`;
      expect(store.run("push", "-A", "-u", url)).toContain("jwt updated");
      const client = await loginBy(server, store.creds("A", "u"));
      await client.flush();
      store.run("revocations", "add-user", "-a", "A", "-n", "u");
      expect(store.run("push", "-a", "A", "-u", url)).toContain("jwt updated");
      expect(String(await client.closed())).toMatch(/revoked/i);
      store.run("add", "account", "-n", "B");
      store.run("push", "-a", "B", "-u", url);
      store.run("delete", "account", "-n", "B", "-F");
      expect(store.run("push", "--prune", "-u", url)).toMatch(/pruned|deleted 1 accounts/);
    });
  });
});

/** What nsc printed, without what it says beside it. */
function justConfig(text: string): string {
  return text.slice(text.search(/^(?:\/\/|#) Operator/m));
}
