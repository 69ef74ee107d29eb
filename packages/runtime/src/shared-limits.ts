// Limits that hold over all workers, for a worker's core (AC-06). Worker threads.

import { resourceLimits } from "node:worker_threads";
import type { SharedLimits } from "@weft/broker";
import { SharedGauge } from "@weft/shm";

const UNLIMITED = 0x7fff_ffff;
/** Permissions may take half of the heap, ... */
const TOKEN_BYTES = 300;
const PERMISSIONS_SHARE = 1 / 2;
/** ... subscriptions as much, which are counted at more than they take, ... */
const SUBSCRIPTIONS_SHARE = 3 / 8;
/** ... and reply subjects that may be answered a little. */
const RESPONSES_SHARE = 1 / 16;
/** Of a thread without a limit of its own. */
const HEAP_MB = 2_048;

/** The limits of `accountConnections`; account indexes are the slots. */
export function openSharedLimits(accountConnections: SharedArrayBuffer): SharedLimits {
  const connections = new SharedGauge(accountConnections);
  const heapBytes = (resourceLimits.maxOldGenerationSizeMb ?? HEAP_MB) * 1024 * 1024;
  return {
    permissionTokensMax: Math.floor((heapBytes * PERMISSIONS_SHARE) / TOKEN_BYTES),
    subscriptionBytesMax: Math.floor(heapBytes * SUBSCRIPTIONS_SHARE),
    responseBytesMax: Math.floor(heapBytes * RESPONSES_SHARE),
    acquireConnection: (account, max) => connections.tryAcquire(account, max < 0 ? UNLIMITED : max),
    releaseConnection: (account) => connections.release(account),
    releaseAbove: (account, max) => connections.tryReleaseAbove(account, max < 0 ? UNLIMITED : max),
  };
}
