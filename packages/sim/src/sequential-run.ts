// Random operations on a world, one at a time, each compared with the model once all has come to
// rest: sets, order, one of each group, 503s, max_msgs and echo are exact. Test support.
import { createPrng, type Prng } from "@weft/base";
import type { SimClient } from "./client.ts";
import type { Delivery } from "./client-stream.ts";
import {
  BrokerModel,
  type ModelClient,
  type ModelOutcome,
  type ModelSubscription,
} from "./model.ts";
import { randomFilter, randomSubject } from "./subjects-pool.ts";
import { World } from "./world.ts";

const ACCOUNTS = ["A", "B"];
const CLIENTS_MAX = 8;
const BURST_MAX = 12;
const QUEUES = ["q", "p"];
const HEADER = "NATS/1.0\r\nK: v\r\n\r\n";

interface Participant extends ModelClient {
  readonly sim: SimClient;
  readonly headers: boolean;
}

interface Published {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly header: string | undefined;
  readonly payload: string;
}

export interface SequentialOptions {
  readonly seed: number;
  readonly workers: number;
  readonly operations: number;
  readonly laneBytes: number;
}

export class SequentialRun {
  readonly world: World;
  publishes = 0;
  deliveries = 0;
  noResponders = 0;
  readonly #model = new BrokerModel();
  readonly #prng: Prng;
  readonly #operations: number;
  #participants: Participant[] = [];
  #nextId = 1;
  #nextSid = 1;
  #nextMessage = 1;

  constructor(options: SequentialOptions) {
    this.#prng = createPrng(options.seed);
    this.#operations = options.operations;
    this.world = new World({
      seed: options.seed,
      workers: options.workers,
      laneBytes: options.laneBytes,
      chunkBytesMax: 96,
      accounts: ACCOUNTS.map((name) => ({ name })),
      users: ACCOUNTS.map((name) => ({ user: name, password: "secret", account: name })),
    });
  }

  run(): void {
    for (let left = this.#operations; left > 0; left -= 1) {
      this.#operate();
      this.world.assertQuiet();
    }
    this.world.tick();
    let subscriptions = 0;
    for (let thread = 1; thread <= this.world.workers; thread += 1) {
      subscriptions += this.world.counters(thread).subscriptions;
    }
    if (subscriptions !== this.#model.size) {
      throw new Error(`${subscriptions} subscriptions, the model has ${this.#model.size}`);
    }
    if (this.world.faults.length > 0) throw this.world.faults[0];
  }

  #operate(): void {
    const roll = this.#prng.below(100);
    const clients = this.#participants;
    if (clients.length < 2 || (roll < 6 && clients.length < CLIENTS_MAX)) {
      this.#connect();
      return;
    }
    const one = clients[this.#prng.below(clients.length)] as Participant;
    if (roll < 9) this.#close(one);
    else if (roll < 35) this.#subscribe(one);
    else if (roll < 48) this.#unsubscribe(one);
    else if (roll < 90) this.#publish(one, 1);
    else this.#publish(one, 2 + this.#prng.below(BURST_MAX));
  }

