// One process of `apps/auth-callout`, with a folder for its configuration and keys. Must stay true: no
// process and no file outlives the test run.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAccount, createCurve, type KeyPair } from "@nats-io/nkeys";
import { onTestFinished } from "vitest";
import { eventually, within } from "./deadline.ts";
import { repositoryRoot, type ServerUnderTest } from "./server-under-test.ts";

const program = join(repositoryRoot, "apps/auth-callout/bin/weft-auth-callout");

export interface CalloutKeys {
  readonly issuer: KeyPair;
  readonly curve: KeyPair;
}

export function calloutKeys(): CalloutKeys {
  return { issuer: createAccount(), curve: createCurve() };
}

const seedOf = (pair: KeyPair): string => new TextDecoder().decode(pair.getSeed());

/** A server's configuration for it; the service logs in as `auth`. */
export function serverConfig({ issuer, curve }: CalloutKeys, xkey = true): string {
  const sealed = xkey ? `xkey: ${curve.getPublicKey()}` : "";
  return `
    accounts {
      AUTH: { users: [ { user: auth, password: auth-pw } ] }
      APP: {}
      ADMIN: {}
      OPS: { users: [ { user: ops, password: pw } ] }
    }
    authorization {
      timeout: 2
      auth_callout {
        issuer: ${issuer.getPublicKey()}
        account: AUTH
        auth_users: [ auth ]
        allowed_accounts: [ APP, ADMIN ]
        ${sealed}
      }
    }`;
}

export interface Folder {
  readonly path: string;
  write(name: string, text: string): string;
}

export function folderForTest(): Folder {
  const path = mkdtempSync(join(tmpdir(), "weft-callout-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write: (name, text) => {
      const file = join(path, name);
      writeFileSync(file, text);
      return file;
    },
  };
}

export interface AppOptions {
  readonly keys: CalloutKeys;
  readonly xkey?: boolean;
  /** JSON of `backends`. */
  readonly backends: readonly object[];
  readonly limits?: object;
}

export class CalloutApp {
  readonly file: string;
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = "";

  constructor(child: ChildProcess, file: string) {
    this.file = file;
    this.#child = child;
    this.exited = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    process.on("exit", () => child.kill("SIGKILL"));
  }

  get output(): string {
    return this.#output;
  }

  async waitFor(pattern: RegExp, count = 1): Promise<void> {
    const all = new RegExp(pattern, "g");
    await eventually(
      () => ((this.#output.match(all) ?? []).length >= count ? true : undefined),
      `the service to say ${pattern}: ${this.#output.slice(-500)}`,
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return within(this.exited, "the service to end", 8_000);
  }
}

export function writeSettings(
  server: ServerUnderTest,
  folder: Folder,
  options: AppOptions,
): string {
  const { keys, xkey = true, backends, limits } = options;
  folder.write("issuer.seed", seedOf(keys.issuer));
  folder.write("curve.seed", seedOf(keys.curve));
  folder.write("auth.password", "auth-pw\n");
  const settings = {
    nats: { servers: [server.url], user: "auth", password_file: "auth.password" },
    sign: { seed_file: "issuer.seed", ...(xkey && { xkey_seed_file: "curve.seed" }) },
    log: { format: "json" },
    ...(limits && { limits }),
    backends,
  };
  return folder.write("callout.json", JSON.stringify(settings));
}

/** Starts it, and waits until it serves. */
export async function appForTest(
  server: ServerUnderTest,
  folder: Folder,
  options: AppOptions,
): Promise<CalloutApp> {
  const file = writeSettings(server, folder, options);
  const app = new CalloutApp(
    spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] }),
    file,
  );
  onTestFinished(async () => {
    await app.stop();
  });
  await app.waitFor(/"event":"serving"/);
  return app;
}

/** Runs it with these words to its end. */
export function runApp(...words: readonly string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
  return { code: status, text: stdout + stderr };
}
