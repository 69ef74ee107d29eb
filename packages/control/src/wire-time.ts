// Times as the system account's documents carry them. Any thread; pure but for what it remembers of
// its last answer: an event carries one time twice, and those of a storm share their second.
import type { UnixNanos } from "@weft/base";

const NANOS_PER_SECOND = 1_000_000_000;
const SECOND = BigInt(NANOS_PER_SECOND);

let second = Number.NaN;
/** `2026-01-02T03:04:05`. */
let secondText = "";
let nanos = Number.NaN;
let text = "";

/** RFC 3339 in UTC with the nanoseconds that are there: `2026-01-02T03:04:05.000000006Z` (SY-13). */
export function wireTime(at: UnixNanos): string {
  return timeText(Number(at / SECOND), Number(at % SECOND));
}

/** The same of Unix milliseconds. */
export function wireTimeOfMs(unixMs: number): string {
  const ms = Math.round(unixMs);
  const ofSecond = Math.floor(ms / 1_000);
  return timeText(ofSecond, (ms - ofSecond * 1_000) * 1_000_000);
}

function timeText(ofSecond: number, ofNanos: number): string {
  if (ofSecond !== second) {
    // First what can fail: a time that is none.
    secondText = new Date(ofSecond * 1_000).toISOString().slice(0, 19);
    second = ofSecond;
  } else if (ofNanos === nanos) return text;
  nanos = ofNanos;
  text = `${secondText}${fraction(ofNanos)}Z`;
  return text;
}

/** The point and what is behind it, without zeros at its end. */
function fraction(ofNanos: number): string {
  if (ofNanos === 0) return "";
  // One digit more in front keeps the zeros that follow it.
  let digits = NANOS_PER_SECOND + ofNanos;
  while (digits % 10 === 0) digits /= 10;
  return `.${String(digits).slice(1)}`;
}
