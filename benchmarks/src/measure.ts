// Measures one side of a row once: a fresh server, a fresh load process, one job.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ConfigFiles } from "./config-files.ts";
import type { Job, JobReply, Target } from "./load/job.ts";
import { serverResidentBytes } from "./load/usage.ts";
import { Operator } from "./operator.ts";
import type { Program, RowFigures, Side } from "./row.ts";
import { type Command, commandLine, freePort, ServerProcess } from "./server-process.ts";

/** Beyond its own window, what a job may take to connect, drain and check. */
const JOB_ALLOWANCE_MS = 90_000;
const IDLE_SETTLE_MS = 1000;
const STARTS = 10;
const generatorFile = fileURLToPath(new URL("load/generator.js", import.meta.url));

export interface Bench {
  readonly commands: Readonly<Record<Program, Command>>;
  readonly files: ConfigFiles;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Workers of Weft where a row does not set them. */
  readonly workers?: number | undefined;
}

/** A reason why this side cannot be measured at all, if there is one. */
export function obstacle(bench: Bench, side: Side): string | undefined {
  const options = { port: 1, configFile: bench.files.path(side.config) };
  if (commandLine(bench.commands[side.program], options) !== undefined) return undefined;
  return `the command for ${side.program} has no {config}`;
}

async function startServer(bench: Bench, side: Side): Promise<ServerProcess> {
  const port = await freePort();
  const workers = side.workers ?? bench.workers;
  const options = { port, workers, configFile: bench.files.path(side.config) };
  const words = commandLine(bench.commands[side.program], options);
  if (words === undefined) throw new Error(obstacle(bench, side) ?? "no command");
  return ServerProcess.start(words, port);
}

/** Each worker compiles its own code: with eight, and an eighth of the load each, it takes longer. */
function warmUpMs(bench: Bench, side: Side): number {
  return bench.warmUpMs * (side.workers ?? bench.workers ?? 1);
}

function toJob(bench: Bench, side: Side, target: Target): Job {
  const { workload } = side;
  const window = { warmUpMs: warmUpMs(bench, side), measureMs: bench.measureMs };
  if (workload.kind === "startup") throw new Error("a start is not a job");
  if (workload.kind === "idle") return { ...workload, target };
  return { ...workload, ...window, target };
}

function runJob(job: Job, deadlineMs: number): Promise<RowFigures> {
  const child = fork(generatorFile, [], { execArgv: [], serialization: "json" });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish({ error: `no result in ${deadlineMs} ms` }), deadlineMs);
    const finish = (answer: JobReply): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.on("error", () => {});
      child.kill("SIGKILL");
      if (answer.error !== undefined) reject(new Error(answer.error));
      else resolve(answer.figures);
    };
    child.once("message", (answer: JobReply) => finish(answer));
    child.once("error", (error) => finish({ error: error.message }));
    child.once("exit", (code) => finish({ error: `the load process ended with ${code}` }));
    child.send(job);
  });
}

async function measureStarts(bench: Bench, side: Side): Promise<RowFigures> {
  const starts: number[] = [];
  let idleBytes = 0;
  for (let n = 0; n < STARTS; n++) {
    const server = await startServer(bench, side);
    try {
      starts.push(server.startMs);
      if (n === STARTS - 1) {
        await new Promise((resolve) => setTimeout(resolve, IDLE_SETTLE_MS));
        idleBytes = serverResidentBytes(server.pid);
      }
    } finally {
      await server.stop();
    }
  }
  starts.sort((a, b) => a - b);
  const middle = ((starts[STARTS / 2 - 1] ?? 0) + (starts[STARTS / 2] ?? 0)) / 2;
  return { startMs: middle, idleBytes };
}

/** Runs a job on a server with an operator; no figures where he did not get his answers. */
async function watched(
  bench: Bench,
  port: number,
  run: () => Promise<RowFigures>,
): Promise<RowFigures> {
  const operator = await Operator.start(port, bench.files.monitorPort);
  try {
    const figures = await run();
    if (operator.failure !== undefined) throw new Error(operator.failure);
    if (operator.polls === 0 || operator.eventBytes === 0) throw new Error("nothing was watched");
    return figures;
  } finally {
    operator.stop();
  }
}

/** The figures, or why there are none. */
export async function measure(bench: Bench, side: Side): Promise<RowFigures | string> {
  try {
    if (side.workload.kind === "startup") return await measureStarts(bench, side);
    const server = await startServer(bench, side);
    try {
      const isSecure = side.config === "tls";
      const caFile = isSecure ? bench.files.caFile : undefined;
      const target = { port: server.port, serverPid: server.pid, caFile };
      const deadlineMs = warmUpMs(bench, side) + bench.measureMs + JOB_ALLOWANCE_MS;
      const job = toJob(bench, side, target);
      if (side.config !== "operated") return await runJob(job, deadlineMs);
      return await watched(bench, server.port, () => runJob(job, deadlineMs));
    } finally {
      await server.stop();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
