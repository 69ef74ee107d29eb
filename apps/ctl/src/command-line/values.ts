// Values of options: numbers with units, durations, points of time. All throw `Failure`, which names
// the option.
import { parseDuration } from "@weft/config";
import type { Arguments } from "./arguments.ts";
import { usageFailure } from "./failure.ts";

/** Decimal and binary units, as people write bytes. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  ki: 2 ** 10,
  kib: 2 ** 10,
  mi: 2 ** 20,
  mib: 2 ** 20,
  gi: 2 ** 30,
  gib: 2 ** 30,
  ti: 2 ** 40,
  tib: 2 ** 40,
};

/** A whole number such as `-1`, `100`, `1.5m`, `64 KiB`; undefined = not given. */
export function numberValue(words: Arguments, name: string): number | undefined {
  const text = words.text(name);
  if (text === undefined) return undefined;
  const found = /^(-?)([\d,]+(?:\.\d+)?) ?([a-z]{0,3})$/.exec(text.trim().toLowerCase());
  const unit = found === null ? undefined : UNITS[found[3] as string];
  if (found === null || unit === undefined) {
    throw usageFailure(`--${name}: "${text}" is no number such as -1, 100, 10k or 64MiB`);
  }
  const amount = Math.trunc(Number((found[2] as string).replaceAll(",", "")) * unit);
  if (!Number.isSafeInteger(amount)) throw usageFailure(`--${name}: ${text} is too large`);
  return found[1] === "-" ? -amount : amount;
}

/** A whole number from `min` to `max`. */
export function boundedNumber(
  words: Arguments,
  name: string,
  min: number,
  max: number,
): number | undefined {
  const value = numberValue(words, name);
  if (value !== undefined && (value < min || value > max)) {
    throw usageFailure(`--${name}: ${value} is not from ${min} to ${max}`);
  }
  return value;
}

/** Milliseconds of a duration such as `5s`. */
export function durationMs(words: Arguments, name: string): number | undefined {
  const text = words.text(name);
  if (text === undefined) return undefined;
  const value = parseDuration(text);
  if (typeof value === "string" || value < 0) {
    throw usageFailure(`--${name}: "${text}" is no duration such as 500ms, 5s or 1h`);
  }
  return value;
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?: UTC|Z)$/;
const RELATIVE = /^(-?\d{1,7})([mhdwMy])$/;
const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Unix seconds of `0` (none), `2027-01-31`, `2027-01-31 12:00:00 UTC`, or `30d` from now. */
export function pointOfTime(text: string, name: string, nowMs: number): number {
  if (text === "" || text === "0") return 0;
  const wrong = usageFailure(
    `--${name}: "${text}" is no date such as 2027-01-31, 30m, 12h, 7d, 2w, 6M or 1y`,
  );
  const date = DATE.exec(text);
  const exact = date !== null ? `${text}T00:00:00Z` : MOMENT.test(text) ? text : undefined;
  if (exact !== undefined) {
    const at = Date.parse(exact.replace(" UTC", "Z").replace(" ", "T"));
    if (Number.isNaN(at) || new Date(at).getUTCDate() !== Number(text.slice(8, 10))) throw wrong;
    return Math.floor(at / 1_000);
  }
  const relative = RELATIVE.exec(text);
  if (relative === null) throw wrong;
  const count = Number(relative[1]);
  const unit = relative[2] as string;
  if (count === 0) return 0;
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return Math.floor(nowMs / 1_000) + count * seconds;
  const at = new Date(nowMs);
  if (unit === "M") at.setUTCMonth(at.getUTCMonth() + count);
  else at.setUTCFullYear(at.getUTCFullYear() + count);
  if (Number.isNaN(at.getTime())) throw wrong;
  return Math.floor(at.getTime() / 1_000);
}

/** Unix seconds of `--at`: a date, a moment or seconds; 0 and nothing = now. */
export function revocationTime(words: Arguments, nowMs: number): number {
  const text = words.text("at") ?? "0";
  if (/^\d{1,12}$/.test(text)) return Number(text) || Math.floor(nowMs / 1_000);
  return pointOfTime(text, "at", nowMs) || Math.floor(nowMs / 1_000);
}

/** `2027-01-31 12:00:00 UTC`; "" for 0. */
export function formatTime(unixSeconds: number): string {
  if (unixSeconds === 0) return "";
  const at = new Date(unixSeconds * 1_000);
  if (Number.isNaN(at.getTime())) return `${unixSeconds} (Unix seconds)`;
  return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
