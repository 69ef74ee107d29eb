// How many connections the acceptor turned away by `address_limits`, in shared memory. One writer,
// the acceptor; control reads them for `/metrics`.
import { defineCounters } from "@weft/shm";

/** By what an address had done too much of. */
export const THROTTLE_COUNTERS = defineCounters(["connections", "failedLogins"]);

export type ThrottleReason = (typeof THROTTLE_COUNTERS.names)[number];
