// BrokerCore: everything a worker does with the bytes of its connections. One per worker thread,
// owned by it, synchronous; the runtime drives it (ports.ts). Reading order: `open`, then
// session/client-session.ts and publish/publisher.ts; `onDataFrame` for what other threads send.
//
// A turn is one input event and ends in `flush`. Must stay true: buffers handed in are not kept
// beyond the call; every outbox that was touched is flushed once; frames are published once.
import { AccountRouting, type AccountSnapshot } from "@weft/accounts";
import type { LoginAnswer, LoginQuestion } from "@weft/auth";
import {
  assert,
  type Clock,
  type Entropy,
  type Log,
  type Transport,
  type TransportEvents,
} from "@weft/base";
import { ClientParser } from "@weft/protocol";
import type { InterestIndex } from "@weft/subjects";
import { ControlInbox } from "./deliver/control-inbox.ts";
import { Deliverer } from "./deliver/deliverer.ts";
import { bytesAhead, FlowControl } from "./deliver/flow-control.ts";
import { FrameInbox } from "./deliver/frame-inbox.ts";
import { Outbox } from "./deliver/outbox.ts";
import { OutboxRules } from "./deliver/outbox-rules.ts";
import type { OutboxOwner } from "./deliver/receiver.ts";
import { RemoteLanes } from "./deliver/remote-lanes.ts";
import { SlabPool } from "./deliver/slab-pool.ts";
import { MessageTracer } from "./message-trace/message-tracer.ts";
import { Peers } from "./peer/peers.ts";
import type {
  AccountsChange,
  BrokerDependencies,
  BrokerDriver,
  BrokerLimits,
  BrokerSnapshot,
  ConnectionAnswer,
  ConnectionLimits,
  ConnectionOrder,
  ExcessClosing,
  ServerIdentity,
  SharedLimits,
  SnapshotChange,
  SnapshotEffects,
  TraceOptions,
  WorkerCounters,
} from "./ports.ts";
import { ContextTable } from "./publish/context.ts";
import { MessageView } from "./publish/message-view.ts";
import { PlanCompiler } from "./publish/plan-compiler.ts";
import { Publisher } from "./publish/publisher.ts";
import { ServiceImports } from "./publish/service-imports.ts";
import { contextsOf } from "./session/changed-rights.ts";
import type { ClientSession } from "./session/client-session.ts";
import { Connections } from "./session/connections.ts";
import { endFaulty } from "./session/faulty-session.ts";
import { Figures } from "./session/figures.ts";
import { Judgements } from "./session/judgements.ts";
import { LoginTickets } from "./session/login-tickets.ts";
import { ParkedSessions } from "./session/parked-sessions.ts";
import { Reload } from "./session/reload.ts";
import { ResponseShares } from "./session/response-shares.ts";
import { Reviews } from "./session/reviews.ts";
import type { SessionHost } from "./session/session-host.ts";
import type { SessionInput } from "./session/session-input.ts";
import { SnapshotRules } from "./session/snapshot-rules.ts";
import { createSystemEvents, type SystemEvents } from "./session/system-events.ts";
import { Departures } from "./subscribe/departures.ts";
import { HeapShares } from "./subscribe/heap-shares.ts";
import { OwnSubscriptions } from "./subscribe/own-subscription.ts";
import { SubscriptionTable } from "./subscribe/subscription.ts";
import type { SubscriptionAnswer, SubscriptionQuery } from "./subscribe/subscription-list.ts";
import { Subscriptions } from "./subscribe/subscriptions.ts";

export class BrokerCore implements BrokerDriver, SessionHost {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly parser: ClientParser;
  readonly counters: WorkerCounters;
  readonly message = new MessageView();
  readonly contexts = new ContextTable();
  readonly publisher: Publisher;
  readonly subscriptions: Subscriptions;
  readonly departures: Departures;
  readonly judgements: Judgements;
  readonly reviews: Reviews;
  readonly ownSubscriptions: OwnSubscriptions;
  readonly peers: Peers;
  readonly shared: SharedLimits;
  readonly responses: ResponseShares;
  readonly threadIndex: number;
  // What the current snapshot says: see `#take`.
  limits!: BrokerLimits;
  server!: ServerIdentity;
  rules!: SnapshotRules;
  lameDuck = false;
  readonly #dependencies: BrokerDependencies;
  readonly #connections: Connections;
  readonly #touched: OutboxOwner[] = [];
  readonly #parked: ParkedSessions;
  readonly #logins: LoginTickets;
  readonly #lanes: RemoteLanes;
  readonly flow: FlowControl;
  readonly #outboxes: OutboxRules;
  readonly #inbox: FrameInbox;
  readonly #controlInbox: ControlInbox;
  readonly #services: ServiceImports;
  #routing: AccountRouting;
  events: SystemEvents | undefined;
  /** What the outboxes of this turn are filled from: a session's input or a frame. */
  #inFrame = false;
  readonly #figures: Figures;
  /** Not everybody here follows it yet. */
  #reload: Reload | undefined;

