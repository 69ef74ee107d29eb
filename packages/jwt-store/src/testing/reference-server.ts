// The reference with a full directory in operator mode, and a connection of its system account. Test
// support. Absent where nats-server is not installed.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { operatorJwt, SYSTEM, SYSTEM_USER, type TestKey, userJwt } from "./signed-claims.ts";

/** Where nats-server is; undefined = nowhere. */
export const referencePath = ["/usr/sbin/nats-server", "/usr/bin/nats-server"].find((path) =>
  existsSync(path),
);

export class ReferenceServer {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly system: NatsConnection;

  private constructor(child: ChildProcess, port: number, system: NatsConnection) {
    this.#child = child;
    this.#port = port;
    this.system = system;
  }

  /** Starts it with `directory`; `folder` is for its own files. */
  static async start(folder: string, directory: string): Promise<ReferenceServer> {
    const config = join(folder, "server.conf");
    writeFileSync(
      config,
      `port: -1
ports_file_dir: "${folder}"
operator: "${operatorJwt()}"
system_account: "${SYSTEM.publicKey}"
resolver { type: full, dir: "${directory}", allow_delete: true, interval: "1m" }
`,
    );
    const child = spawn(referencePath as string, ["-c", config], { stdio: "ignore" });
    const portsFile = join(folder, `nats-server_${child.pid}.ports`);
    const port = await portOf(portsFile, child);
    const system = await login(port, SYSTEM_USER, SYSTEM);
    return new ReferenceServer(child, port, system);
  }

  /** A connection of another account. */
  login(user: TestKey, account: TestKey): Promise<NatsConnection> {
    return login(this.#port, user, account);
  }

  /** The first answer to a request of the system account. */
  async ask(subject: string, payload: string | Uint8Array): Promise<string> {
    return (await this.system.request(subject, payload, { timeout: 5_000 })).string();
  }

  /** All answers up to the empty one (AC-89). */
  async pack(payload: Uint8Array): Promise<string[]> {
    const lines: string[] = [];
    const options = { maxWait: 5_000, strategy: "sentinel" } as const;
    for await (const message of await this.system.requestMany(
      "$SYS.REQ.CLAIMS.PACK",
      payload,
      options,
    )) {
      if (message.data.length === 0) break;
      lines.push(message.string());
    }
    return lines;
  }

  async stop(): Promise<void> {
    await this.system.close();
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGTERM");
    await gone;
  }
}

async function login(port: number, user: TestKey, account: TestKey): Promise<NatsConnection> {
  const authenticator = jwtAuthenticator(
    userJwt(user, account),
    new TextEncoder().encode(user.seed),
  );
  return connect({ port, authenticator, reconnect: false, timeout: 5_000 });
}

async function portOf(path: string, child: ChildProcess): Promise<number> {
  const deadlineMs = Date.now() + 10_000;
  while (Date.now() < deadlineMs && child.exitCode === null) {
    if (existsSync(path)) {
      const { nats } = JSON.parse(readFileSync(path, "utf8") || "{}") as { nats?: string[] };
      const port = Number(/:(\d+)$/.exec(nats?.[0] ?? "")?.[1]);
      if (port > 0) return port;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("nats-server did not start");
}
