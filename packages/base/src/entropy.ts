/** Secret randomness (nonces, ids, keys), given to a core by its driver. */
export interface Entropy {
  /** Fills `out` with bytes that an attacker cannot predict. */
  fill(out: Uint8Array): void;
}
