// Medians and how figures are written for people.

/** NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Three significant digits with k, M or G. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1e9) return `${threeDigits(value / 1e9)} G`;
  if (size >= 1e6) return `${threeDigits(value / 1e6)} M`;
  if (size >= 1e4) return `${threeDigits(value / 1e3)} k`;
  return threeDigits(value);
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Nanoseconds as the unit that reads best. */
export function shortDuration(nanoseconds: number): string {
  if (nanoseconds >= 1e6) return `${threeDigits(nanoseconds / 1e6)} ms`;
  if (nanoseconds >= 1e4) return `${threeDigits(nanoseconds / 1e3)} µs`;
  return `${threeDigits(nanoseconds)} ns`;
}
