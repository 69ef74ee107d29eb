// Measures one side of a row once: a fresh server, a fresh load process, one job.
import type { ConfigFiles } from "./config-files.ts";
import type { Job, Target } from "./load/job.ts";
import { serverResidentBytes } from "./load/usage.ts";
import { runJob, startJob } from "./load-process.ts";
import type { Program, RowFigures, Side, Workload } from "./row.ts";
import { type Command, commandLine, freePort, ServerProcess } from "./server-process.ts";
import { median } from "./statistics.ts";

/** Beyond its own window, what a job may take to connect, drain and check. */
const JOB_ALLOWANCE_MS = 90_000;
const IDLE_SETTLE_MS = 1000;
const STARTS = 10;
const BESIDE_READY_MS = 20_000;

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

export async function startServer(bench: Bench, side: Side): Promise<ServerProcess> {
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

export function toJob(bench: Bench, side: Side, workload: Workload, target: Target): Job {
  const window = { warmUpMs: warmUpMs(bench, side), measureMs: bench.measureMs };
  if (workload.kind === "startup") throw new Error("a start is not a job");
  if (workload.kind === "idle") return { ...workload, target };
  if (workload.kind === "large-page") {
    return { ...workload, ...window, target, monitorPort: bench.files.monitorPort };
  }
  return { ...workload, ...window, target };
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

/** Beyond it a job has failed. */
export function jobDeadlineMs(bench: Bench, side: Side): number {
  return warmUpMs(bench, side) + bench.measureMs + JOB_ALLOWANCE_MS;
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
      const deadlineMs = jobDeadlineMs(bench, side);
      const job = toJob(bench, side, workload, target);
      if (beside !== undefined) {
        return await runBeside(job, toJob(bench, side, beside, target), deadlineMs);
      }
      return await runJob(job, deadlineMs);
    } finally {
      await server.stop();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
