// The shared memory of one server: made by control, opened by every thread.
// What must stay true: sizes are fixed at the start; each region has the writers that its package
// names (segments, counters, heartbeats one each; gauges and generations all).
import { randomInt } from "node:crypto";
import { LIMITS } from "@weft/base";
import { connectionSlotsRegion, Heartbeats, SharedGauge, sharedRegion } from "@weft/shm";
import {
  formatInterestRegion,
  Generations,
  generationsBytes,
  InterestIndex,
  InterestReader,
  InterestWriter,
  interestRegionBytes,
  Quiescence,
  quiescenceBytes,
  SharedWords,
  seedTokenHash,
  type TokenHashSeed,
  takeInterestSeed,
} from "@weft/subjects";
import { THROTTLE_COUNTERS } from "./throttle-counters.ts";
import { WORKER_COUNTERS } from "./worker-counters.ts";

/** Interest records of a worker. Untouched pages of a segment cost nothing. */
const WORKER_RECORDS = 1 << 22;
/** Control's own interest: internal services, and inboxes in accounts with callouts. */
const CONTROL_RECORDS = 1 << 16;

/** Connections of one worker; further ones are refused. Untouched pages cost nothing. */
const BOARD_PLACES = 1 << 18;

const WORD_VALUES = 0x1_0000_0000;
/** Drawn once: control's thread is part of every server of the process, and has one seed. */
let hashSeed: TokenHashSeed | undefined;

/** Plain data: goes to the threads with their seeds. */
export interface SharedRegions {
  readonly threadsCount: number;
  /** By thread. */
  readonly segments: readonly SharedArrayBuffer[];
  readonly quiescence: SharedArrayBuffer;
  readonly generations: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  readonly heartbeats: SharedArrayBuffer;
  /** Connections by account. */
  readonly accountConnections: SharedArrayBuffer;
  /** Connections that are gone, by thread: see `connection-tally.ts`. */
  readonly connectionsGone: SharedArrayBuffer;
  /** See `throttle-counters.ts`. */
  readonly throttled: SharedArrayBuffer;
  /** Connection boards by worker: see `ConnectionSlots` in shm. */
  readonly boards: readonly SharedArrayBuffer[];
  /** One 64-bit counter: the last client id (CP-04). */
  readonly clientIds: SharedArrayBuffer;
  /** See `EventSequence`. */
  readonly eventSequence: SharedArrayBuffer;
}

/** Shared memory for control and `workersCount` workers. */
export function createRegions(workersCount: number): SharedRegions {
  const threadsCount = workersCount + 1;
  hashSeed ??= { low: randomInt(WORD_VALUES), high: randomInt(WORD_VALUES) };
  seedTokenHash(hashSeed);
  return {
    threadsCount,
    segments: Array.from({ length: threadsCount }, (_, index) => segmentFor(index)),
    quiescence: sharedRegion(quiescenceBytes(threadsCount)),
    generations: sharedRegion(generationsBytes(LIMITS.accountsMax)),
    counters: WORKER_COUNTERS.createRegion(threadsCount),
    heartbeats: Heartbeats.createRegion(threadsCount),
    accountConnections: SharedGauge.createRegion(LIMITS.accountsMax),
    connectionsGone: sharedRegion(threadsCount * 4),
    throttled: THROTTLE_COUNTERS.createRegion(1),
    boards: Array.from({ length: workersCount }, () => connectionSlotsRegion(BOARD_PLACES)),
    clientIds: sharedRegion(8),
    eventSequence: sharedRegion(8),
  };
}

function segmentFor(threadIndex: number): SharedArrayBuffer {
  const records = threadIndex === 0 ? CONTROL_RECORDS : WORKER_RECORDS;
  const segment = sharedRegion(interestRegionBytes(records));
  formatInterestRegion(segment, records);
  return segment;
}

/** A thread's view of everybody's interest. */
export interface OpenInterest {
  readonly index: InterestIndex;
  readonly generations: Generations;
}

/**
 * Opens the index for a thread, which becomes the writer of its own segment and hashes by its seed
 * from now on.
 */
export function openInterest(regions: SharedRegions, threadIndex: number): OpenInterest {
  const words = new SharedWords(regions.generations);
  const generations = new Generations(words, LIMITS.accountsMax);
  const quiescence = new Quiescence(new SharedWords(regions.quiescence), regions.threadsCount);
  const own = regions.segments[threadIndex] as SharedArrayBuffer;
  takeInterestSeed(own);
  const index = new InterestIndex({
    threadIndex,
    segments: regions.segments.map((segment) => new InterestReader(segment)),
    quiescence,
    writer: new InterestWriter(own, threadIndex, quiescence, generations),
  });
  return { index, generations };
}