  constructor(snapshot: BrokerSnapshot, index: InterestIndex, dependencies: BrokerDependencies) {
    const { bus, generations, hashSeed, prng } = dependencies;
    this.#dependencies = dependencies;
    this.clock = dependencies.clock;
    this.entropy = dependencies.entropy;
    this.log = dependencies.log;
    this.counters = dependencies.counters;
    this.shared = dependencies.shared;
    this.responses = new ResponseShares(this.shared.responseBytesMax);
    this.#take(snapshot);
    this.threadIndex = bus.threadIndex;
    this.parser = new ClientParser(hashSeed);
    this.#figures = new Figures(dependencies);
    this.#connections = new Connections(this, this.#figures, dependencies);
    this.#logins = new LoginTickets(dependencies.control);
    this.#parked = new ParkedSessions(bus.threadsCount);
    const shared = { index, generations, threadIndex: bus.threadIndex, hashSeed };
    const table = new SubscriptionTable();
    const { writer } = index;
    const reader = index.reader(bus.threadIndex);
    assert(writer !== null && reader !== null, "a worker writes its own interest");
    this.#lanes = new RemoteLanes(bus);
    const slabs = new SlabPool();
    const deliverer = new Deliverer(slabs);
    this.#routing = new AccountRouting(snapshot.accounts);
    const compiler = new PlanCompiler(this.#routing, { ...shared, subscriptions: table });
    this.publisher = new Publisher({
      ...shared,
      compiler,
      deliverer,
      lanes: this.#lanes,
      contexts: () => this.contexts,
      services: () => this.#services,
      prng,
    });
    const parts = { compiler, deliverer, lanes: this.#lanes, services: () => this.#services };
    this.publisher.tracer = new MessageTracer(this, { ...dependencies, ...parts });
    this.#services = new ServiceImports({
      bus,
      lanes: this.#lanes,
      publisher: this.publisher,
      contexts: this.contexts,
      accounts: snapshot.accounts.accounts,
      clock: this.clock,
      entropy: this.entropy,
      hashSeed,
      serverId: snapshot.server.id,
    });
    this.#openEvents();
    const heap = new HeapShares(this.shared.subscriptionBytesMax);
    this.subscriptions = new Subscriptions(writer, generations, table, heap, () => this.publisher);
    this.ownSubscriptions = new OwnSubscriptions(index, reader, table);
    const isSpent = (): boolean => this.publisher.isSpent;
    this.flow = new FlowControl({ ...dependencies, isSpent });
    const callSoon = (): void => this.flow.callSoon();
    this.departures = new Departures(this.subscriptions, callSoon);
    this.judgements = new Judgements(this, this.#connections.byId, callSoon);
    this.reviews = new Reviews(this, callSoon);
    this.#outboxes = new OutboxRules(slabs, this.flow, this);
    this.peers = new Peers(this, { ...dependencies, ...parts, callSoon });
    const sessions = this.#connections.byId;
    this.#controlInbox = new ControlInbox(sessions, this.flow, this.publisher.ballots);
    this.#inbox = new FrameInbox({
      bus,
      log: this.log,
      lanes: this.#lanes,
      subscriptions: table,
      deliverer,
      publisher: this.publisher,
      contexts: () => this.contexts,
      services: () => this.#services,
      noResponders: (answer) => this.#controlInbox.noResponders(answer),
    });
  }

  #take(snapshot: BrokerSnapshot): void {
    this.rules = new SnapshotRules(snapshot, this.#dependencies.tokens);
    this.limits = snapshot.limits;
    this.server = snapshot.server;
  }

  // ---- driven by the runtime

  open(transport: Transport, listener: number): TransportEvents {
    return this.#connections.open(transport, listener);
  }

  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    if (this.publisher.isSpent) return false;
    this.#inFrame = true;
    const taken = this.#inbox.onDataFrame(from, bytes, start, end);
    this.#inFrame = false;
    return taken;
  }

  onControlFrame(_from: number, bytes: Buffer, start: number): void {
    this.#controlInbox.onControlFrame(bytes, start);
  }

  onSpace(to: number): void {
    if (this.#lanes.drainSpill(to)) this.#parked.resume(to);
    this.peers.goOn();
  }

  flush(): void {
    this.flow.resumeDue();
    const touched = this.#touched;
    for (let i = 0; i < touched.length; i += 1) (touched[i] as OutboxOwner).flush();
    touched.length = 0;
    const { counters, subscriptions } = this;
    if (counters.subscriptions !== subscriptions.count)
      counters.subscriptions = subscriptions.count;
    counters.subscriptionsAdded = subscriptions.added;
    this.#lanes.closeRuns();
    this.#dependencies.bus.publish();
    this.publisher.endTurn();
  }

  tick(): void {
    const now = this.clock.monotonicMs();
    this.#connections.tick(now);
    this.peers.tick(now);
    this.#services.expire(now);
    this.publisher.sweep();
    this.contexts.sweep(() => contextsOf(this.#connections.byId));
    this.publisher.tracer?.awaited.tick();
    this.responses.tick(now);
    this.#figures.tick(this.publisher);
    const { dropped } = this.#lanes;
    if (dropped > 0) this.log.write("warn", `${dropped} messages dropped between threads`);
    this.#lanes.dropped = 0;
  }

  onTimer(): void {
    this.flow.onTimer();
    this.departures.step();
    this.judgements.step();
    this.reviews.step();
    this.peers.goOn();
    if (this.#reload?.endsNow() === true) this.#reload = undefined;
  }

  onLoginAnswer(ticket: number, answer: LoginAnswer): void {
    this.#logins.answered(ticket, answer);
  }

  setTrace(trace: TraceOptions | undefined): void {
    this.#connections.setTrace(trace);
  }

  listSubscriptions(query: SubscriptionQuery): SubscriptionAnswer {
    return this.#connections.listSubscriptions(query);
  }

  enterLameDuck(): void {
    this.lameDuck = true;
    this.#connections.tellInfo();
  }

  announce(server: ServerIdentity): void {
    this.server = server;
    this.#connections.tellInfo();
  }

  obeyOrder(order: ConnectionOrder): ConnectionAnswer | undefined {
    return this.#connections.obey(order);
  }

  closeSome(count: number, reason: "Server Shutdown"): number {
    return this.#connections.closeSome(count, reason);
  }

  closeExcess(limits: ConnectionLimits): ExcessClosing {
    return this.#connections.closeExcess(limits);
  }

  applySnapshot(change: SnapshotChange, done: (effects: SnapshotEffects) => void): void {
    assert(this.#reload === undefined, "one reload at a time");
    this.flush();
    const { accounts } = change.snapshot;
    const before = this.rules;
    this.#take(change.snapshot);
    this.contexts.reset();
    this.#routing = new AccountRouting(accounts);
    this.publisher.replaceRouting(this.#routing);
    this.#services.replaceAccounts(accounts.accounts);
    this.#openEvents();
    this.peers.followAccounts(accounts.accounts);
    this.#logins.forget();
    const reload = new Reload(this, this.#connections.byId, before, change, done);
    this.judgements.beginReload(reload);
    if (!reload.endsNow()) this.#reload = reload;
  }

  applyAccounts({ delta, known, forgotten, judged, lowered }: AccountsChange): void {
    this.flush();
    this.#dependencies.tokens?.know(known, forgotten);
    this.rules.followAccounts(delta);
    this.#routing.apply(delta);
    if (delta.movesMessages) {
      this.publisher.replaceRouting(this.#routing);
      this.#services.replaceAccounts(this.rules.snapshot.accounts.accounts);
    }
    if (delta.accounts.length > 0) this.#openEvents();
    this.peers.followAccounts(this.rules.snapshot.accounts.accounts);
    this.judgements.begin(judged, lowered);
  }

  #openEvents(): void {
    const dependencies = { ...this.#dependencies, trace: this.#connections.trace };
    const { rules, publisher, contexts } = this;
    this.events = createSystemEvents(rules.snapshot, dependencies, publisher, contexts);
  }

  // ---- asked by sessions

  newOutbox(owner: OutboxOwner): Outbox {
    return new Outbox(this.#outboxes, owner);
  }

  account(index: number): AccountSnapshot {
    return this.rules.account(index);
  }

  askForLogin(session: ClientSession, question: LoginQuestion): void {
    this.#logins.ask(session, question);
  }

  park(session: ClientSession, thread: number): void {
    if (thread === this.threadIndex) this.flow.yieldTurn(session);
    else this.#parked.park(session, thread);
  }

  beginInput(session: ClientSession, bytes: number): void {
    const now = this.clock.monotonicMs();
    session.aheadBytes = bytesAhead(session.aheadBytes, now - session.lastInputMs, bytes);
    session.lastInputMs = now;
    // What threw within a traced message left it here.
    this.message.trace = undefined;
  }

  resumeInput(session: ClientSession, input: SessionInput): void {
    this.message.trace = undefined;
    try {
      input.resume(this.parser, session.trace ?? session);
    } catch (error) {
      endFaulty(session, error);
    }
    this.endOfInput(session);
  }

  endOfInput(session: ClientSession): void {
    this.#figures.input(session);
    this.flow.endOfInput(session);
    // What is sent in no input's turn is nobody's message.
    this.message.source = undefined;
    this.message.sourceClientId = 0;
  }

  inHand(): MessageView {
    return this.#inFrame ? this.#inbox.message : this.message;
  }

  outputDone(session: ClientSession): void {
    this.#figures.output(session);
  }

  factsChanged(session: ClientSession): void {
    this.#figures.describe(session);
  }

  touch(owner: OutboxOwner): void {
    this.#touched.push(owner);
  }

  closed(session: ClientSession): void {
    if (!this.#connections.byId.delete(session.clientId)) return;
    this.#parked.closed(session);
    this.flow.closed(session);
    this.events?.disconnected(session);
    this.#figures.closed(session);
    session.responses?.drop();
    session.responses = undefined;
  }
}
