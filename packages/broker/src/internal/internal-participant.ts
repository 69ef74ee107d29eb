// A thread without sockets that takes part in routing: it has interest, gets requests and publishes,
// as a worker does but for clients of its own. Owned by the thread that makes it; control has one for
// the services of the system account.
//
// Must stay true: it never waits and makes nobody wait for an answer of its own: what finds a lane
// full spills. Requests of the account that is served are taken out of the ring only while fewer than
// a bound wait here, so that a flood of them stays with its publishers; those of other accounts are
// dropped beyond theirs, for they must not stand in the operator's way. It never delivers to itself.
import {
  AccountRouting,
  type AccountSnapshot,
  type AccountsDelta,
  isServiceReply,
} from "@weft/accounts";
import { assert, type Clock, type Entropy, type Prng } from "@weft/base";
import {
  type Generations,
  hashToken,
  type InterestIndex,
  type InterestReader,
  NodeList,
  SubjectTokens,
} from "@weft/subjects";
import { FLAG_SERVICE_REPLY, FrameHead, readFrameHead, readItem } from "../deliver/bus-frame.ts";
import { Deliverer } from "../deliver/deliverer.ts";
import { RemoteLanes } from "../deliver/remote-lanes.ts";
import { SlabPool } from "../deliver/slab-pool.ts";
import type { BrokerSnapshot, Bus } from "../ports.ts";
import { ContextTable, type PublishContext } from "../publish/context.ts";
import { MessageView } from "../publish/message-view.ts";
import type { Plan } from "../publish/plan.ts";
import { hashSubject, PlanCompiler } from "../publish/plan-compiler.ts";
import { Publisher } from "../publish/publisher.ts";
import { ServiceImports } from "../publish/service-imports.ts";
import { SubscriptionTable } from "../subscribe/subscription.ts";
import { fillMessage, planReachesSomebody } from "./internal-message.ts";
import { RequestLines } from "./request-lines.ts";

/** Longer bodies are not copied: no request of the server's own services needs them. */
export const REQUEST_BYTES_MAX = 64 * 1024;
/** Answers that wait for room in a lane; above this no further request is handed out. */
const CONGESTED_BYTES = 16 * 1024 * 1024;

const NO_BYTES = Buffer.alloc(0);

export interface InternalDependencies {
  readonly bus: Bus;
  readonly index: InterestIndex;
  readonly generations: Generations;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly prng: Prng;
  readonly hashSeed: number;
}

/** One message for one of the services here. */
export interface InternalRequest<Service> extends InternalMessage {
  readonly service: Service;
}

/** A message for this thread itself; its bytes are copies. */
export interface InternalMessage {
  readonly account: number;
  /** Thread that published it: for a service import, the one with the requester. */
  readonly thread: number;
  readonly subject: string;
  /** "" without one. Subjects are byte strings. */
  readonly reply: string;
  /** Header block; empty without one. */
  readonly header: Buffer;
  /** Empty, with `isTooLong`, beyond what the service takes. */
  readonly payload: Buffer;
  readonly isTooLong: boolean;
  /** A user of another account asked, by a service import. */
  readonly isForeign: boolean;
}

export class InternalParticipant<Service> {
  readonly #bus: Bus;
  readonly #index: InterestIndex;
  readonly #dependencies: InternalDependencies;
  readonly #lanes: RemoteLanes;
  #routes: Routes;
  /** By node of the own segment. */
  readonly #served = new Map<number, Served<Service>>();
  readonly #listeners = new Map<number, (message: InternalMessage) => void>();
  readonly #requests = new RequestLines<InternalRequest<Service>>();
  readonly #incoming = new MessageView();
  readonly #frame = new FrameHead();
  readonly #outgoing = new MessageView();
  readonly #tokens = new SubjectTokens();
  readonly #nodes = new NodeList();
  /** Threads whose frame was put off. */
  readonly #putOff = new Set<number>();

  constructor(snapshot: BrokerSnapshot, dependencies: InternalDependencies) {
    const { bus, index } = dependencies;
    this.#dependencies = dependencies;
    this.#bus = bus;
    this.#index = index;
    this.#lanes = new RemoteLanes(bus);
    this.#routes = createRoutes(snapshot, dependencies, this.#lanes);
  }

  /** Between two turns: from now on messages go as this snapshot says. What is served stays. */
  follow(snapshot: BrokerSnapshot): void {
    this.flush();
    this.#routes = createRoutes(snapshot, this.#dependencies, this.#lanes);
  }

  /** Between two turns: accounts that came, changed or went. `accounts` is the list of all. */
  followAccounts(delta: AccountsDelta, accounts: readonly AccountSnapshot[]): void {
    this.flush();
    const { routing, publisher, services } = this.#routes;
    routing.apply(delta);
    if (!delta.movesMessages) return;
    publisher.replaceRouting(routing);
    services.replaceAccounts(accounts);
  }

