// Times and durations in the reference's form (MO-38). Thread: any.

const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400;
const MICROS_MAX = 999_999;

/** The zero of the reference's clock: what it shows for "never". */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** RFC 3339 in UTC with as many decimals as there are, nine at most. */
export function timeText(unixNanos: bigint): string {
  let seconds = unixNanos / NANOS_PER_SECOND;
  let nanos = unixNanos % NANOS_PER_SECOND;
  if (nanos < 0n) {
    seconds -= 1n;
    nanos += NANOS_PER_SECOND;
  }
  return secondText(Number(seconds), nanos.toString().padStart(9, "0"));
}

/** The same for milliseconds, with microseconds behind the point. */
export function timeTextMs(unixMs: number): string {
  const seconds = Math.floor(unixMs / 1_000);
  const micros = Math.round((unixMs - seconds * 1_000) * 1_000);
  return secondText(seconds, digits(Math.min(micros, MICROS_MAX), 6));
}

/** `fraction`: digits behind the point, zeros at the end included. */
function secondText(seconds: number, fraction: string): string {
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  if (day !== lastDay) {
    lastDay = day;
    lastDate = dateText(day);
  }
  const rest = seconds - day * SECONDS_PER_DAY;
  const hour = digits(Math.floor(rest / 3_600), 2);
  const minute = digits(Math.floor(rest / 60) % 60, 2);
  const second = digits(rest % 60, 2);
  let end = fraction.length;
  while (end > 0 && fraction.charCodeAt(end - 1) === ZERO) end -= 1;
  const decimals = end === 0 ? "" : `.${fraction.slice(0, end)}`;
  return `${lastDate}T${hour}:${minute}:${second}${decimals}Z`;
}

const ZERO = 0x30;
/** Most times of a page are of one day. */
let lastDay = 0;
let lastDate = "1970-01-01";

/** Days since 1970 as a date of the Gregorian calendar. */
function dateText(day: number): string {
  // Counted in years that begin in March, so that the day that some years lack is their last one.
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const inEra = shifted - era * 146_097;
  const leaps = Math.floor(inEra / 1_460) - Math.floor(inEra / 36_524);
  const year = Math.floor((inEra - leaps - Math.floor(inEra / 146_096)) / 365);
  const inYear = inEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const march = Math.floor((5 * inYear + 2) / 153);
  const dayOfMonth = inYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const calendarYear = year + era * 400 + (month <= 2 ? 1 : 0);
  return `${digits(calendarYear, 4)}-${digits(month, 2)}-${digits(dayOfMonth, 2)}`;
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}

/** `1y2d3h4m5s`, from the largest unit that is not zero on (MO-38). */
export function uptimeText(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const years = Math.floor(days / 365);
  const text = `${seconds % 60}s`;
  if (minutes === 0) return text;
  if (hours === 0) return `${minutes % 60}m${text}`;
  const clock = `${hours % 24}h${minutes % 60}m${text}`;
  if (days === 0) return clock;
  return years === 0 ? `${days}d${clock}` : `${years}y${days % 365}d${clock}`;
}

/** A round trip: whole microseconds below a millisecond, else every digit; `0s` = not known. */
export function roundTripText(nanos: number): string {
  const whole = Math.trunc(nanos);
  const shown = whole > 1_000 && whole < 1_000_000 ? whole - (whole % 1_000) : whole;
  if (shown <= 0) return "0s";
  if (shown < 1_000) return `${shown}ns`;
  if (shown < 1_000_000) return `${decimal(shown, 3)}µs`;
  if (shown < 1_000_000_000) return `${decimal(shown, 6)}ms`;
  const minutes = Math.floor(shown / 60_000_000_000);
  const seconds = `${decimal(shown - minutes * 60_000_000_000, 9)}s`;
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return `${hours === 0 ? "" : `${hours}h`}${minutes % 60}m${seconds}`;
}

/** `value` with the point before its last `places` digits, without zeros at the end. */
function decimal(value: number, places: number): string {
  const text = String(value).padStart(places + 1, "0");
  const fraction = text.slice(-places).replace(/0+$/, "");
  const whole = text.slice(0, -places);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
