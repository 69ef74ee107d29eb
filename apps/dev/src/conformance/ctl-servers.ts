// Servers that weftctl is tried against, as a parameter: the product, and references that are at hand.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  isOtherServer,
  repositoryRoot,
  type StartOptions,
  workersCounts,
} from "./server-under-test.ts";

/** True once the server reads `operator` and `resolver`. */
const PRODUCT_HAS_RESOLVERS = false;

const weftctl = join(repositoryRoot, "apps/ctl/bin/weftctl");

/** One server, or the reason why it cannot be tried. */
export interface ResolverServer {
  readonly name: string;
  readonly options: StartOptions;
}

/** WEFT_REFERENCE_SERVER names a newer reference beside the one of the system. */
const references = [process.env["WEFT_REFERENCE_SERVER"] ?? "", "/usr/sbin/nats-server"].filter(
  (path) => path !== "" && existsSync(path),
);

function versionOf(path: string): string {
  const { stdout } = spawnSync(path, ["-v"], { encoding: "utf8" });
  return /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? "?";
}

/** Servers that keep accounts. */
export const resolverServers: readonly ResolverServer[] = [
  ...references.map((path) => ({
    name: `nats-server ${versionOf(path)}`,
    options: { command: [path] },
  })),
  ...(PRODUCT_HAS_RESOLVERS && !isOtherServer ? workersCounts : []).map((workers) => ({
    name: `Weft, ${workers} workers`,
    options: { workers },
  })),
];

/** Names for what is skipped; empty if nothing is. */
export const missingServers: readonly string[] = [
  ...(references.length > 0 ? [] : ["a reference: nats-server is not here"]),
  ...(PRODUCT_HAS_RESOLVERS ? [] : ["Weft: it does not read operators and resolvers yet"]),
];

export interface CtlOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Command lines on folders that go with the test. */
export class CtlHome {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "weftctl-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    this.folder = folder;
    const { PATH: path = "" } = process.env;
    // Nothing of the machine's own installation may be touched.
    const bin = join(repositoryRoot, "apps/ctl/bin");
    this.environment = { PATH: `${bin}:${path}`, HOME: folder, LANG: "C.UTF-8" };
  }

  run(...argv: string[]): CtlOutcome {
    return this.#outcome(weftctl, argv);
  }

  /** A line as it stands on a page. */
  shell(line: string): CtlOutcome {
    return this.#outcome("/bin/sh", ["-c", line]);
  }

  #outcome(program: string, argv: readonly string[]): CtlOutcome {
    const options = { encoding: "utf8", env: this.environment, cwd: this.folder } as const;
    const result = spawnSync(program, argv, options);
    if (result.error !== undefined) throw result.error;
    return { code: result.status, out: result.stdout, error: result.stderr };
  }

  /** The output of a command that must succeed. */
  done(...argv: string[]): string {
    const { code, out, error } = this.run(...argv);
    if (code !== 0) throw new Error(`weftctl ${argv.join(" ")} ended with ${code}: ${error}${out}`);
    return out;
  }
}
