// What it takes to look at subscriptions and to take them out of the index, for work that is done in
// slices. Worker threads; pure.
import { tokenCount } from "@weft/subjects";
import type { Subscription } from "./subscription.ts";

/** So many records of the index are as much work as the rest of a subscription's end. */
const RECORDS_OF_ONE = 8;
/** Of a token; longer ones have more records. */
const RECORD_BYTES = 48;

/** 1 for a usual one. */
export function costOf({ filter, queue = "" }: Subscription): number {
  const records = tokenCount(filter) + (filter.length + queue.length) / RECORD_BYTES;
  return 1 + Math.floor(records / RECORDS_OF_ONE);
}

/** Counts until it is more than `max`. */
export function costOfAll(subscriptions: Iterable<Subscription>, max: number): number {
  let cost = 0;
  for (const subscription of subscriptions) {
    cost += costOf(subscription);
    if (cost > max) break;
  }
  return cost;
}
