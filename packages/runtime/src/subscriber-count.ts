// How many subscriptions lie within a filter (SY-35): asks the workers for their lists, piece by
// piece. Control thread. For literal subjects the interest index knows, without asking.
import type { SubscriptionPlace } from "@weft/broker";
import { subjectFromText, subjectIsSubsetMatch } from "@weft/subjects";
import type { SubscriptionLists } from "./subscription-lists.ts";

export interface Wanted {
  /** Index. */
  readonly account: number;
  /** Byte strings. */
  readonly filter: string;
  readonly queue: string | undefined;
}

const SUBJECT = ["subject"] as const;
const SUBJECT_AND_QUEUE = ["subject", "queue"] as const;

const FIRST: SubscriptionPlace = { clientId: 0, passed: 0 };

/** What a worker that does not answer has is not counted. */
export async function countSubscribers(
  { account, filter, queue }: Wanted,
  workersCount: number,
  lists: SubscriptionLists,
): Promise<number> {
  let count = 0;
  // Only what the comparison below reads: the other texts may be long.
  const texts = queue === undefined ? SUBJECT : SUBJECT_AND_QUEUE;
  const take = Number.MAX_SAFE_INTEGER;
  for (let thread = 1; thread <= workersCount; thread += 1) {
    for (let from: SubscriptionPlace | undefined = FIRST; from !== undefined; ) {
      const query = { from, account, colliding: filter, texts, skip: 0, take };
      const piece = await lists.ask(thread, query);
      for (const entry of piece?.entries ?? []) {
        if (queue !== undefined && entry.queue !== queue) continue;
        if (subjectIsSubsetMatch(subjectFromText(entry.subject), filter)) count += 1;
      }
      from = piece?.next;
    }
  }
  return count;
}
