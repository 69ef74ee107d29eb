// What was asked of a server and what came of it, and the rules that hold however the events were
// interleaved. Test support. Times are steps of the scheduler; 0 = has not happened.
//
// Must stay true: a rule demands only what a client can know: a subscription counts from the PONG
// behind its SUB until its UNSUB is sent.
import { matches } from "@weft/subjects";
import type { Delivery } from "./client-stream.ts";

export interface ActorFacts {
  readonly id: number;
  readonly echo: boolean;
  /** When the connection was given up; what it sent before may or may not have arrived. */
  goneAt: number;
  goneRound: number;
}

export interface SubscriptionFacts {
  readonly actor: ActorFacts;
  readonly sid: string;
  readonly filter: string;
  readonly queue: string | undefined;
  readonly sentAt: number;
  readonly round: number;
  confirmedAt: number;
  endSentAt: number;
  endConfirmedAt: number;
  /** Of UNSUB; 0 = none. */
  max: number;
  /** Ids of messages, in the order of their arrival. */
  readonly got: number[];
}

export interface MessageFacts {
  readonly id: number;
  readonly actor: ActorFacts;
  readonly subject: string;
  readonly reply: string | undefined;
  readonly sentAt: number;
  readonly round: number;
  /** The publisher stayed, so the message was handled. */
  noResponders: number;
}

export class History {
  readonly subscriptions: SubscriptionFacts[] = [];
  readonly messages: MessageFacts[] = [];
  /** Queue members that got messages of one publisher out of their order: second choices. */
  overtakenInGroups = 0;
  readonly #bySid = new Map<string, SubscriptionFacts>();
  readonly #byId = new Map<number, MessageFacts>();

  addSubscription(facts: SubscriptionFacts): void {
    this.subscriptions.push(facts);
    this.#bySid.set(facts.sid, facts);
  }

  addMessage(facts: MessageFacts): void {
    this.messages.push(facts);
    this.#byId.set(facts.id, facts);
  }

  /** Files what a client received. Sids are unique over all clients. */
  received(actor: ActorFacts, delivery: Delivery): void {
    if (delivery.header?.startsWith("NATS/1.0 503") === true) {
      const message = this.#message(Number(delivery.subject.slice("reply.".length)));
      if (message.actor !== actor) throw new Error(`503 of ${message.id} went astray`);
      message.noResponders += 1;
      return;
    }
    const subscription = this.#bySid.get(delivery.sid);
    const message = this.#message(Number.parseInt(delivery.payload, 10));
    if (subscription === undefined || subscription.actor !== actor) {
      throw new Error(`client ${actor.id} has no sid ${delivery.sid}`);
    }
    if (subscription.endConfirmedAt > 0 && subscription.got.length >= subscription.max) {
      throw new Error(`sid ${delivery.sid} got ${message.id} after its UNSUB was confirmed`);
    }
    if (!matches(subscription.filter, message.subject) || delivery.subject !== message.subject) {
      throw new Error(`sid ${delivery.sid} on ${subscription.filter} got ${delivery.subject}`);
    }
    if (message.actor === actor && !actor.echo) throw new Error(`echo of ${message.id}`);
    if (message.round < subscription.round)
      throw new Error(`${message.id} was over before its SUB`);
    subscription.got.push(message.id);
  }

  /** All rules, for the messages of one round, which has come to rest. */
  check(round: number): void {
    const last = new Map<ActorFacts, number>();
    for (const subscription of this.subscriptions) {
      last.clear();
      this.#checkReceiver(subscription, last);
    }
    for (const message of this.messages) {
      if (message.round === round) this.#checkMessage(message);
    }
  }

  #checkReceiver(subscription: SubscriptionFacts, last: Map<ActorFacts, number>): void {
    const { got, sid, queue } = subscription;
    if (new Set(got).size < got.length) throw new Error(`sid ${sid} got a message twice: ${got}`);
    for (const id of got) {
      const { actor } = this.#message(id);
      if (id < (last.get(actor) ?? 0)) {
        // A second choice of member takes another way than the messages after it.
        if (queue === undefined) throw new Error(`sid ${sid} got ${id} out of order: ${got}`);
        this.overtakenInGroups += 1;
      }
      last.set(actor, Math.max(id, last.get(actor) ?? 0));
    }
  }

  #checkMessage(message: MessageFacts): void {
    const wanted = this.subscriptions.filter(
      (one) =>
        matches(one.filter, message.subject) && (one.actor !== message.actor || one.actor.echo),
    );
    const certain = message.actor.goneAt === 0;
    let somebody = false;
    const groups = new Map<string, SubscriptionFacts[]>();
    for (const one of wanted) {
      const steady = isSteady(one, message);
      somebody ||= steady;
      if (one.queue === undefined) {
        if (steady && certain && !one.got.includes(message.id)) {
          throw new Error(`sid ${one.sid} on ${one.filter} did not get ${message.id}`);
        }
        continue;
      }
      groups.set(one.queue, [...(groups.get(one.queue) ?? []), one]);
    }
    for (const [queue, members] of groups) this.#checkGroup(message, queue, members, certain);
    if (message.reply === undefined || !certain) return;
    const heard = message.noResponders;
    if (heard > 1 || (heard > 0 && somebody)) {
      throw new Error(`${heard} times 503 for ${message.id}`);
    }
    const possible = wanted.filter((one) => one.endSentAt === 0 || one.endSentAt > message.sentAt);
    if (possible.length === 0 && wanted.every((one) => isOver(one, message)) && heard === 0) {
      throw new Error(`no 503 for ${message.id}`);
    }
  }

  #checkGroup(
    message: MessageFacts,
    queue: string,
    members: readonly SubscriptionFacts[],
    certain: boolean,
  ): void {
    const takers = members.filter((member) => member.got.includes(message.id));
    if (takers.length > 1) {
      throw new Error(`${takers.length} members of ${queue} got ${message.id}`);
    }
    if (takers.length === 1 || !certain) return;
    // What was on its way to a member that vanished is lost with it.
    if (members.some(({ actor }) => actor.goneAt > 0 && actor.goneRound >= message.round)) return;
    const steady = members.find((member) => isSteady(member, message));
    if (steady !== undefined) {
      throw new Error(`nobody of ${queue} got ${message.id}, sid ${steady.sid} was there`);
    }
  }

  #message(id: number): MessageFacts {
    const message = this.#byId.get(id);
    if (message === undefined) throw new Error(`nobody sent message ${id}`);
    return message;
  }
}

/** Subscribed from before the message was sent until now. */
function isSteady(one: SubscriptionFacts, message: MessageFacts): boolean {
  if (one.confirmedAt === 0 || one.confirmedAt > message.sentAt) return false;
  return one.endSentAt === 0 && one.actor.goneAt === 0;
}

/** Certainly gone when the message was sent. */
function isOver(one: SubscriptionFacts, message: MessageFacts): boolean {
  if (one.max > 0) return false;
  return one.endConfirmedAt > 0 && one.endConfirmedAt < message.sentAt;
}
