// `npm run soak`: one server under minutes of churn. Connections of every kind come and go without
// a pause, memory and descriptors are sampled; at the end everybody leaves and the judge looks.
//   --minutes N   default 10        --workers N   default 2
import { AttackedServer } from "./attack/attacked-server.ts";
import { CHURNS, type ChurnCounts, newCounts } from "./attack/churn.ts";
import { OwnPauses } from "./attack/own-pauses.ts";
import { credentialsOf, PROFILES } from "./attack/profiles.ts";
import { RawClient } from "./attack/raw-client.ts";
import { judgeSoak, type SoakSample } from "./attack/soak-judge.ts";
import { delay } from "./attack/waiting.ts";

const SAMPLE_EVERY_MS = 5_000;
const LEAVE_WITHIN_MS = 10_000;
const WARM_UP_CONNECTIONS = 64;
const MEGABYTE = 1024 * 1024;
const pauses = new OwnPauses();

function flag(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} needs a positive number`);
  return value;
}

function sample(server: AttackedServer, startedAt: number): SoakSample {
  return {
    atMs: performance.now() - startedAt,
    residentBytes: server.residentBytes(),
    descriptors: server.descriptors(),
  };
}

/** What threads open at their first use is open before the first count. */
async function warmUp(server: AttackedServer): Promise<void> {
  const clients: RawClient[] = [];
  for (let index = 0; index < WARM_UP_CONNECTIONS; index += 1) {
    clients.push(await RawClient.login(server.port, credentialsOf("alice")));
  }
  for (const client of clients) client.destroy();
  await delay(1_000);
}

function print(last: SoakSample, counts: ChurnCounts, processorMs: number): void {
  const minutes = (last.atMs / 60_000).toFixed(2).padStart(6);
  const resident = (last.residentBytes / MEGABYTE).toFixed(1).padStart(7);
  const cpu = `cpu ${(processorMs / 1000).toFixed(0)} s`;
  const pause = `own pause ${pauses.takeLongest().toFixed(0)} ms`;
  const rest = `descriptors ${last.descriptors}, ${cpu}, ${pause}`;
  const done = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  console.log(`${minutes} min ${resident} MB, ${rest}; ${done.join(", ")}`);
}

async function main(): Promise<number> {
  const lastsMs = flag("minutes", 10) * 60_000;
  const workers = flag("workers", 2);
  const server = await AttackedServer.start({ workers, config: PROFILES.guarded.config });
  const samples: SoakSample[] = [];
  const counts = newCounts();
  try {
    await warmUp(server);
    const descriptorsBefore = server.descriptors();
    const startedAt = performance.now();
    const isOver = (): boolean => performance.now() - startedAt > lastsMs || !server.isAlive;
    const onRetry = (error: Error): void =>
      console.log(`tried again after a pause of this program: ${error.message}`);
    const world = { port: server.port, counts, pauses, onRetry, isOver };
    const churning = CHURNS.map((churn) => churn(world));
    const churned = Promise.all(churning);
    churned.catch(() => undefined);
    while (!isOver()) {
      await Promise.race([delay(SAMPLE_EVERY_MS), churned]);
      samples.push(sample(server, startedAt));
      print(samples.at(-1) as SoakSample, counts, server.processorMs());
    }
    await churned;
    const leftAt = performance.now();
    while (
      server.descriptors() > descriptorsBefore &&
      performance.now() - leftAt < LEAVE_WITHIN_MS
    ) {
      await delay(100);
    }
    const verdict = judgeSoak({
      samples,
      descriptorsBefore,
      descriptorsAfter: server.descriptors(),
      isAlive: server.isAlive,
      counts,
    });
    for (const line of verdict.lines) console.log(line);
    console.log(verdict.hasPassed ? "PASS" : "FAIL");
    return verdict.hasPassed ? 0 : 1;
  } finally {
    const exit = await server.stop();
    if (exit.code !== 0) console.log(`the server ended with ${JSON.stringify(exit)}`);
  }
}

process.exitCode = await main();
process.exit();
