// Runs one row: every side in turn, pair by pair, the order turned round in every other pair so that
// neither side always has the machine as the other left it.
import { judge } from "./judge.ts";
import { type Bench, measure, obstacle } from "./measure.ts";
import type { Row, RowFigures, RowResult } from "./row.ts";
import { measureInTurns } from "./turns.ts";

export async function runRow(
  bench: Bench,
  row: Row,
  pairs: number,
  hasPeer: boolean,
): Promise<RowResult> {
  const sides = row.sides.filter((side) => hasPeer || side.program === "weft");
  const runs = new Map<string, (RowFigures | string)[]>(sides.map(({ id }) => [id, []]));
  const skipped = sides.map((side) => obstacle(bench, side)).find((reason) => reason !== undefined);
  if (skipped !== undefined) return { row, runs: new Map(), criteria: [], skipped };
  if (row.turnsPerPair !== undefined) {
    const inTurns = await measureInTurns(bench, row, pairs * row.turnsPerPair);
    return { row, runs: inTurns, criteria: judge(row, inTurns) };
  }
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? sides : sides.toReversed();
    for (const side of order) runs.get(side.id)?.push(await measure(bench, side));
  }
  return { row, runs, criteria: judge(row, runs) };
}
