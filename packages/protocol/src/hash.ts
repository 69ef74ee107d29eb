// The subject hash shared by the parser, the plan cache and frames between threads: FNV-1a with a
// secret start value. Thread: any. What must stay true: the parser's inlined loop yields the same.

/** FNV-1a 32-bit prime. */
const FNV_PRIME = 0x01000193;

/**
 * FNV-1a of `input[start, end)` from `seed`: a signed 32-bit integer, equal to the `hash` that
 * `ClientOps.onPublish` receives from a parser with the same seed.
 */
export function hashSubject(seed: number, input: Uint8Array, start: number, end: number): number {
  let hash = seed | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ input[i]!, FNV_PRIME);
  return hash;
}
