// Choice of one receiver of a queue group over destinations of different size. Worker threads.
import { assert, type Prng } from "@weft/base";

/**
 * Index in `[0, count)`, each with probability `weights[index] / total` (SU-20, SU-22). `total` is
 * the sum of the first `count` weights, none negative; the caller keeps it while it collects them.
 * With `total` 0 all indexes are equal.
 */
export function pickWeighted(
  weights: ArrayLike<number>,
  count: number,
  total: number,
  prng: Prng,
): number {
  assert(count > 0, "a queue group that is chosen from has a member");
  if (count === 1) return 0;
  if (total <= 0) return prng.below(count);
  let left = prng.below(total);
  const last = count - 1;
  for (let index = 0; index < last; index += 1) {
    left -= weights[index] as number;
    if (left < 0) return index;
  }
  return last;
}
