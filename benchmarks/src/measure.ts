// Measures one side of a row once: a fresh server, a fresh load process, one job.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ConfigFiles } from "./config-files.ts";
import type { Job, JobReply, Target } from "./load/job.ts";
import { serverResidentBytes } from "./load/usage.ts";
import { Operator } from "./operator.ts";
import type { Program, RowFigures, Side, Workload } from "./row.ts";
import { type Command, commandLine, freePort, ServerProcess } from "./server-process.ts";
import { median } from "./statistics.ts";

/** Beyond its own window, what a job may take to connect, drain and check. */
const JOB_ALLOWANCE_MS = 90_000;
const IDLE_SETTLE_MS = 1000;
const STARTS = 10;
const BESIDE_READY_MS = 20_000;
const generatorFile = fileURLToPath(new URL("load/generator.js", import.meta.url));

export interface Bench {
  readonly commands: Readonly<Record<Program, Command>>;
  readonly files: ConfigFiles;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Workers of Weft where a row does not set them. */
  readonly workers?: number | undefined;
  /** Version of the reference, such as `2.14.0`. */
  readonly referenceVersion?: string | undefined;
}

/** A reason why this side cannot be measured at all, if there is one. */
export function obstacle(bench: Bench, side: Side): string | undefined {
  const { referenceFrom } = side;
  if (referenceFrom !== undefined && side.program === "reference") {
    const version = bench.referenceVersion ?? "unknown";
    if (!isAtLeast(version, referenceFrom)) {
      return `the reference is ${version}, and can do this from ${referenceFrom} on`;
    }
  }
  const options = { port: 1, configFile: side.config === "none" ? undefined : side.config };
  if (commandLine(bench.commands[side.program], options) !== undefined) return undefined;
  return `the command for ${side.program} has no {config}`;
}

function isAtLeast(version: string, wanted: string): boolean {
  const [one, other] = [version, wanted].map((text) => text.split(".").map(Number));
  for (const [at, number] of (other ?? []).entries()) {
    const own = one?.[at] ?? Number.NaN;
    if (own !== number) return own > number;
  }
  return true;
}

async function startServer(bench: Bench, side: Side): Promise<ServerProcess> {
  const port = await freePort();
  const workers = side.workers ?? bench.workers;
  const options = { port, workers, configFile: bench.files.path(side.config) };
  const words = commandLine(bench.commands[side.program], options);
  if (words === undefined) throw new Error(obstacle(bench, side) ?? "no command");
  return ServerProcess.start(words, port);
}

/**
 * Logins are a thousand a second where messages are millions: their code is compiled after seconds, not
 * after tenths of one. Both sides have the same time.
 */
const LOGINS_WARM_UP_MS = 4_000;

/** Each worker compiles its own code: with eight, and an eighth of the load each, it takes longer. */
function warmUpMs(bench: Bench, side: Side): number {
  const isOfLogins = side.workload.kind === "logins" || side.beside?.kind === "logins";
  const least = isOfLogins ? LOGINS_WARM_UP_MS : 0;
  return Math.max(least, bench.warmUpMs * (side.workers ?? bench.workers ?? 1));
}

function toJob(bench: Bench, side: Side, workload: Workload, target: Target): Job {
  const window = { warmUpMs: warmUpMs(bench, side), measureMs: bench.measureMs };
  if (workload.kind === "startup") throw new Error("a start is not a job");
  if (workload.kind === "idle") return { ...workload, target };
  if (workload.kind === "large-page") {
    return { ...workload, ...window, target, monitorPort: bench.files.monitorPort };
  }
  return { ...workload, ...window, target };
}

/** A load process that works. */
interface Running {
  readonly figures: Promise<RowFigures>;
  /** What others wait for before they begin. */
  readonly ready: Promise<void>;
  /** Ends a job that does not end by itself. */
  end(): void;
}

function runJob(job: Job, deadlineMs: number): Promise<RowFigures> {
  return startJob(job, deadlineMs).figures;
}

function startJob(job: Job, deadlineMs: number): Running {
  const child = fork(generatorFile, [], { execArgv: [], serialization: "json" });
  let isReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  const figures = new Promise<RowFigures>((resolve, reject) => {
    const timer = setTimeout(() => finish({ error: `no result in ${deadlineMs} ms` }), deadlineMs);
    const finish = (answer: JobReply): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.on("error", () => {});
      child.kill("SIGKILL");
      if (answer.error !== undefined) reject(new Error(answer.error));
      else resolve(answer.figures ?? {});
    };
    child.on("message", (answer: JobReply) => {
      if (answer.figures === undefined && answer.error === undefined) isReady();
      else finish(answer);
    });
    child.once("error", (error) => finish({ error: error.message }));
    child.once("exit", (code) => finish({ error: `the load process ended with ${code}` }));
    child.send(job);
  });
  return { figures, ready, end: () => void child.kill("SIGKILL") };
}

/** A job with another one beside it; the one that ends by itself says how long both last. */
async function runBeside(job: Job, other: Job, deadlineMs: number): Promise<RowFigures> {
  const beside = startJob(other, deadlineMs);
  const ended = beside.figures.catch((error: Error) => error);
  if (other.kind !== "callout-service") {
    const [figures, own] = await Promise.all([runJob(job, deadlineMs), ended]);
    if (own instanceof Error) throw own;
    return { ...figures, besidePerSecond: own.throughput ?? Number.NaN };
  }
  const late = new Promise<never>((_, reject) => {
    setTimeout(
      () => reject(new Error("the callout service is not ready")),
      BESIDE_READY_MS,
    ).unref();
  });
  try {
    await Promise.race([beside.ready, late, beside.figures]);
    return await runJob(job, deadlineMs);
  } finally {
    beside.end();
    await ended;
  }
}

async function measureStarts(bench: Bench, side: Side, count: number): Promise<RowFigures> {
  const starts: number[] = [];
  let idleBytes = 0;
  for (let n = 0; n < count; n++) {
    const server = await startServer(bench, side);
    try {
      starts.push(server.startMs);
      if (n === count - 1) {
        await new Promise((resolve) => setTimeout(resolve, IDLE_SETTLE_MS));
        idleBytes = serverResidentBytes(server.pid);
      }
    } finally {
      await server.stop();
    }
  }
  return { startMs: median(starts), idleBytes };
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
    const { workload, beside } = side;
    if (workload.kind === "startup") {
      return await measureStarts(bench, side, workload.starts ?? STARTS);
    }
    const server = await startServer(bench, side);
    try {
      const isSecure = side.config === "tls";
      const caFile = isSecure ? bench.files.caFile : undefined;
      const target = { port: server.port, serverPid: server.pid, caFile };
      const deadlineMs = warmUpMs(bench, side) + bench.measureMs + JOB_ALLOWANCE_MS;
      const job = toJob(bench, side, workload, target);
      if (beside !== undefined) {
        return await runBeside(job, toJob(bench, side, beside, target), deadlineMs);
      }
      if (side.config !== "operated") return await runJob(job, deadlineMs);
      return await watched(bench, server.port, () => runJob(job, deadlineMs));
    } finally {
      await server.stop();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
