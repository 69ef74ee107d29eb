// The seeds of a randomised test. Test support. `WEFT_SEED=n` runs that seed alone; `WEFT_DEEP=1`
// runs a hundred times as many. A failure names the seed that repeats it.

const DEEP_FACTOR = 100;

/** How much of a budget to spend: `count`, or a hundred times that. */
export function budget(count: number): number {
  return process.env["WEFT_DEEP"] === "1" ? count * DEEP_FACTOR : count;
}

type Body = (seed: number) => void;

/** Runs `body` for `count` seeds. Seeds of different tests (`family`) differ. */
export function forEachSeed(family: number, count: number, body: Body): void {
  for (const seed of seedsOf(family, count)) runSeed(seed, body);
}

/**
 * The same with a turn of the event loop behind each: what a `WeakRef` was asked for stays until the
 * turn is over, and with it all of a world where a login waited.
 */
export async function forEachSeedInTurns(family: number, count: number, body: Body): Promise<void> {
  for (const seed of seedsOf(family, count)) {
    runSeed(seed, body);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function* seedsOf(family: number, count: number): Generator<number> {
  const only = process.env["WEFT_SEED"];
  if (only !== undefined) {
    yield Number(only);
    return;
  }
  const total = budget(count);
  for (let place = 0; place < total; place += 1) yield family * 1_000_000 + place;
}

function runSeed(seed: number, body: Body): void {
  try {
    body(seed);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`repeat with WEFT_SEED=${seed}\n${text}`);
  }
}
