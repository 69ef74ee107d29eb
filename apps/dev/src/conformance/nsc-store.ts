// A store of the real nsc in a folder of its own, for tests that have nsc. Test thread. Must stay true:
// nothing of the user's own stores and keys is read or written.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { onTestFinished } from "vitest";
import type { ServerUnderTest } from "./server-under-test.ts";

/** Where a tool of NATS is: the variable names it, else it is where Go or others put it. */
export function toolPath(name: string, variable: string): string | undefined {
  return [
    process.env[variable] ?? "",
    `/usr/local/bin/${name}`,
    join(homedir(), "go/bin", name),
  ].find((path) => path !== "" && existsSync(path));
}

export const nsc = toolPath("nsc", "WEFT_NSC");
export const whyNoNsc = nsc === undefined ? " [skipped: nsc is not here; WEFT_NSC names it]" : "";

/** A store with an operator, a system account, and account A with user u. */
export class NscStore {
  readonly folder = mkdtempSync(join(tmpdir(), "weft-nsc-"));

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
    this.run("env", "-s", join(this.folder, "stores"));
    this.run("add", "operator", "-n", "OP", "--sys", "--generate-signing-key");
    this.run("edit", "operator", "--require-signing-keys");
    this.addAccount("A");
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

  /** With a signing key, as a strict operator wants it. */
  addAccount(name: string): void {
    this.run("add", "account", "-n", name);
    this.run("edit", "account", "-n", name, "--sk", "generate");
  }

  /** Public key of an account. */
  idOf(account: string): string {
    return this.#field("account", "-n", account, "--field", "sub");
  }

  userIdOf(account: string, user: string): string {
    return this.#field("user", "-a", account, "-n", user, "--field", "sub");
  }

  /** Public signing keys of an account that have no scope. */
  signingKeysOf(account: string): string[] {
    const text = this.run("describe", "account", "-n", account, "--json");
    const { nats } = JSON.parse(text.slice(text.indexOf("{"))) as {
      nats: { signing_keys?: (string | object)[] };
    };
    return (nats.signing_keys ?? []).filter((key): key is string => typeof key === "string");
  }

  /** The seed of a key that this store made. */
  seedOf(publicKey: string): string {
    const folder = join(this.folder, "keys");
    const file = readdirSync(folder, { recursive: true })
      .map(String)
      .find((path) => path.endsWith(`${publicKey}.nk`));
    if (file === undefined) throw new Error(`no seed of ${publicKey}`);
    return readFileSync(join(folder, file), "utf8").trim();
  }

  credsPath(account: string, user: string): string {
    return join(this.folder, "keys", "creds", "OP", account, `${user}.creds`);
  }

  creds(account: string, user: string): Uint8Array {
    return readFileSync(this.credsPath(account, user));
  }

  config(...words: readonly string[]): string {
    return justConfig(this.run("generate", "config", ...words));
  }

  /** With a directory in the folder of this store, from which accounts may be deleted. */
  directoryConfig(): string {
    return this.config("--nats-resolver", "--sys-account", "SYS")
      .replace(/dir: '[^']*'/, `dir: '${join(this.folder, "jwt")}'`)
      .replace("allow_delete: false", "allow_delete: true");
  }

  #field(kind: string, ...words: readonly string[]): string {
    return this.run("describe", kind, ...words)
      .trim()
      .replaceAll('"', "");
  }
}

/** What nsc printed, without what it says beside it. */
function justConfig(text: string): string {
  return text.slice(text.search(/^(?:\/\/|#) Operator/m));
}

export async function loginBy(server: ServerUnderTest, creds: Uint8Array): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(creds);
  const connection = await connect({ port: server.port, authenticator, reconnect: false });
  onTestFinished(() => connection.close());
  return connection;
}
