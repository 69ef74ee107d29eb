// Test support: what an attacker does who knows the token hash: many tokens with one hash value.

const BLOCK_CHARS = 4;
const LETTERS = 36;

/** FNV-1a 32: a hash without a secret. */
export function fnv(input: Uint8Array, basis = 0x811c9dc5): number {
  let hash = basis | 0;
  for (const byte of input) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/**
 * `2 ** stages` tokens with one FNV value. With an unknown start value they still fall together for
 * one start in 128, since only its lowest bits matter: a secret start alone is no protection.
 */
export function tokensOfOneFnv(stages: number): string[] {
  let tokens = ["7yzx", "e6ad"];
  for (let stage = 1; stage < stages; stage += 1) {
    tokens = tokens.flatMap((token) => [`${token}33zx`, `${token}epad`]);
  }
  return tokens;
}

/** `2 ** stages` tokens with the same value of `hash`, which mixes after each block of four bytes. */
export function collidingTokens(
  hash: (input: Uint8Array, start: number, end: number) => number,
  stages: number,
): string[] {
  let tokens = [""];
  for (let stage = 0; stage < stages; stage += 1) {
    // All tokens so far leave `hash` in the same state, so one pair of blocks doubles them all.
    const pair = collidingBlocks(hash, tokens[0] as string);
    tokens = tokens.flatMap((token) => pair.map((block) => token + block));
  }
  return tokens;
}

function collidingBlocks(
  hash: (input: Uint8Array, start: number, end: number) => number,
  prefix: string,
): readonly [string, string] {
  const input = Buffer.from(prefix + " ".repeat(BLOCK_CHARS), "latin1");
  const blockOf = (number: number): string =>
    number.toString(LETTERS).padStart(BLOCK_CHARS, "0").slice(-BLOCK_CHARS);
  const seen = new Map<number, number>();
  for (let number = 0; number < LETTERS ** BLOCK_CHARS; number += 1) {
    input.write(blockOf(number), prefix.length, "latin1");
    const value = hash(input, 0, input.length);
    const other = seen.get(value);
    if (other !== undefined) return [blockOf(other), blockOf(number)];
    seen.set(value, number);
  }
  throw new Error("no two blocks collide");
}
