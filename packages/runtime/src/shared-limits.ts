// Limits that hold over all workers, for a worker's core (AC-06). Worker threads.
import type { SharedLimits } from "@weft/broker";
import { SharedGauge } from "@weft/shm";

const UNLIMITED = 0x7fff_ffff;

/** The limits of `accountConnections`; account indexes are the slots. */
export function openSharedLimits(accountConnections: SharedArrayBuffer): SharedLimits {
  const connections = new SharedGauge(accountConnections);
  return {
    acquireConnection: (account, max) => connections.tryAcquire(account, max < 0 ? UNLIMITED : max),
    releaseConnection: (account) => connections.release(account),
    releaseAbove: (account, max) => connections.tryReleaseAbove(account, max < 0 ? UNLIMITED : max),
  };
}
