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

process.exitCode = await runCommandLine(process.argv.slice(2), host);
