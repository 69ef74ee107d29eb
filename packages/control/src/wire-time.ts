// Times as the system account's documents carry them. Any thread; pure.
import type { UnixNanos } from "@weft/base";

/** RFC 3339 in UTC with the nanoseconds that are there: `2026-01-02T03:04:05.000000006Z` (SY-13). */
export function wireTime(at: UnixNanos): string {
  const nanos = Number(at % 1_000_000_000n);
  const seconds = new Date(Number(at / 1_000_000n)).toISOString().slice(0, 19);
  if (nanos === 0) return `${seconds}Z`;
  return `${seconds}.${String(nanos).padStart(9, "0").replace(/0+$/, "")}Z`;
}

/** The same of Unix milliseconds. */
export function wireTimeOfMs(unixMs: number): string {
  return wireTime(BigInt(Math.round(unixMs)) * 1_000_000n);
}
