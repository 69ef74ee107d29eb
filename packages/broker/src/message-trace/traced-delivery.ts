// Delivers a traced message to one subscription and says what came of it (AC-70, AC-76). Owned by the
// worker's core.
import type { Clock } from "@weft/base";
import { wireTime } from "@weft/control";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { MessageView } from "../publish/message-view.ts";
import type { Target } from "../publish/plan.ts";
import type { Subscription } from "../subscribe/subscription.ts";
import type { EgressError } from "./trace-event.ts";
import type { ReportedEgress } from "./trace-report.ts";

export class TracedDelivery {
  readonly #deliverer: Deliverer;
  readonly #clock: Clock;

  constructor(deliverer: Deliverer, clock: Clock) {
    this.#deliverer = deliverer;
    this.#clock = clock;
  }

  told(subscription: Subscription, error?: EgressError): ReportedEgress {
    const { session, filter, queue } = subscription;
    const ts = wireTime(this.#clock.unixNanos());
    return { clientId: session.clientId, name: session.facts.name, filter, queue, error, ts };
  }

  /** With `only` the message stays here. Undefined: it was delivered, or would have been. */
  attempt(target: Target, message: MessageView, only: boolean): EgressError | undefined {
    const { subscription } = target;
    const { session, max, delivered } = subscription;
    if (!session.echo && message.sourceClientId === session.clientId) return "noEcho";
    if (only) return undefined;
    if (max > 0 && delivered >= max) return "exceeded";
    if (this.#deliverer.deliverOne(target, message) === 1) return undefined;
    return session.closedReason === undefined ? "notStalled" : "clientClosed";
  }
}
