// The idle job: opens many connections with one subscription each, and reads the server's resident
// memory before and after. The time counts from the first connect to the last PONG. It does so twice:
// the first round is what a fresh server does, the second one what a server does that has been at work.
import { whileRunning } from "./clock.ts";
import type { Figures, IdleJob } from "./job.ts";
import { type Link, openLink } from "./link.ts";
import { serverResidentBytes, takeReading } from "./usage.ts";

const SETTLE_MS = 1000;

export async function runIdle(job: IdleJob): Promise<Figures> {
  await closeAll(await openMany(job, job.openingAtOnce));
  const emptyBytes = serverResidentBytes(job.target.serverPid);
  const before = takeReading(job.target.serverPid, 0);
  const first = await openMany(job, job.connections);
  const freshNs = takeReading(job.target.serverPid, 0).atNs - before.atNs;
  await closeAll(first);
  const from = takeReading(job.target.serverPid, 0);
  const links = await openMany(job, job.connections);
  const to = takeReading(job.target.serverPid, links.length);
  await whileRunning(SETTLE_MS);
  const fullBytes = serverResidentBytes(job.target.serverPid);
  for (const link of links) await link.fence();
  for (const link of links) link.reset();
  const elapsedNs = to.atNs - from.atNs;
  return {
    throughput: (links.length * 1e9) / elapsedNs,
    freshPerSecond: (first.length * 1e9) / freshNs,
    cpuNs: (to.serverCpuNs - from.serverCpuNs) / links.length,
    bytesPerConnection: (fullBytes - emptyBytes) / links.length,
    generatorCores: (to.ownCpuNs - from.ownCpuNs) / elapsedNs,
    serverCores: (to.serverCpuNs - from.serverCpuNs) / elapsedNs,
  };
}

/** Opens `count` connections, some at a time. */
export async function openMany(
  job: Pick<IdleJob, "target" | "openingAtOnce">,
  count: number,
): Promise<Link[]> {
  const links: Link[] = [];
  let next = 0;
  const openSome = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      links.push(await openLink(job.target, undefined, `SUB idle.${number} 1\r\n`));
    }
  };
  await Promise.all(Array.from({ length: job.openingAtOnce }, openSome));
  return links;
}

async function closeAll(links: readonly Link[]): Promise<void> {
  for (const link of links) link.reset();
  await whileRunning(SETTLE_MS);
}
