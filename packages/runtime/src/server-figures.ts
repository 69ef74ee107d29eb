// The figures of STATSZ (SY-05): sums over the workers, and what the process uses. Control thread.
import { availableParallelism } from "node:os";
import type { ServerFigures } from "@weft/control";
import type { ProcessMeter } from "./process-meter.ts";
import type { Runtime } from "./runtime.ts";

export function serverFigures(
  runtime: Pick<Runtime, "counters" | "workersCount">,
  startedUnixMs: number,
  meter: ProcessMeter,
  accountsActive: number,
): ServerFigures {
  const counters = runtime.counters();
  return {
    startedUnixMs,
    memoryBytes: meter.memoryBytes,
    cores: availableParallelism(),
    processorPercent: meter.processorPercent,
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
