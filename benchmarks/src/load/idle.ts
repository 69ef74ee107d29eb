// The idle job: opens many connections with one subscription each, and reads the server's resident
// memory before and after. The time counts from the first connect to the last PONG.
import { whileRunning } from "./clock.ts";
import type { Figures, IdleJob } from "./job.ts";
import { type Link, openLink } from "./link.ts";
import { serverResidentBytes, takeReading } from "./usage.ts";

const SETTLE_MS = 1000;

export async function runIdle(job: IdleJob): Promise<Figures> {
  await warmUp(job);
  const emptyBytes = serverResidentBytes(job.target.serverPid);
  const from = takeReading(job.target.serverPid, 0);
  const links: Link[] = [];
  let next = 0;
  const openSome = async (): Promise<void> => {
    while (next < job.connections) {
      const number = next++;
      links.push(await openSubscribed(job, `idle.${number}`));
    }
  };
  await Promise.all(Array.from({ length: job.openingAtOnce }, openSome));
  const to = takeReading(job.target.serverPid, links.length);
  await whileRunning(SETTLE_MS);
  const fullBytes = serverResidentBytes(job.target.serverPid);
  for (const link of links) await link.fence();
  for (const link of links) link.reset();
  const elapsedNs = to.atNs - from.atNs;
  return {
    throughput: (links.length * 1e9) / elapsedNs,
    cpuNs: (to.serverCpuNs - from.serverCpuNs) / links.length,
    bytesPerConnection: (fullBytes - emptyBytes) / links.length,
    generatorCores: (to.ownCpuNs - from.ownCpuNs) / elapsedNs,
    serverCores: (to.serverCpuNs - from.serverCpuNs) / elapsedNs,
  };
}

async function openSubscribed(job: IdleJob, filter: string): Promise<Link> {
  const link = await openLink(job.target, undefined, `SUB ${filter} 1\r\n`);
  return link;
}

/** The first connections pay for code that is loaded and compiled once per server. */
async function warmUp(job: IdleJob): Promise<void> {
  const links: Link[] = [];
  for (let n = 0; n < job.openingAtOnce; n++) links.push(await openSubscribed(job, `warm.${n}`));
  for (const link of links) link.reset();
  await whileRunning(SETTLE_MS);
}
