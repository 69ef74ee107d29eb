// Time as values. Cores never read a clock; drivers pass these in.

/** Milliseconds of a monotonic clock with an arbitrary origin. */
export type Millis = number;

/** Nanoseconds since the Unix epoch, for the wire and for records. */
export type UnixNanos = bigint;

/** The clocks of a thread, given to a core by its driver. */
export interface Clock {
  /** Monotonic milliseconds, with a fraction. */
  monotonicMs(): Millis;
  /** Wall-clock nanoseconds. */
  unixNanos(): UnixNanos;
}