  /** From now on `service` gets what is published on `filter` in `account`. */
  serve(
    account: number,
    filter: string,
    service: Service,
    bytesMax: number = REQUEST_BYTES_MAX,
  ): void {
    const bytes = Buffer.from(filter, "latin1");
    const node = this.#index.writer?.add(account, bytes, 0, bytes.length, null) ?? 0;
    assert(node !== 0, "the segment has room");
    assert(!this.#served.has(node), "one service for each filter");
    this.#served.set(node, { service, bytesMax });
  }

  /** The same for what must not wait behind requests: `take` gets it at once, and only keeps it. */
  listen(account: number, filter: string, take: (message: InternalMessage) => void): void {
    const bytes = Buffer.from(filter, "latin1");
    const node = this.#index.writer?.add(account, bytes, 0, bytes.length, null) ?? 0;
    assert(node !== 0, "the segment has room");
    this.#listeners.set(node, take);
  }

  /** Ends `listen`, with the filter it was given. */
  unlisten(account: number, filter: string): void {
    const bytes = Buffer.from(filter, "latin1");
    const node = this.#index.writer?.find(account, bytes, 0, bytes.length) ?? 0;
    assert(this.#listeners.delete(node), "it is listened to");
    this.#index.writer?.remove(node, null);
  }

  /** The request whose turn it is; undefined also while answers find no room. */
  next(): InternalRequest<Service> | undefined {
    if (this.#lanes.spilledBytes > CONGESTED_BYTES) return undefined;
    return this.#requests.take();
  }

  /** Threads that may be asked for their frames again; each is named once. */
  resumable(): number[] {
    if (this.#putOff.size === 0 || this.#requests.isFull) return [];
    const threads = [...this.#putOff];
    this.#putOff.clear();
    return threads;
  }

  /** True if a message on this subject would reach anybody. Subjects are byte strings. */
  hasListener(account: number, subject: string): boolean {
    this.#setSubject(subject);
    return planReachesSomebody(this.#plan(account));
  }

  /** Publishes as the server itself, past all permissions. True if it reached anybody. */
  publish(
    account: number,
    subject: string,
    header: Buffer,
    payload: Buffer,
    reply?: string | undefined,
  ): boolean {
    this.#setSubject(subject);
    const plan = this.#plan(account);
    if (!planReachesSomebody(plan)) return false;
    fillMessage(this.#outgoing, header, payload, reply);
    return this.#routes.publisher.run(plan, this.#outgoing, this.#context(account), 0) > 0;
  }

  /** Members and plain subscriptions of a literal subject over all threads, without this one. */
  countSubscriptions(account: number, subject: string, queue: string | undefined): number {
    const bytes = Buffer.from(subject, "latin1");
    if (!this.#tokens.parse(bytes, 0, bytes.length)) return 0;
    const name = queue === undefined ? undefined : Buffer.from(queue, "latin1");
    let count = 0;
    for (let thread = 0; thread < this.#index.segmentsCount; thread += 1) {
      const reader = thread === this.#bus.threadIndex ? null : this.#index.reader(thread);
      if (reader === null) continue;
      this.#index.enter();
      const found = reader.match(account, this.#tokens, this.#nodes);
      for (let place = 0; place < found; place += 1) {
        count += subscriptionsAt(reader, this.#nodes.at(place), name);
      }
      this.#index.exit();
    }
    return count;
  }

  // ---- driven by the runtime

  /** False: enough requests wait; `resumable` names the thread when it may be asked again. */
  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    if (this.#requests.isFull) {
      this.#putOff.add(from);
      return false;
    }
    const message = this.#incoming;
    const frame = this.#frame;
    let at = readFrameHead(bytes, start, message, frame);
    message.source = undefined;
    message.mayPark = false;
    message.hops = 0;
    if ((frame.flags & FLAG_SERVICE_REPLY) !== 0) {
      readItem(bytes, at, message);
      this.#routes.services.reply(message, this.#context(frame.account));
      return true;
    }
    const { services, listeners } = this.#servedIn(frame.account, message);
    while (at < end) {
      at = readItem(bytes, at, message);
      for (const take of listeners) take(this.#message(from, bytes, REQUEST_BYTES_MAX));
      for (const one of services) this.#keep(one, from, bytes);
    }
    return true;
  }

  onSpace(to: number): void {
    this.#lanes.drainSpill(to);
  }

  flush(): void {
    this.#lanes.closeRuns();
    this.#bus.publish();
    this.#routes.publisher.endTurn();
  }

  /** Requests of other accounts that were dropped since this was asked last. */
  takeRefused(): number {
    const { dropped } = this.#requests;
    this.#requests.dropped = 0;
    return dropped;
  }

  /** Every 100 ms or so. Returns the messages that were dropped for want of room. */
  tick(): number {
    this.#routes.services.expire(this.#dependencies.clock.monotonicMs());
    this.#routes.publisher.sweep();
    const { dropped } = this.#lanes;
    this.#lanes.dropped = 0;
    return dropped;
  }

  /** The message in hand, for a service. */
  #keep({ service, bytesMax }: Served<Service>, from: number, bytes: Buffer): void {
    const { subjectStart, subjectEnd, replyStart, replyEnd } = this.#incoming;
    if (!(replyStart >= 0 && isServiceReply(bytes, replyStart, replyEnd))) {
      this.#requests.addOwn({ ...this.#message(from, bytes, bytesMax), service });
    } else if (this.#requests.admits(bytes.toString("latin1", subjectStart, subjectEnd))) {
      this.#requests.addForeign({ ...this.#message(from, bytes, bytesMax), service });
    }
  }

  #servedIn(account: number, message: MessageView): Takers<Service> {
    const { subject, subjectStart, subjectEnd } = message;
    const reader = this.#index.reader(this.#bus.threadIndex);
    const takers: Takers<Service> = { services: [], listeners: [] };
    if (reader === null || !this.#tokens.parse(subject, subjectStart, subjectEnd)) return takers;
    const found = reader.match(account, this.#tokens, this.#nodes);
    for (let place = 0; place < found; place += 1) {
      const node = this.#nodes.at(place);
      const service = this.#served.get(node);
      const listener = this.#listeners.get(node);
      if (service !== undefined) takers.services.push(service);
      if (listener !== undefined) takers.listeners.push(listener);
    }
    return takers;
  }

  #message(thread: number, bytes: Buffer, bytesMax: number): InternalMessage {
    const message = this.#incoming;
    const { subjectStart, subjectEnd, replyStart, replyEnd, bodyStart, bodyEnd } = message;
    const payloadStart = bodyStart + Math.max(0, message.headerBytes);
    const isTooLong = bodyEnd - bodyStart > bytesMax;
    return {
      account: this.#frame.account,
      thread,
      subject: bytes.toString("latin1", subjectStart, subjectEnd),
      reply: replyStart < 0 ? "" : bytes.toString("latin1", replyStart, replyEnd),
      header: isTooLong ? NO_BYTES : Buffer.from(bytes.subarray(bodyStart, payloadStart)),
      payload: isTooLong ? NO_BYTES : Buffer.from(bytes.subarray(payloadStart, bodyEnd)),
      isTooLong,
      isForeign: replyStart >= 0 && isServiceReply(bytes, replyStart, replyEnd),
    };
  }

  #setSubject(subject: string): void {
    const view = this.#outgoing;
    view.sourceThread = this.#bus.threadIndex;
    view.subject = Buffer.from(subject, "latin1");
    view.subjectStart = 0;
    view.subjectEnd = view.subject.length;
    view.hash = hashSubject(view.subject, 0, view.subjectEnd, this.#dependencies.hashSeed);
  }

  #plan(account: number): Plan {
    const { publisher } = this.#routes;
    publisher.beginTurn();
    return publisher.planFor(this.#context(account), this.#outgoing, 0);
  }

  #context(account: number): PublishContext {
    return this.#routes.contexts.internal(account);
  }
}

interface Served<Service> {
  readonly service: Service;
  /** Longer bodies are not copied. */
  readonly bytesMax: number;
}

/** Who gets a message here. */
interface Takers<Service> {
  readonly services: Served<Service>[];
  readonly listeners: ((message: InternalMessage) => void)[];
}

/** Everything that is made of one snapshot. Nothing here has connections or waits for replies. */
interface Routes {
  readonly routing: AccountRouting;
  readonly contexts: ContextTable;
  readonly publisher: Publisher;
  readonly services: ServiceImports;
}

function createRoutes(
  snapshot: BrokerSnapshot,
  dependencies: InternalDependencies,
  lanes: RemoteLanes,
): Routes {
  const { bus, index, generations, prng, hashSeed } = dependencies;
  const contexts = new ContextTable();
  const routing = new AccountRouting(snapshot.accounts);
  const shared = { index, generations, threadIndex: bus.threadIndex, hashSeed };
  const subscriptions = new SubscriptionTable();
  const publisher: Publisher = new Publisher({
    ...shared,
    compiler: new PlanCompiler(routing, { ...shared, subscriptions }),
    deliverer: new Deliverer(new SlabPool()),
    lanes,
    contexts: () => contexts,
    services: () => services,
    prng,
  });
  const services = new ServiceImports({
    ...dependencies,
    lanes,
    publisher,
    contexts,
    accounts: snapshot.accounts.accounts,
    serverId: snapshot.server.id,
  });
  return { routing, contexts, publisher, services };
}

/** Inside a read section. */
function subscriptionsAt(
  reader: InterestReader,
  node: number,
  queueName: Buffer | undefined,
): number {
  let count = queueName === undefined ? reader.plainCount(node) : 0;
  const hash = queueName === undefined ? 0 : hashToken(queueName, 0, queueName.length);
  for (let queue = reader.firstQueue(node); queue !== 0; queue = reader.nextQueue(queue)) {
    const isWanted =
      queueName === undefined ||
      (reader.queueNameHash(queue) === hash && reader.queueNameEquals(queue, queueName));
    if (isWanted) count += Math.max(0, reader.queueWeight(queue));
  }
  return count;
}
