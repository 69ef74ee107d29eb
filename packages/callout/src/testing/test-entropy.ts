// For tests: randomness that a seed decides. Any thread.
import type { Entropy, Prng } from "@weft/base";

export function prngEntropy(prng: Prng): Entropy {
  return {
    fill(out) {
      for (let at = 0; at < out.length; at += 1) out[at] = prng.below(256);
    },
  };
}
