// What a broker has to do, in its plainest form: a list of subscriptions and one rule per feature.
// Test support. Must stay true: it shares nothing with the broker but `matches`; who of a queue
// group gets a message is not predicted but learnt from `delivered`.
import { matches } from "@weft/subjects";

export interface ModelClient {
  readonly id: number;
  readonly account: number;
  readonly echo: boolean;
  readonly noResponders: boolean;
}

export interface ModelSubscription {
  readonly client: ModelClient;
  readonly sid: string;
  readonly filter: string;
  readonly queue: string | undefined;
  /** 0 = no end. */
  max: number;
  delivered: number;
}

/** Who has to get one message. */
export interface ModelOutcome {
  /** Each of them, once. */
  readonly plain: readonly ModelSubscription[];
  /** Exactly one of each group. */
  readonly groups: readonly (readonly ModelSubscription[])[];
  /** One of these gets the 503; empty = nobody does. */
  readonly noResponders: readonly ModelSubscription[];
}

export class BrokerModel {
  #subscriptions: ModelSubscription[] = [];

  get size(): number {
    return this.#subscriptions.length;
  }

  of(client: ModelClient): ModelSubscription[] {
    return this.#subscriptions.filter((subscription) => subscription.client === client);
  }

  /** CP-43: a sid in use stays as it is. */
  subscribe(client: ModelClient, sid: string, filter: string, queue: string | undefined): void {
    if (this.#find(client, sid) !== undefined) return;
    this.#subscriptions.push({ client, sid, filter, queue, max: 0, delivered: 0 });
  }

  /** CP-44: `max` counts from SUB on; 0, or one that is reached, removes at once. */
  unsubscribe(client: ModelClient, sid: string, max: number): void {
    const found = this.#find(client, sid);
    if (found === undefined) return;
    if (max > found.delivered) found.max = max;
    else this.#remove(found);
  }

  close(client: ModelClient): void {
    this.#subscriptions = this.#subscriptions.filter((one) => one.client !== client);
  }

  publish(from: ModelClient, subject: string, reply: string | undefined): ModelOutcome {
    const hears = (one: ModelSubscription, text: string): boolean =>
      one.client.account === from.account && matches(one.filter, text);
    // CP-24
    const receivers = this.#subscriptions.filter(
      (one) => hears(one, subject) && (one.client !== from || one.client.echo),
    );
    const groups = new Map<string, ModelSubscription[]>();
    for (const one of receivers) {
      if (one.queue === undefined) continue;
      // SU-21: the name alone makes the group, whatever filters its members have.
      const group = groups.get(one.queue) ?? [];
      groups.set(one.queue, group);
      group.push(one);
    }
    const asks = receivers.length === 0 && reply !== undefined && from.noResponders;
    return {
      plain: receivers.filter((one) => one.queue === undefined),
      groups: [...groups.values()],
      // CP-64: to the requester's own plain subscription.
      noResponders: asks
        ? this.#subscriptions.filter(
            (one) => one.client === from && one.queue === undefined && hears(one, reply),
          )
        : [],
    };
  }

  /** A member of a group of this name leaves after a number of deliveries. */
  hasLimitedMember(queue: string): boolean {
    return this.#subscriptions.some((one) => one.queue === queue && one.max > 0);
  }

  /** CP-74: the last of `max` deliveries ends the subscription. */
  delivered(subscription: ModelSubscription): void {
    subscription.delivered += 1;
    if (subscription.max > 0 && subscription.delivered >= subscription.max) {
      this.#remove(subscription);
    }
  }

  #find(client: ModelClient, sid: string): ModelSubscription | undefined {
    return this.#subscriptions.find((one) => one.client === client && one.sid === sid);
  }

  #remove(subscription: ModelSubscription): void {
    this.#subscriptions = this.#subscriptions.filter((one) => one !== subscription);
  }
}
