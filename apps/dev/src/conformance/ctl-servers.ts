// Servers that weftctl is tried against, as a parameter: the product, and references that are at
// hand; and command lines of weftctl, in this process or as one of their own.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import { laterReference, reference, versionOf } from "./reference.ts";
import {
  isOtherServer,
  repositoryRoot,
  type StartOptions,
  workersCounts,
} from "./server-under-test.ts";

const weftctl = join(repositoryRoot, "apps/ctl/bin/weftctl");

/** What the program's own main does, for a host of ours. */
interface CommandLines {
  runCommandLine(
    argv: readonly string[],
    host: {
      print(text: string): void;
      warn(text: string): void;
      environment: NodeJS.ProcessEnv;
      homeFolder: string;
      nowMs(): number;
    },
  ): Promise<number>;
}

const built = pathToFileURL(join(repositoryRoot, "apps/ctl/dist/run.js")).href;
const { runCommandLine } = (await import(built)) as CommandLines;

/** A server that keeps accounts. */
export interface ResolverServer {
  readonly name: string;
  readonly options: StartOptions;
}

const references = [laterReference, reference].filter((path) => path !== undefined);

const triedCounts = workersCounts.filter(
  (workers) => workers === 2 || process.env["WEFT_DEEP"] === "1",
);

/**
 * The servers that tests run with. What they serve is tried with 1, 2 and 4 workers by the tests of
 * operator mode; here it is the tool that is looked at, and the deep form has them all.
 */
export const resolverServers: readonly ResolverServer[] = [
  ...references.map((path) => ({
    name: `nats-server ${versionOf(path)}`,
    options: { command: [path] },
  })),
  ...(isOtherServer ? [] : triedCounts).map((workers) => ({
    name: `Weft, ${workers} workers`,
    options: { workers },
  })),
];

/** What skipped tests say; empty if nothing is missing. */
export const missingServers: readonly string[] =
  references.length > 0 ? [] : ["a reference [skipped: nats-server is not here]"];

export interface CtlOutcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Command lines on folders that go with the test. */
export class CtlHome {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;

  /** `like`: a home whose files it begins with. */
  constructor(like?: CtlHome, isKept = false) {
    const folder = mkdtempSync(join(tmpdir(), "weftctl-"));
    if (!isKept) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    if (like !== undefined) cpSync(like.folder, folder, { recursive: true });
    this.folder = folder;
    const { PATH: path = "" } = process.env;
    // Nothing of the machine's own installation may be touched.
    const bin = join(repositoryRoot, "apps/ctl/bin");
    this.environment = { PATH: `${bin}:${path}`, HOME: folder, LANG: "C.UTF-8" };
  }

  /** One that outlasts the test; whoever makes it removes its folder. */
  static kept(): CtlHome {
    return new CtlHome(undefined, true);
  }

  /** In this process, which costs a tenth of one of its own. One at a time. */
  async run(...argv: string[]): Promise<CtlOutcome> {
    const said = { out: "", error: "" };
    const host = {
      print: (text: string): void => {
        said.out += `${text}\n`;
      },
      warn: (text: string): void => {
        said.error += `${text}\n`;
      },
      environment: this.environment,
      homeFolder: this.folder,
      nowMs: () => Date.now(),
    };
    const before = process.cwd();
    process.chdir(this.folder);
    try {
      return { code: await runCommandLine(argv, host), ...said };
    } finally {
      process.chdir(before);
    }
  }

  /** As a process of its own. */
  spawn(...argv: string[]): CtlOutcome {
    return this.#outcome(weftctl, argv);
  }

  /** A line as it stands on a page. */
  shell(line: string): CtlOutcome {
    return this.#outcome("/bin/sh", ["-c", line]);
  }

  #outcome(program: string, argv: readonly string[]): CtlOutcome {
    const limits = { timeout: 60_000, killSignal: "SIGKILL" } as const;
    const where = { env: this.environment, cwd: this.folder };
    const options = { encoding: "utf8", ...limits, ...where } as const;
    const result = spawnSync(program, argv, options);
    if (result.error !== undefined) throw result.error;
    return { code: result.status, out: result.stdout, error: result.stderr };
  }

  /** The output of a command that must succeed. */
  async done(...argv: string[]): Promise<string> {
    return outputOf(argv, await this.run(...argv));
  }

  /** The same as a process of its own. */
  spawned(...argv: string[]): string {
    return outputOf(argv, this.spawn(...argv));
  }
}

function outputOf(argv: readonly string[], { code, out, error }: CtlOutcome): string {
  if (code !== 0) throw new Error(`weftctl ${argv.join(" ")} ended with ${code}: ${error}${out}`);
  return out;
}
