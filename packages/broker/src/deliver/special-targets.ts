// Decisions per message for targets that need one: echo, auto-unsubscribe, reply tracking. Owned by
// the worker's core.
import type { Clock } from "@weft/base";
import type { MessageView } from "../publish/message-view.ts";
import type { Target } from "../publish/plan.ts";
import { removeSubscription } from "../subscribe/client-subscribe.ts";
import type { SpecialTargets } from "./deliverer.ts";

/** What a look at somebody's rights costs, in plain deliveries; a quarter of one more for each byte. */
const RIGHTS_WORK = 4;

export class ClientTargets implements SpecialTargets {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  admit(target: Target, message: MessageView): boolean {
    const { subscription } = target;
    const { session } = subscription;
    // CP-24
    if (!session.echo && message.sourceClientId === session.clientId) return false;
    return subscription.max === 0 || subscription.delivered < subscription.max;
  }

  delivered(target: Target, message: MessageView): void {
    const { subscription } = target;
    const { session } = subscription;
    session.trace?.delivered(target, message);
    // CP-74: removed right after the max-th message.
    if (subscription.max > 0 && subscription.delivered >= subscription.max) {
      removeSubscription(session, subscription);
    }
    // AZ-12: only for reply subjects that the session may not publish to anyway.
    if (session.responses === undefined || message.replyStart < 0) return;
    session.publisher.spend(RIGHTS_WORK + ((message.replyEnd - message.replyStart) >> 2), 0);
    const reply = message.reply.toString("latin1", message.replyStart, message.replyEnd);
    if (session.permissions?.publishAllowed(reply) === true) return;
    session.responses.delivered(reply, this.#clock.monotonicMs());
  }
}
