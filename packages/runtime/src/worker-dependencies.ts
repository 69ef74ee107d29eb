// What a worker gives its core: shared memory, clocks, the one timer. Worker threads.

import { randomInt } from "node:crypto";
import type { TokenLogins } from "@weft/auth";
import { createPrng, type Dialler } from "@weft/base";
import type { BrokerDependencies, ControlPort } from "@weft/broker";
import type { ThreadLog } from "@weft/logging";
import { ConnectionSlots, type Mailbox } from "@weft/shm";
import type { InterestIndex } from "@weft/subjects";
import { systemClock, systemEntropy } from "./clocks.ts";
import { EventSequence } from "./event-sequence.ts";
import { MailboxBus } from "./mailbox-bus.ts";
import { openSharedLimits } from "./shared-limits.ts";
import { openInterest } from "./shared-state.ts";
import type { WorkerSeed, WorkerStart } from "./thread-messages.ts";
import { openWorkerCounters } from "./worker-counters.ts";

export interface WorkerParts {
  readonly mailbox: Mailbox;
  readonly log: ThreadLog;
  readonly control: ControlPort;
  /** Undefined without operators. */
  readonly tokens: TokenLogins | undefined;
  readonly dialler: Dialler;
  /** The core's timer is due. */
  onTimer(): void;
}

export function workerDependencies(
  seed: WorkerSeed,
  start: WorkerStart,
  parts: WorkerParts,
): { readonly index: InterestIndex; readonly dependencies: BrokerDependencies } {
  const { regions, threadIndex } = seed;
  const { index, generations } = openInterest(regions, threadIndex);
  const clientIds = new BigInt64Array(regions.clientIds);
  const eventSequence = new EventSequence(regions.eventSequence);
  const dependencies: BrokerDependencies = {
    clock: systemClock(),
    entropy: systemEntropy,
    prng: createPrng(randomInt(0x1_0000_0000)),
    log: parts.log,
    bus: new MailboxBus(parts.mailbox, regions.threadsCount),
    shared: openSharedLimits(regions.accountConnections),
    control: parts.control,
    tokens: parts.tokens,
    dialler: parts.dialler,
    counters: openWorkerCounters(regions.counters, threadIndex),
    board: new ConnectionSlots(regions.boards[threadIndex - 1] as SharedArrayBuffer),
    generations,
    hashSeed: start.hashSeed,
    nextClientId: () => Number(Atomics.add(clientIds, 0, 1n)) + 1,
    nextEventSequence: () => eventSequence.next(),
    setTimer: oneTimer(parts.onTimer),
  };
  return { index, dependencies };
}

/** The core has one: 0 is the next pass of the loop. */
function oneTimer(onTimer: () => void): (delayMs: number) => void {
  let later: NodeJS.Timeout | undefined;
  return (delayMs) => {
    clearTimeout(later);
    later = delayMs > 0 ? setTimeout(onTimer, delayMs) : undefined;
    if (delayMs <= 0) setImmediate(onTimer);
  };
}
