// Sorting that gives the loop back now and then: runs by the engine's own sort, then merged. Thread:
// control; no state. Must stay true: the order is that of one stable sort.
import type { Steps } from "./facts.ts";

/** Places that are sorted at once, and merged between two pauses. */
const RUN = 512;
const SLICE = 4_096;

/** The numbers 0 to `count` - 1 in the order of `compare`. */
export function* sortedPlaces(
  count: number,
  compare: (a: number, b: number) => number,
): Steps<Uint32Array> {
  let from = Uint32Array.from({ length: count }, (_, place) => place);
  let to = new Uint32Array(count);
  for (let start = 0; start < count; start += RUN) {
    from.subarray(start, start + RUN).sort(compare);
    if (start % SLICE === 0) yield { kind: "pause" };
  }
  for (let width = RUN; width < count; width *= 2) {
    yield* mergeRuns(from, to, width, compare);
    [from, to] = [to, from];
  }
  return from;
}

/** Merges every two neighbours of `width` places. */
function* mergeRuns(
  from: Uint32Array,
  to: Uint32Array,
  width: number,
  compare: (a: number, b: number) => number,
): Steps<void> {
  for (let start = 0; start < from.length; start += 2 * width) {
    const middle = Math.min(start + width, from.length);
    const end = Math.min(middle + width, from.length);
    let left = start;
    let right = middle;
    for (let at = start; at < end; at += 1) {
      if (at % SLICE === SLICE - 1) yield { kind: "pause" };
      const takesLeft =
        right === end ||
        (left < middle && compare(from[left] as number, from[right] as number) <= 0);
      to[at] = from[takesLeft ? left : right] as number;
      if (takesLeft) left += 1;
      else right += 1;
    }
  }
}
