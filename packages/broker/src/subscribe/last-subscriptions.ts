// What a session had subscribed to when it ended, for the list of finished connections (MO-20). Owned
// by the worker's core. Must stay true: what is kept of one session is bounded, as a text, which
// travels between threads and lies in the list at little cost.
import type { ClientSession } from "../session/client-session.ts";
import { entryOf, type SubscriptionEntry } from "./subscription-list.ts";

/** The first ones; the others only count. */
const KEPT_MAX = 16;
/** Of subjects, queues and sids together. */
const KEPT_CHARACTERS_MAX = 1_024;

/** From the end of a session to the record of it. */
const ended = new WeakMap<ClientSession, string>();

/** Called while the subscriptions are still there. */
export function keepLastSubscriptions(session: ClientSession): void {
  if (session.subscriptions === undefined || session.subscriptions.size === 0) return;
  const kept: SubscriptionEntry[] = [];
  let characters = 0;
  for (const subscription of session.subscriptions.values()) {
    const { filter, queue, sid } = subscription;
    characters += filter.length + (queue?.length ?? 0) + sid.length;
    if (kept.length === KEPT_MAX || characters > KEPT_CHARACTERS_MAX) break;
    kept.push(entryOf(subscription));
  }
  if (kept.length > 0) ended.set(session, JSON.stringify(kept));
}

/** As `FinishedConnection` has it; undefined = there were none. */
export function lastSubscriptions(session: ClientSession): string | undefined {
  return ended.get(session);
}

export function readLastSubscriptions(text: string | undefined): readonly SubscriptionEntry[] {
  return text === undefined ? [] : (JSON.parse(text) as SubscriptionEntry[]);
}
