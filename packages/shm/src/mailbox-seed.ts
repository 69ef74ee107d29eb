// What each thread is given at its start to open its mailbox: rings to and from every other thread,
// and message ports for doorbells and slabs. Made once, by the thread that starts the others.
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { assert } from "@weft/base";
import { sharedRegion } from "./region.ts";
import { RING_BYTES_MAX, RING_BYTES_MIN, ringRegionBytes } from "./ring.ts";
import type { LanePair, MailboxLanes } from "./wiring.ts";

/** Control frames are few: they get the smallest ring. */
export const CONTROL_LANE_BYTES = RING_BYTES_MIN;

const DATA_LANES_BUDGET_BYTES = 64 * 1024 * 1024;
const DATA_LANE_BYTES_MIN = 256 * 1024;

/** For `workerData`, together with its ports in the `transferList`. */
export interface MailboxSeed extends MailboxLanes {
  /** By thread; null for the own one. 0 announces frames, 1 announces space. */
  readonly doorbells: readonly (MessagePort | null)[];
  /** By thread. Carries slabs and is only read synchronously. */
  readonly slabPorts: readonly (MessagePort | null)[];
}

/**
 * Capacity of each data lane, so that all of them together take about 64 MiB: 4 MiB for up to four
 * threads, halved from there on, and never less than 256 KiB.
 */
export function dataLaneBytesFor(threadsCount: number): number {
  const lanesCount = Math.max(1, threadsCount * (threadsCount - 1));
  let laneBytes = RING_BYTES_MAX;
  while (laneBytes > DATA_LANE_BYTES_MIN && laneBytes * lanesCount > DATA_LANES_BUDGET_BYTES) {
    laneBytes /= 2;
  }
  return laneBytes;
}

function lanePair(dataLaneBytes: number): LanePair {
  return {
    controlRing: sharedRegion(ringRegionBytes(CONTROL_LANE_BYTES)),
    dataRing: sharedRegion(ringRegionBytes(dataLaneBytes)),
  };
}

/** One seed per thread; each can be opened once. */
export function createMailboxes(
  threadsCount: number,
  options: { readonly dataLaneBytes?: number | undefined } = {},
): MailboxSeed[] {
  assert(Number.isInteger(threadsCount) && threadsCount > 0, "there is at least one thread");
  const dataLaneBytes = options.dataLaneBytes ?? dataLaneBytesFor(threadsCount);
  const indexes = Array.from({ length: threadsCount }, (_, index) => index);
  const none = (): null[] => indexes.map(() => null);
  const pairs = indexes.map((from) =>
    indexes.map((to) => (from === to ? null : lanePair(dataLaneBytes))),
  );
  const doorbells: (MessagePort | null)[][] = indexes.map(none);
  const slabPorts: (MessagePort | null)[][] = indexes.map(none);
  for (const a of indexes) {
    for (let b = a + 1; b < threadsCount; b++) {
      for (const ports of [doorbells, slabPorts]) {
        const channel = new MessageChannel();
        ports[a]![b] = channel.port1;
        ports[b]![a] = channel.port2;
      }
    }
  }
  return indexes.map((index) => ({
    index,
    outgoing: pairs[index]!,
    incoming: pairs.map((row) => row[index]!),
    doorbells: doorbells[index]!,
    slabPorts: slabPorts[index]!,
  }));
}

/** The ports of a seed, for the `transferList` that goes with it. */
export function seedTransferList(seed: MailboxSeed): MessagePort[] {
  return [...seed.doorbells, ...seed.slabPorts].filter((port) => port !== null);
}
