// Durations as the reference writes and reads them (CF-18): `1h2m3.5s`, `300ms`. Control thread.

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
/** 64 bits of nanoseconds. */
const DURATION_MS_MAX = 2 ** 63 / 1e6;

/** Milliseconds, with a fraction; or the reference's words for what is wrong. */
export function parseDuration(text: string): number | string {
  const invalid = `time: invalid duration ${JSON.stringify(text)}`;
  let rest = text;
  const negative = rest.startsWith("-");
  if (negative || rest.startsWith("+")) rest = rest.slice(1);
  if (rest === "0") return 0;
  if (rest === "" || rest.length > 200) return invalid;
  let total = 0;
  while (rest !== "") {
    const number = /^(?:\d+(?:\.\d*)?|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return invalid;
    rest = rest.slice(number.length);
    const unit = /^[^.\d]+/.exec(rest)?.[0];
    if (unit === undefined) return `time: missing unit in duration ${JSON.stringify(text)}`;
    const unitMs = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined;
    if (unitMs === undefined) {
      return `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
    }
    total += Number(number) * unitMs;
    rest = rest.slice(unit.length);
  }
  if (!(total < DURATION_MS_MAX)) return invalid;
  return negative ? -total : total;
}

/** `2m0s`, `1.5s`, `50ms`: how the reference prints a duration. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const sign = durationMs < 0 ? "-" : "";
  const ms = Math.abs(durationMs);
  if (ms < 1e-3) return `${sign}${trim(ms * 1e6)}ns`;
  if (ms < 1) return `${sign}${trim(ms * 1e3)}µs`;
  if (ms < 1_000) return `${sign}${trim(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${trim((ms % 60_000) / 1_000)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

function trim(value: number): string {
  return String(Number(value.toFixed(9)));
}
