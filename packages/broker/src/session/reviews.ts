// Subscriptions of sessions whose rights have changed: those that are denied now go, and their client
// reads why (AZ-16, AZ-17, CP-91). A few are looked at on the spot, very many in slices, so that one
// client with a million of them holds nobody up (A57). Owned by the worker's core.
//
// Must stay true: when `begin` returns nothing is delivered any more to a subscription that is denied:
// no plan of before is good, and whoever makes new ones asks the session's review. Who is under review
// says nothing meanwhile: its input waits, so what it reads is in the order of one turn.
import { ERROR_LINES, subscriptionRevoked } from "@weft/protocol";
import { removeSubscription } from "../subscribe/client-subscribe.ts";
import type { Subscription } from "../subscribe/subscription.ts";
import { costOf, costOfAll } from "../subscribe/subscription-cost.ts";
import type { ClientSession } from "./client-session.ts";
import { Review } from "./review.ts";
import type { SessionHost } from "./session-host.ts";
import { logAbout } from "./session-log.ts";
import { WAIT_REVIEW } from "./wait-reasons.ts";

/** Of one session, on the spot. */
const AT_ONCE = 256;
/** Looked at in one turn, at most ... */
const SLICE = 1_024;
/** ... and no more of them after this: some rights take long to look at. */
const SLICE_MS = 5;
/** Between two looks at the clock; a power of two. */
const LOOKS_PER_CLOCK = 32;

export class Reviews {
  /** Subscriptions that were taken away so far. */
  removed = 0;
  readonly #host: SessionHost;
  readonly #callSoon: () => void;
  /** In the order of their turns. Who is closed costs nothing when its turn comes. */
  readonly #waiting = new Set<ClientSession>();

  /** `callSoon`: `step` is to be called in another turn. */
  constructor(host: SessionHost, callSoon: () => void) {
    this.#host = host;
    this.#callSoon = callSoon;
  }

  /** True while nobody is under review. */
  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** The rights of a session are others than before. True = no plan of before that names it is good. */
  begin(session: ClientSession): boolean {
    const { subscriptions, identity, permissions, account } = session;
    if (subscriptions === undefined || subscriptions.size === 0) return false;
    if (session.review === undefined && costOfAll(subscriptions.values(), AT_ONCE) <= AT_ONCE) {
      this.#lookAtAll(session, [...subscriptions.values()]);
      return false;
    }
    session.review ??= new Review(subscriptions);
    session.review.add(identity?.permissionsKey ?? "", permissions);
    this.#host.subscriptions.accountChanged(account);
    session.wait(WAIT_REVIEW);
    this.#waiting.add(session);
    this.#callSoon();
    return true;
  }

  /** One slice. */
  step(): void {
    if (this.isIdle) return;
    const untilMs = this.#host.clock.monotonicMs() + SLICE_MS;
    let left = SLICE;
    for (const session of this.#waiting) {
      this.#waiting.delete(session);
      left = this.#look(session, left, untilMs);
      if (left <= 0) break;
    }
    if (!this.isIdle) this.#callSoon();
  }

  /** Returns what is left of `allowance`. Who is not done is the last one then. */
  #look(session: ClientSession, allowance: number, untilMs: number): number {
    const { review } = session;
    const { clock } = this.#host;
    const before = this.removed;
    let left = allowance;
    let looks = 0;
    let isDone = review === undefined;
    while (!isDone && left > 0) {
      const subscription = session.closedReason === undefined ? review?.next() : undefined;
      isDone = subscription === undefined;
      if (review === undefined || subscription === undefined) break;
      left -= review.setsCount * costOf(subscription);
      // No plan names it.
      if (review.denies(subscription)) this.#takeAway(session, subscription, false);
      looks += 1;
      if (looks % LOOKS_PER_CLOCK === 0 && clock.monotonicMs() >= untilMs) left = 0;
    }
    // Its figures are those of now.
    if (this.removed > before) this.#host.endOfInput(session);
    if (isDone) this.#end(session);
    else this.#waiting.add(session);
    return left;
  }

  #end(session: ClientSession): void {
    session.review = undefined;
    if (session.closedReason !== undefined) return;
    closeAboveLimit(session);
    session.go(WAIT_REVIEW);
  }

  /** Plans hold what a subscription that stays may get of their subject. */
  #lookAtAll(session: ClientSession, subscriptions: readonly Subscription[]): void {
    const before = this.removed;
    const replanned: Subscription[] = [];
    for (const subscription of subscriptions) {
      if (session.closedReason !== undefined) break;
      const { filter, queue } = subscription;
      const verdict = session.permissions?.subscribeVerdict(filter, queue) ?? "allow";
      const isFiltered = verdict === "allow-filtered";
      if (verdict !== "deny" && (isFiltered || subscription.filtered)) replanned.push(subscription);
      subscription.filtered = isFiltered;
      if (verdict === "deny") this.#takeAway(session, subscription, true);
    }
    session.host.subscriptions.allChanged(replanned);
    if (this.removed > before) session.host.endOfInput(session);
  }

  #takeAway(session: ClientSession, subscription: Subscription, isNamed: boolean): void {
    removeSubscription(session, subscription, isNamed);
    sayRemoved(session, subscription);
    this.removed += 1;
  }
}

/** Of a session that is not under review: those that it may not have are out. */
export function closeAboveLimit(session: ClientSession): void {
  const { subscriptions, subscriptionsMax } = session;
  if (subscriptionsMax < 0 || (subscriptions?.size ?? 0) <= subscriptionsMax) return;
  logAbout(session, "error", ERROR_LINES.subscriptionsExceeded.text);
  session.fail(ERROR_LINES.subscriptionsExceeded);
  session.close("Maximum Subscriptions Exceeded");
}

function sayRemoved(session: ClientSession, { filter, queue, sid }: Subscription): void {
  const subject = Buffer.from(filter, "latin1");
  const group = queue === undefined ? undefined : Buffer.from(queue, "latin1");
  session.fail(subscriptionRevoked(subject, group, Buffer.from(sid, "latin1")));
  const using = queue === undefined ? "" : ` using queue ${JSON.stringify(queue)}`;
  const place = `${JSON.stringify(filter)}${using} (sid ${JSON.stringify(sid)})`;
  const text = `Removed sub ${place} for ${whoText(session)} - not authorized`;
  logAbout(session, "info", text);
}

function whoText({ identity, user }: ClientSession): string {
  if (identity?.kind === "token") return 'Token "[REDACTED]"';
  if (user === "") return 'User "N/A"';
  return `${identity?.nkey === undefined ? "User" : "Nkey"} ${JSON.stringify(user)}`;
}
