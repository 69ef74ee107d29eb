// The shape of a micro-benchmark case.

export interface MicroCase {
  /** `area: what`, unique. */
  readonly name: string;
  /** What one operation is. */
  readonly unit: string;
  /**
   * Builds the state and gives the loop: it does the operation `count` times and returns a number
   * that depends on every result.
   */
  readonly prepare: () => (count: number) => number;
}
