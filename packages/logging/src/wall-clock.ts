// The time of day in milliseconds with a fraction. Control thread. What must stay true: it follows the
// system's clock when that is set, and never by more than a few milliseconds late.

/** Beyond this the system's clock was set, or has drifted apart from the monotonic one. */
const APART_MS = 2;

let offsetMs = performance.timeOrigin;

/** Unix milliseconds; the fraction comes from the monotonic clock. */
export function wallMs(): number {
  const wall = Date.now();
  const precise = offsetMs + performance.now();
  if (Math.abs(precise - wall) <= APART_MS) return precise;
  offsetMs = wall - performance.now();
  return wall;
}
