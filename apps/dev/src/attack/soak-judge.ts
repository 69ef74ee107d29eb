// The verdict over a soak: does memory grow, did every descriptor come back, was anything done.
// Pure.

export interface SoakSample {
  /** Since the start of the churn. */
  readonly atMs: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

export interface SoakResult {
  readonly samples: readonly SoakSample[];
  readonly descriptorsBefore: number;
  readonly descriptorsAfter: number;
  readonly isAlive: boolean;
  /** What the churn did, by kind; each has to have done something. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface SoakVerdict {
  readonly hasPassed: boolean;
  readonly lines: readonly string[];
}

const MEGABYTE = 1024 * 1024;
const MINUTE_MS = 60_000;
const SLOPE_MAX = 1;
/** Share of the run that counts: 7 of 10 minutes. Before it caches and heaps find their size. */
const JUDGED_SHARE = 0.7;

/** Slow readers come and go by the megabyte: what is left between them is what may grow. */
const FLOOR_WINDOW_MS = 30_000;

/** The sample with the least memory of every half minute. */
export function memoryFloor(samples: readonly SoakSample[]): SoakSample[] {
  const floor = new Map<number, SoakSample>();
  for (const sample of samples) {
    const window = Math.floor(sample.atMs / FLOOR_WINDOW_MS);
    const least = floor.get(window);
    if (least === undefined || sample.residentBytes < least.residentBytes) {
      floor.set(window, sample);
    }
  }
  return [...floor.values()];
}

/** Slope of a least-squares line, in MiB per minute. */
export function memorySlope(samples: readonly SoakSample[]): number {
  const count = samples.length;
  if (count < 2) return 0;
  const meanMs = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const meanBytes = samples.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / count;
  let both = 0;
  let square = 0;
  for (const { atMs, residentBytes } of samples) {
    both += (atMs - meanMs) * (residentBytes - meanBytes);
    square += (atMs - meanMs) ** 2;
  }
  return square === 0 ? 0 : (both / square / MEGABYTE) * MINUTE_MS;
}

export function judgeSoak(result: SoakResult): SoakVerdict {
  const { samples, descriptorsBefore, descriptorsAfter, isAlive, counts } = result;
  const lastMs = samples.at(-1)?.atMs ?? 0;
  const judged = samples.filter(({ atMs }) => atMs >= lastMs * (1 - JUDGED_SHARE));
  // A short trial has too few windows; then every sample counts.
  const floor = memoryFloor(judged);
  const slope = memorySlope(floor.length < 4 ? judged : floor);
  const idle = Object.keys(counts).filter((name) => counts[name] === 0);
  const findings: readonly (readonly [boolean, string])[] = [
    [isAlive, "the server is alive"],
    [judged.length >= 2, `${judged.length} samples are judged`],
    [slope < SLOPE_MAX, `memory slope ${slope.toFixed(3)} MiB/min, below ${SLOPE_MAX}`],
    [
      descriptorsAfter === descriptorsBefore,
      `descriptors ${descriptorsAfter} at the end, ${descriptorsBefore} at the start`,
    ],
    [idle.length === 0, `every kind of churn got something done${listed(idle)}`],
  ];
  return {
    hasPassed: findings.every(([isGood]) => isGood),
    lines: findings.map(([isGood, text]) => `${isGood ? "ok  " : "FAIL"} ${text}`),
  };
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "" : `; not ${names.join(", ")}`;
}
