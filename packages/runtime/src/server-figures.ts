// The figures of STATSZ (SY-05): sums over the workers, and what the process uses. Control thread.
import type { WorkerCounters } from "@weft/broker";
import type { ServerFigures } from "@weft/control";
import type { ProcessUsage } from "./process-usage.ts";
import type { Runtime } from "./runtime.ts";

export function serverFigures(
  runtime: Pick<Runtime, "counters" | "workersCount">,
  startedUnixMs: number,
  usage: ProcessUsage,
  accountsActive: number,
): ServerFigures {
  const counters = runtime.counters();
  const { residentBytes, cpuPercent, coresCount } = usage.facts();
  return {
    startedUnixMs,
    memoryBytes: residentBytes,
    cores: coresCount,
    processorPercent: cpuPercent,
    connections: counters.connections,
    connectionsTotal: counters.connectionsTotal,
    accountsActive,
    subscriptions: counters.subscriptions,
    inMessages: counters.inMessages,
    inBytes: counters.inBytes,
    outMessages: counters.outMessages,
    outBytes: counters.outBytes,
    slowConsumers: counters.slowConsumersPending + counters.slowConsumersDeadline,
    staleConnections: counters.staleConnections,
    stalledClients: counters.stalledClients,
    workers: runtime.workersCount,
  };
}

/** Connections that are finished. */
export function closedCount(totals: Readonly<Record<keyof WorkerCounters, number>>): number {
  return totals.connectionsTotal - totals.connections;
}
