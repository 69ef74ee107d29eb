// Profiles of the control thread on request (SY-27): where its time goes, and what makes its heap
// grow. Loaded on demand. Must stay true: no profile holds values of the program, only names of
// functions and sizes, so no secret can be in one (attack 70); no inspector port is opened.
import type { Profiler } from "node:inspector/promises";

/** As the reference bounds it. */
const DURATION_MAX_NANOS = 15e9;
const NANOS_PER_MS = 1e6;

export interface ProfileStatus {
  /** Base64 of a document for the developer tools of Chrome; null with an error. */
  readonly profile: string | null;
  readonly error: string;
}

export interface ProfileOptions {
  readonly name: string;
  readonly durationNanos: number;
}

let isRunning = false;

function failed(error: string): ProfileStatus {
  return { profile: null, error };
}

export async function profile({ name, durationNanos }: ProfileOptions): Promise<ProfileStatus> {
  if (name === "") return failed("Profile name not specified");
  const isHeap = name === "heap" || name === "allocs";
  if (name !== "cpu" && !isHeap) return failed(`Profile ${JSON.stringify(name)} not found`);
  const durationIsValid = durationNanos > 0 && durationNanos <= DURATION_MAX_NANOS;
  if (!durationIsValid && (name === "cpu" || durationNanos !== 0)) {
    const shown = `${durationNanos / 1e9}s`;
    return failed(`Duration ${shown} should be between 0s and 15s`);
  }
  if (isRunning) return failed("Failed to start CPU profile: cpu profiling already in use");
  isRunning = true;
  try {
    const durationMs = durationNanos / NANOS_PER_MS;
    const document = isHeap ? await heapProfile(durationMs) : await processorProfile(durationMs);
    return { profile: Buffer.from(JSON.stringify(document)).toString("base64"), error: "" };
  } finally {
    isRunning = false;
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

async function processorProfile(durationMs: number): Promise<Profiler.Profile> {
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await pause(durationMs);
    const { profile: found } = await session.post("Profiler.stop");
    return found;
  } finally {
    session.disconnect();
  }
}

/** Without a duration, what is allocated within a second. */
async function heapProfile(durationMs: number): Promise<object> {
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.enable");
    await session.post("HeapProfiler.startSampling");
    await pause(durationMs === 0 ? 1_000 : durationMs);
    const { profile: found } = await session.post("HeapProfiler.stopSampling");
    return found;
  } finally {
    session.disconnect();
  }
}
