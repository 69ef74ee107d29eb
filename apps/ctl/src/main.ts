// The program: binds commands to the process. Nothing is decided here.
import { homedir } from "node:os";
import type { Host } from "./command-line/command.ts";
import { runCommandLine } from "./run.ts";

const host: Host = {
  print: (text) => process.stdout.write(`${text}\n`),
  warn: (text) => process.stderr.write(`${text}\n`),
  environment: process.env,
  homeFolder: homedir(),
  nowMs: () => Date.now(),
};

const exitCode = await runCommandLine(process.argv.slice(2), host);
// A connection that was given up may still hold a socket: it must not hold the process.
process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
