// `--signal` (FL-03, SG-02): sends a running server what a command stands for.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SignalCommand } from "@weft/config";

const SIGNALS: Readonly<Record<SignalCommand, NodeJS.Signals>> = {
  stop: "SIGKILL",
  quit: "SIGINT",
  term: "SIGTERM",
  reopen: "SIGUSR1",
  ldm: "SIGUSR2",
  reload: "SIGHUP",
};

/** Errno names of `kill` in the reference's words. */
const KILL_ERRORS: ReadonlyMap<string, string> = new Map([
  ["ESRCH", "no such process"],
  ["EPERM", "operation not permitted"],
]);

export function sendSignal(
  command: SignalCommand,
  target: string | undefined,
  program: string,
): void {
  const failures: string[] = [];
  try {
    for (const pid of targets(target)) {
      const failure = kill(pid, command);
      if (failure !== undefined) failures.push(failure);
    }
  } catch (error) {
    failures.push((error as Error).message);
  }
  for (const failure of failures) console.error(`${program}: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

/** One process that is gone does not keep the signal from the others. */
function kill(pid: number, command: SignalCommand): string | undefined {
  try {
    process.kill(pid, SIGNALS[command]);
    return undefined;
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return `signal "${command}" ${pid}: ${KILL_ERRORS.get(code) ?? message}`;
  }
}

/** `target`: a process id, a file with one, a prefix of ids and `*`, or nothing for the only one. */
function targets(target: string | undefined): readonly number[] {
  if (target === undefined || target.endsWith("*")) {
    const prefix = target?.slice(0, -1) ?? "";
    if (!/^\d*$/.test(prefix)) throw new Error(`invalid pid: ${prefix}`);
    const running = runningServers().filter((pid) => String(pid).startsWith(prefix));
    if (running.length === 0) throw new Error("no nats-server processes running");
    if (target === undefined && running.length > 1) {
      throw new Error(["multiple nats-server processes running:", ...running].join("\n"));
    }
    return running;
  }
  const text = /^\d+$/.test(target) ? target : pidInFile(target);
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`invalid pid: ${text}`);
  return [Number(text)];
}

function pidInFile(file: string): string {
  try {
    return readFileSync(file, "latin1").trim();
  } catch {
    return file;
  }
}

/** Processes that run this program's main file, but this one. */
function runningServers(): readonly number[] {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  return processNames()
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => isRunning(main, commandLine(name)))
    .map(Number);
}

/** A server that hides a password of its command line has all of it in one word: its title. */
function isRunning(main: string, words: readonly string[]): boolean {
  return words.includes(main) || words[0]?.includes(` ${main} `) === true;
}

function processNames(): readonly string[] {
  try {
    return readdirSync("/proc");
  } catch {
    // Only Linux lists its processes there.
    throw new Error("unable to resolve pid, try providing one");
  }
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
