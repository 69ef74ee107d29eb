// SUB and UNSUB of a client (CP-43 to CP-45, CP-59 to CP-63, CP-72). Owned by the session's worker.
import { LIMITS } from "@weft/base";
import { ERROR_LINES, OK, quoteBytes, subscribeViolation, tooManyTokens } from "@weft/protocol";
import { isValidFilterForSubscribe, tokenCount } from "@weft/subjects";
import type { ClientSession } from "../session/client-session.ts";
import { logAbout } from "../session/session-log.ts";
import { keepLastSubscriptions } from "./last-subscriptions.ts";
import { Subscription } from "./subscription.ts";

/** CP-63: reserved for the server's own members. */
const SYSTEM_QUEUE = "_sys_";

/**
 * One SUB. Checks in the reference's order: permission, tokens, limit, duplicate sid, validity
 * (CP-72). `filter` and `queue` are byte strings.
 */
export function subscribe(
  session: ClientSession,
  filter: string,
  queue: string | undefined,
  sid: string,
): void {
  const { host } = session;
  const verdict = session.permissions?.subscribeVerdict(filter, queue) ?? "allow";
  if (verdict === "deny" || queue === SYSTEM_QUEUE) {
    refuse(session, filter, queue, sid);
    return;
  }
  const tokensMax = host.limits.subscriptionTokensMax;
  if (tokensMax > 0 && tokenCount(filter) > tokensMax) {
    session.fail(tooManyTokens(Buffer.from(filter, "latin1")));
    return;
  }
  session.subscriptions ??= new Map();
  const subscriptions = session.subscriptions;
  const limit = session.subscriptionsMax;
  if (limit >= 0 && subscriptions.size >= limit) {
    session.fail(ERROR_LINES.subscriptionsExceeded);
    return;
  }
  if (!subscriptions.has(sid)) {
    if (!isValidFilterForSubscribe(filter) || tokenCount(filter) > LIMITS.subjectTokensMax) {
      session.fail(ERROR_LINES.invalidSubject);
      return;
    }
    const filtered = verdict === "allow-filtered";
    const subscription = new Subscription(session, session.account, filter, queue, sid, filtered);
    if (!host.subscriptions.add(subscription)) {
      const { name } = host.account(session.account);
      logAbout(session, "error", host.subscriptions.refusal(subscription, name));
      session.fail(ERROR_LINES.subscriptionsExceeded);
      return;
    }
    subscriptions.set(sid, subscription);
  }
  if (session.verbose) session.send(OK);
}

/** One UNSUB; `max` 0 removes at once, else after that many deliveries since SUB (CP-44). */
export function unsubscribe(session: ClientSession, sid: string, max: number): void {
  const subscription = session.subscriptions?.get(sid);
  if (subscription !== undefined) {
    if (max > subscription.delivered) {
      subscription.max = max;
      logDeferred(session, subscription);
      session.host.subscriptions.changed(subscription);
    } else {
      removeSubscription(session, subscription);
    }
  }
  if (session.verbose) session.send(OK);
}

/** Takes one subscription out of the session and the index. `isNamed`: plans may hold it. */
export function removeSubscription(
  session: ClientSession,
  subscription: Subscription,
  isNamed = true,
): void {
  // Those that depart already go without being asked.
  if (session.subscriptions?.delete(subscription.sid) !== true) return;
  session.trace?.unsubscribed(subscription.sid);
  session.host.subscriptions.remove(subscription, isNamed);
}

/** Takes all of them out: the session closes. Nothing is delivered to it from now on. */
export function dropSubscriptions(session: ClientSession): void {
  session.outbox.seal();
  keepLastSubscriptions(session);
  session.host.departures.begin(session);
}

function logDeferred(session: ClientSession, { filter, max, delivered }: Subscription): void {
  if (!session.host.log.debugEnabled) return;
  const state = `${max} max, ${delivered} received`;
  logAbout(session, "debug", `Deferring actual UNSUB(${utf8Of(filter)}): ${state}`);
}

function refuse(
  session: ClientSession,
  filter: string,
  queue: string | undefined,
  sid: string,
): void {
  const subject = Buffer.from(filter, "latin1");
  const queueBytes = queue === undefined ? undefined : Buffer.from(queue, "latin1");
  const group = queueBytes === undefined ? "" : `, Queue: ${quoteBytes(queueBytes)}`;
  const what = `Subject ${quoteBytes(subject)}${group}, SID ${utf8Of(sid)}`;
  logAbout(session, "error", `Subscription Violation - ${what}`);
  session.fail(subscribeViolation(subject, queueBytes));
}

/** A byte string as text. */
function utf8Of(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
