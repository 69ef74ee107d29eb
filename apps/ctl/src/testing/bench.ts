// Command lines of tests, in this process or as one of their own, on folders that go with the test.
// Test support.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { runCommandLine } from "../run.ts";

export const PROGRAM = fileURLToPath(new URL("../../bin/weftctl", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

function outcomeOf(result: SpawnSyncReturns<string>): Outcome {
  if (result.error !== undefined) throw result.error;
  return { code: result.status, out: result.stdout, error: result.stderr };
}

/** A home of operators and keys. Ended with the test that made it. */
export class Bench {
  readonly folder: string;
  nowMs = Date.UTC(2026, 0, 15, 12, 0, 0);
  readonly #variables: Record<string, string> = {};

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "weftctl-"));
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  get home(): string {
    return join(this.folder, "home");
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  setVariable(name: string, value: string): void {
    this.#variables[name] = value;
  }

  get #environment(): Record<string, string> {
    return { WEFTCTL_HOME: this.home, ...this.#variables };
  }

  /** In this process, at the time of the bench. */
  async run(...argv: string[]): Promise<Outcome> {
    let out = "";
    let error = "";
    const code = await runCommandLine(argv, {
      print: (text) => {
        out += `${text}\n`;
      },
      warn: (text) => {
        error += `${text}\n`;
      },
      environment: this.#environment,
      homeFolder: this.path("nobody"),
      nowMs: () => this.nowMs,
    });
    return { code, out, error };
  }

  /** A command that must succeed without a warning; its output. */
  async done(...argv: string[]): Promise<string> {
    const { code, out, error } = await this.run(...argv);
    if (code !== 0 || error !== "") {
      throw new Error(`weftctl ${argv.join(" ")} ended with ${code}: ${error}${out}`);
    }
    return out;
  }

  /** A command whose output is JSON. */
  async json<T>(...argv: string[]): Promise<T> {
    return JSON.parse(await this.done(...argv, "--json")) as T;
  }

  /** As a process of its own; needs the build. */
  spawn(...argv: string[]): Outcome {
    const env = { ...process.env, ...this.#environment };
    return outcomeOf(spawnSync(PROGRAM, argv, { encoding: "utf8", env, cwd: this.folder }));
  }

  /** The real nsc on the same folders. */
  nsc(program: string, ...argv: string[]): Outcome {
    const env = { ...process.env, NSC_HOME: this.home, NKEYS_PATH: this.home, HOME: this.folder };
    const words = ["-H", this.home, ...argv];
    return outcomeOf(spawnSync(program, words, { encoding: "utf8", env, cwd: this.folder }));
  }

  /** Lays files of a recorded tree into the home. */
  layOut(files: Readonly<Record<string, RecordedFile>>): void {
    for (const [path, { mode, text }] of Object.entries(files)) {
      const full = join(this.home, path);
      mkdirSync(dirname(full), { recursive: true, mode: 0o700 });
      writeFileSync(full, text);
      chmodSync(full, Number.parseInt(mode, 8));
    }
  }
}

export interface RecordedFile {
  /** Octal, such as `600`. */
  readonly mode: string;
  readonly text: string;
}
