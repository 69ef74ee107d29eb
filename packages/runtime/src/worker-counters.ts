// A worker's statistics in shared memory, seen by its core as plain fields. One writer: the worker
// whose block it is; any thread may read the region.
import type { WorkerCounters } from "@weft/broker";
import { type CounterTable, defineCounters } from "@weft/shm";

const NAMES = [
  "connections",
  "connectionsTotal",
  "subscriptions",
  "inMessages",
  "inBytes",
  "outMessages",
  "outBytes",
  "slowConsumersPending",
  "slowConsumersDeadline",
  "staleConnections",
  "stalledClients",
  "authFailures",
  "pinnedAccountFails",
  "planMisses",
  "subscriptionsAdded",
  "plansKept",
  "fanoutMax",
  "connectionFaults",
  "handshakesThrottled",
  "systemEvents",
] as const satisfies readonly (keyof WorkerCounters)[];

type Unnamed = Exclude<keyof WorkerCounters, (typeof NAMES)[number]>;
/** Does not compile when a counter of the core has no place in the table. */
const NO_COUNTER_UNNAMED: Unnamed extends never ? true : never = true;

export const WORKER_COUNTERS: CounterTable<keyof WorkerCounters> = defineCounters(NAMES);

/** The counters of thread `threadIndex`; accessors, so that hot code compiles to plain stores. */
export function openWorkerCounters(region: SharedArrayBuffer, threadIndex: number): WorkerCounters {
  const { slots } = WORKER_COUNTERS.block(region, threadIndex);
  const counters = {};
  if (NO_COUNTER_UNNAMED) {
    for (const name of WORKER_COUNTERS.names) {
      const slot = WORKER_COUNTERS.index[name];
      Object.defineProperty(counters, name, {
        enumerable: true,
        get: () => slots[slot],
        set: (value: number) => {
          slots[slot] = value;
        },
      });
    }
  }
  return counters as WorkerCounters;
}
