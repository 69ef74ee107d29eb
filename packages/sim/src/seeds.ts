// The seeds of a randomised test. Test support. `WEFT_SEED=n` runs that seed alone; `WEFT_DEEP=1`
// runs a hundred times as many. A failure names the seed that repeats it.

const DEEP_FACTOR = 100;

/** How much of a budget to spend: `count`, or a hundred times that. */
export function budget(count: number): number {
  return process.env["WEFT_DEEP"] === "1" ? count * DEEP_FACTOR : count;
}

/** Runs `body` for `count` seeds. Seeds of different tests (`family`) differ. */
export function forEachSeed(family: number, count: number, body: (seed: number) => void): void {
  const only = process.env["WEFT_SEED"];
  if (only !== undefined) {
    body(Number(only));
    return;
  }
  const total = budget(count);
  for (let place = 0; place < total; place += 1) {
    const seed = family * 1_000_000 + place;
    try {
      body(seed);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`repeat with WEFT_SEED=${seed}\n${text}`);
    }
  }
}
