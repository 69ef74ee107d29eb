// Times of day in which a user may be connected (AN-50). Any thread; pure: the time and the server's
// time zone are arguments. Hours are those of the clock on the wall, also where it is changed.
import type { TimeRange } from "../claims/claims.ts";

/** `15:04:05`; the hour may have one digit, and a fraction of the second counts for nothing. */
const CLOCK = /^([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?$/;

interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

function parseClock(text: string): ClockTime | undefined {
  const match = CLOCK.exec(text);
  if (match === null) return undefined;
  const hour = Number(match[1]);
  const minute = Number(match[2]);
  const second = Number(match[3]);
  return hour < 24 && minute < 60 && second < 60 ? { hour, minute, second } : undefined;
}

/** True if a text is a time of day. */
export function isClockTime(text: string): boolean {
  return parseClock(text) !== undefined;
}

/** A date and time of the wall clock; `month` from 1. */
interface WallTime extends ClockTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Formatters are dear to make; there are some 600 zones. */
const FORMATS_MAX = 64;
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function makeFormat(zone: string): Intl.DateTimeFormat | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US-u-ca-iso8601-nu-latn", {
      timeZone: zone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
}

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (!formats.has(zone)) {
    if (formats.size >= FORMATS_MAX) formats.clear();
    formats.set(zone, makeFormat(zone));
  }
  return formats.get(zone);
}

/** What the reference says of a name that is no time zone; undefined = it is one. */
export function timeZoneProblem(zone: string): string | undefined {
  if (zone === "" || zone === "Local" || formatOf(zone) !== undefined) return undefined;
  const isPath = zone.includes("..") || zone.startsWith("/") || zone.startsWith("\\");
  return isPath ? "time: invalid location name" : `unknown time zone ${zone}`;
}

function wallTime(format: Intl.DateTimeFormat, atMs: number): WallTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of format.formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

/** Milliseconds that the zone's clock is ahead of UTC. */
function offsetMs(format: Intl.DateTimeFormat, atMs: number): number {
  const wall = wallTime(format, atMs);
  return utcOf(wall) - Math.floor(atMs / 1_000) * 1_000;
}

function utcOf({ year, month, day, hour, minute, second }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The moment at which the zone's clock shows `wall`. A time that does not exist, or exists twice,
 * is resolved as Go does it.
 */
function momentOf(format: Intl.DateTimeFormat, wall: WallTime): number {
  const asUtc = utcOf(wall);
  const guess = offsetMs(format, asUtc);
  return guess === 0 ? asUtc : asUtc - offsetMs(format, asUtc - guess);
}

/** The end of the range if `nowMs` is inside, else undefined. Ends belong to no range. */
function endOfRange(
  format: Intl.DateTimeFormat,
  range: TimeRange,
  today: WallTime,
  nowMs: number,
): number | undefined | "broken" {
  const startClock = parseClock(range.start);
  const endClock = parseClock(range.end);
  if (startClock === undefined || endClock === undefined) return "broken";
  const start = momentOf(format, { ...today, ...startClock });
  const end = momentOf(format, { ...today, ...endClock });
  if (start < nowMs && end > nowMs) return end;
  if (start <= end) return undefined;
  if (end > nowMs) return end;
  // Where the end does not exist today, the clock that stands for it counts tomorrow too.
  const last = wallTime(format, end);
  const tomorrow = momentOf(format, { ...last, day: last.day + 1 });
  return start < nowMs && tomorrow > nowMs ? tomorrow : undefined;
}

/** Whether a user may be connected now, and until when (Unix ms; undefined = no end). */
export type TimeVerdict =
  | { readonly allowed: true; readonly untilMs: number | undefined }
  | { readonly allowed: false };

const REFUSED: TimeVerdict = { allowed: false };

/** What was said of a list last. Within a second no range begins or ends. */
interface LastVerdict {
  readonly zone: string;
  readonly second: number;
  readonly verdict: TimeVerdict;
}

/** Zones are dear to ask: many who log in by one template at the same time ask for the same. */
const last = new WeakMap<readonly TimeRange[], LastVerdict>();

/**
 * Judges `times`, a list that does not change, at `nowMs`. `location` is an IANA name, "" or `Local` =
 * `serverZone`. Several ranges that hold now: the latest end counts. A range or zone that cannot be
 * read refuses.
 */
export function timesVerdict(
  times: readonly TimeRange[] | undefined,
  location: string,
  serverZone: string,
  nowMs: number,
): TimeVerdict {
  if (times === undefined || times.length === 0) return { allowed: true, untilMs: undefined };
  const zone = location === "" || location === "Local" ? serverZone : location;
  // At the second itself what begins has not begun yet.
  if (nowMs % 1_000 === 0) return judgeTimes(times, zone, nowMs);
  const second = Math.floor(nowMs / 1_000);
  const before = last.get(times);
  if (before?.zone === zone && before.second === second) return before.verdict;
  const verdict = judgeTimes(times, zone, nowMs);
  last.set(times, { zone, second, verdict });
  return verdict;
}

function judgeTimes(times: readonly TimeRange[], zone: string, nowMs: number): TimeVerdict {
  const format = formatOf(zone);
  if (format === undefined) return REFUSED;
  const today = wallTime(format, nowMs);
  let untilMs: number | undefined;
  for (const range of times) {
    const end = endOfRange(format, range, today, nowMs);
    if (end === "broken") return REFUSED;
    if (end !== undefined && (untilMs === undefined || end > untilMs)) untilMs = end;
  }
  return untilMs === undefined ? REFUSED : { allowed: true, untilMs };
}
