// Subjects and filters that collide often. Test support.
import type { Prng } from "@weft/base";

const TOKENS = ["a", "b", "c"];

function token(prng: Prng): string {
  return TOKENS[prng.below(TOKENS.length)] as string;
}

/** One to three tokens, without wildcards. */
export function randomSubject(prng: Prng): string {
  const count = 1 + prng.below(3);
  return Array.from({ length: count }, () => token(prng)).join(".");
}

/** As {@link randomSubject}, often with wildcards. */
export function randomFilter(prng: Prng): string {
  const count = 1 + prng.below(3);
  const tokens = Array.from({ length: count }, (_, place) => {
    const roll = prng.below(6);
    if (roll === 0) return "*";
    if (roll === 1 && place === count - 1) return ">";
    return token(prng);
  });
  return tokens.join(".");
}