  #connect(): void {
    const prng = this.#prng;
    const account = prng.below(3) === 0 ? 1 : 0;
    const headers = prng.below(5) > 0;
    const noResponders = headers && prng.below(3) > 0;
    const echo = prng.below(4) > 0;
    const sim = this.world.connect(1 + prng.below(this.world.workers), {
      user: ACCOUNTS[account] as string,
      pass: "secret",
      headers,
      no_responders: noResponders,
      echo,
    });
    this.#participants.push({ id: this.#nextId, account, echo, noResponders, headers, sim });
    this.#nextId += 1;
    this.world.settle();
    this.#expectNothing();
  }

  #close(one: Participant): void {
    if (this.#prng.below(2) === 0) one.sim.close();
    else one.sim.transport.reset();
    this.world.settle();
    this.#model.close(one);
    this.#participants = this.#participants.filter((other) => other !== one);
    if (one.sim.closedBy === undefined) throw new Error("the connection is still there");
    this.#expectNothing();
  }

  #subscribe(one: Participant): void {
    const prng = this.#prng;
    const own = this.#model.of(one);
    // Sometimes a sid that is in use (CP-43).
    const reused = prng.below(12) === 0 ? own[0]?.sid : undefined;
    const sid = reused ?? `${this.#nextSid}`;
    this.#nextSid += 1;
    const queue = prng.below(3) === 0 ? QUEUES[prng.below(QUEUES.length)] : undefined;
    const filter = randomFilter(prng);
    one.sim.subscribe(sid, filter, queue);
    this.world.settle();
    this.#model.subscribe(one, sid, filter, queue);
    this.#expectNothing();
  }

  #unsubscribe(one: Participant): void {
    const own = this.#model.of(one);
    const target = own[this.#prng.below(Math.max(1, own.length))];
    const sid = target?.sid ?? "unknown";
    const max = this.#prng.below(2) === 0 ? 0 : 1 + this.#prng.below(4);
    one.sim.unsubscribe(sid, max);
    this.world.settle();
    this.#model.unsubscribe(one, sid, max);
    this.#expectNothing();
  }

  /** Requests go alone: a 503 is exact only while nobody leaves in between. */
  #publish(one: Participant, count: number): void {
    const prng = this.#prng;
    const sent: Published[] = [];
    for (let place = 0; place < count; place += 1) {
      const reply = count === 1 && prng.below(2) === 0 ? randomSubject(prng) : undefined;
      const header = one.headers && prng.below(4) === 0 ? HEADER : undefined;
      const subject = randomSubject(prng);
      const payload = `${this.#nextMessage}${"x".repeat(prng.below(40))}`;
      this.#nextMessage += 1;
      if (header === undefined) one.sim.publish(subject, payload, reply);
      else one.sim.publishWithHeader(subject, header, payload, reply);
      sent.push({ subject, reply, header, payload });
    }
    this.world.settle();
    this.#compare(one, sent);
  }

  #compare(from: Participant, sent: readonly Published[]): void {
    const got = new Map<Participant, Delivery[]>();
    for (const one of this.#participants) {
      const deliveries = one.sim.takeDeliveries();
      this.deliveries += deliveries.length;
      this.#checkOrder(one, deliveries);
      got.set(one, deliveries);
    }
    this.publishes += sent.length;
    for (const message of sent) {
      const outcome = this.#model.publish(from, message.subject, message.reply);
      this.#checkMessage(message, outcome, got);
    }
    for (const [one, rest] of got) {
      if (rest.length > 0) throw new Error(`client ${one.id} got ${JSON.stringify(rest)} as well`);
    }
  }

  #checkMessage(
    message: Published,
    outcome: ModelOutcome,
    got: Map<Participant, Delivery[]>,
  ): void {
    for (const subscription of outcome.plain) {
      if (!take(got, subscription, message)) {
        throw new Error(`${describe(subscription)} did not get ${JSON.stringify(message)}`);
      }
      this.#model.delivered(subscription);
    }
    for (const group of outcome.groups) {
      const takers = group.filter((member) => take(got, member, message));
      if (takers.length !== 1) {
        const who = group.map(describe).join(", ");
        throw new Error(`${takers.length} of [${who}] got ${JSON.stringify(message)}`);
      }
      this.#model.delivered(takers[0] as ModelSubscription);
    }
    if (outcome.noResponders.length === 0) return;
    const takers = outcome.noResponders.filter((one) => takeNoResponders(got, one, message));
    if (takers.length !== 1) {
      throw new Error(`${takers.length} times 503 for ${JSON.stringify(message)}`);
    }
    this.noResponders += 1;
  }

  /** CP-65, per subscription. */
  #checkOrder(one: Participant, deliveries: readonly Delivery[]): void {
    const last = new Map<string, number>();
    for (const { sid, payload } of deliveries) {
      if (this.#mayOvertake(one, sid)) continue;
      const number = Number.parseInt(payload, 10);
      if (number < (last.get(sid) ?? 0)) throw new Error(`sid ${sid} got ${number} too late`);
      last.set(sid, number);
    }
  }

  /**
   * A message whose member had reached its maximum on another thread goes on from there, and may come
   * behind later ones.
   */
  #mayOvertake(one: Participant, sid: string): boolean {
    const queue = this.#model.of(one).find((subscription) => subscription.sid === sid)?.queue;
    return queue !== undefined && this.#model.hasLimitedMember(queue);
  }

  #expectNothing(): void {
    for (const one of this.#participants) {
      const { deliveries, errors, closedBy } = one.sim;
      if (deliveries.length + errors.length > 0 || closedBy !== undefined) {
        throw new Error(`client ${one.id}: ${JSON.stringify({ deliveries, errors, closedBy })}`);
      }
    }
  }
}

function describe(one: ModelSubscription): string {
  return `client ${one.client.id} sid ${one.sid} (${one.filter} ${one.queue ?? ""})`;
}

/** Takes the delivery of `message` to this subscription out of what was got. */
function take(
  got: Map<Participant, Delivery[]>,
  subscription: ModelSubscription,
  message: Published,
): boolean {
  const client = subscription.client as Participant;
  const deliveries = got.get(client) ?? [];
  const place = deliveries.findIndex(
    (one) => one.sid === subscription.sid && one.payload === message.payload,
  );
  const delivery = deliveries[place];
  if (delivery === undefined) return false;
  const header = client.headers ? message.header : undefined;
  if (
    delivery.subject !== message.subject ||
    delivery.reply !== message.reply ||
    delivery.header !== header
  ) {
    throw new Error(`${JSON.stringify(delivery)} differs from ${JSON.stringify(message)}`);
  }
  deliveries.splice(place, 1);
  return true;
}

function takeNoResponders(
  got: Map<Participant, Delivery[]>,
  subscription: ModelSubscription,
  message: Published,
): boolean {
  const deliveries = got.get(subscription.client as Participant) ?? [];
  const header = `NATS/1.0 503\r\nNats-Subject: ${message.subject}\r\n\r\n`;
  const place = deliveries.findIndex(
    (one) =>
      one.sid === subscription.sid &&
      one.subject === message.reply &&
      one.header === header &&
      one.payload === "",
  );
  if (place < 0) return false;
  deliveries.splice(place, 1);
  return true;
}
