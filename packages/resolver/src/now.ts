// Two clocks at one moment. Intervals are measured by the one that never jumps, claims by the other.

/** Milliseconds. */
export interface Now {
  /** Arbitrary origin, never goes back. */
  readonly monotonicMs: number;
  /** Since the Unix epoch; may jump. */
  readonly unixMs: number;
}
