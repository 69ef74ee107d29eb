// Measures a row whose sides differ only by whether somebody watches the server: all of them in turn
// on one server under one load. Two servers differ by more than what is looked for here: by where
// their memory lies, and by what V8 made of their code.
import { type Running, startJob } from "./load-process.ts";
import { type Bench, jobDeadlineMs, startServer, toJob } from "./measure.ts";
import { Operator, POLL_EVERY_MS } from "./operator.ts";
import type { Row, RowFigures, Side } from "./row.ts";

/** Between the operator's coming or going and the window. His first question is answered in it. */
const SETTLE_MS = 250;

/** Every pair's figures by side, or why there are none. */
export async function measureInTurns(
  bench: Bench,
  row: Row,
  pairs: number,
): Promise<ReadonlyMap<string, (RowFigures | string)[]>> {
  const runs = new Map<string, (RowFigures | string)[]>(row.sides.map(({ id }) => [id, []]));
  try {
    await runTurns(bench, row, pairs, runs);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    for (const list of runs.values()) list.push(text);
  }
  return runs;
}

async function runTurns(
  bench: Bench,
  row: Row,
  pairs: number,
  runs: ReadonlyMap<string, (RowFigures | string)[]>,
): Promise<void> {
  const [side] = row.sides;
  if (side === undefined) return;
  const server = await startServer(bench, side);
  // Every window has the same number of questions in it.
  const measureMs = Math.ceil(bench.measureMs / POLL_EVERY_MS) * POLL_EVERY_MS;
  const target = { port: server.port, serverPid: server.pid };
  const job = { ...toJob(bench, side, side.workload, target), measureMs, inTurns: true };
  const turns = (pairs + 1) * row.sides.length;
  const turnMs = measureMs + SETTLE_MS + POLL_EVERY_MS;
  const load = startJob(job, jobDeadlineMs(bench, side) + turns * turnMs);
  // What fails between two turns is told of by the next one.
  load.figures.catch(() => {});
  try {
    await Promise.race([load.ready, load.figures]);
    let eventBytes = 0;
    // The first pair is not counted: what answers questions is compiled in it.
    for (let pair = -1; pair < pairs; pair += 1) {
      const order = pair % 2 === 0 ? row.sides : row.sides.toReversed();
      for (const each of order) {
        const watched = await measureTurn(bench, each, { port: server.port, measureMs }, load);
        eventBytes += watched.eventBytes;
        if (pair >= 0) runs.get(each.id)?.push(watched.figures);
      }
    }
    if (eventBytes === 0) throw new Error("no event was heard of");
    load.lastTurnWas();
    await load.figures;
  } finally {
    load.end();
    await server.stop();
  }
}

async function measureTurn(
  bench: Bench,
  side: Side,
  { port, measureMs }: { readonly port: number; readonly measureMs: number },
  load: Running,
): Promise<{ figures: RowFigures; eventBytes: number }> {
  const operator =
    side.isWatched === true ? await Operator.start(port, bench.files.monitorPort) : undefined;
  try {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const figures = await load.turn();
    if (operator?.failure !== undefined) throw new Error(operator.failure);
    const polls = operator?.polls ?? Number.POSITIVE_INFINITY;
    if (polls < measureMs / POLL_EVERY_MS) throw new Error("questions were not answered in time");
    return { figures, eventBytes: operator?.eventBytes ?? 0 };
  } finally {
    operator?.stop();
  }
}
