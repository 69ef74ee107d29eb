// Reads what the server and the load process have used, from /proc. Owned by the load process; a
// reading is taken in one go at each edge of the measured window.
import { readFileSync } from "node:fs";

/** Linux reports CPU time to user space in hundredths of a second on every architecture. */
const NANOSECONDS_PER_TICK = 10_000_000;
const DESCENDANTS_MAX = 64;

/** The process and what it started, so that a wrapper script is charged with its server. */
function family(pid: number): number[] {
  const members = [pid];
  for (let next = 0; next < members.length && members.length < DESCENDANTS_MAX; next++) {
    const member = members[next];
    try {
      const text = readFileSync(`/proc/${member}/task/${member}/children`, "latin1").trim();
      if (text !== "") members.push(...text.split(" ").map(Number));
    } catch {
      // The file is optional in the kernel, and a child may just have gone.
    }
  }
  return members;
}

/** User and system time of all threads of the process and its children, in nanoseconds. */
export function serverCpuNs(pid: number): number {
  let ticks = 0;
  for (const member of family(pid)) {
    const stat = readFileSync(`/proc/${member}/stat`, "latin1");
    // The second field is the name in parentheses and may hold spaces: count from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * NANOSECONDS_PER_TICK;
}

/** Resident memory of the process and its children, in bytes. */
export function serverResidentBytes(pid: number): number {
  let total = 0;
  for (const member of family(pid)) {
    const status = readFileSync(`/proc/${member}/status`, "latin1");
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(status);
    total += Number(line?.[1] ?? 0) * 1024;
  }
  return total;
}

/** One edge of the measured window. */
export interface Reading {
  readonly atNs: number;
  readonly serverCpuNs: number;
  readonly ownCpuNs: number;
  readonly count: number;
}

export function takeReading(serverPid: number, count: number): Reading {
  const own = process.cpuUsage();
  return {
    atNs: Number(process.hrtime.bigint()),
    serverCpuNs: serverCpuNs(serverPid),
    ownCpuNs: (own.user + own.system) * 1000,
    count,
  };
}

/** Throughput, CPU per counted thing and cores used between two readings. */
export function between(
  from: Reading,
  to: Reading,
): {
  throughput: number;
  cpuNs: number;
  generatorCores: number;
  serverCores: number;
} {
  const elapsedNs = to.atNs - from.atNs;
  const counted = to.count - from.count;
  const cpuNs = to.serverCpuNs - from.serverCpuNs;
  return {
    throughput: (counted * 1e9) / elapsedNs,
    cpuNs: counted > 0 ? cpuNs / counted : Number.NaN,
    generatorCores: (to.ownCpuNs - from.ownCpuNs) / elapsedNs,
    serverCores: cpuNs / elapsedNs,
  };
}
