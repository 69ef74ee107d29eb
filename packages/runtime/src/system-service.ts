// The system account's services and events as control runs them: requests in, answers out, events by
// the clock. Control thread. Must stay true: requests take bounded slices of the thread, a bounded
// number of them is under way, and the rest waits with its publishers.

import { randomInt } from "node:crypto";
import { type AccountSnapshot, type AccountsDelta, GLOBAL_ACCOUNT_INDEX } from "@weft/accounts";
import type { CalloutQuestion, LoginAnswer } from "@weft/auth";
import { createPrng } from "@weft/base";
import {
  type BrokerSnapshot,
  type FinishedConnection,
  InternalParticipant,
  type InternalRequest,
  serverFacts,
  type TraceOptions,
} from "@weft/broker";
import {
  type AccountHappening,
  accountClaimsEvent,
  accountConnectionsEvent,
  EVENT_SUBJECTS,
  type ReloadFacts,
  reloadEvent,
  type Service,
  StatszSchedule,
  servedSubjects,
  serverInfo,
} from "@weft/control";
import type { CalloutFacts } from "@weft/monitor";
import { type ClaimReplyBody, encodeClaimReply, RESOLVER_LIMITS } from "@weft/resolver";
import { SharedGauge } from "@weft/shm";
import { subjectFromText } from "@weft/subjects";
import { AccountLedger } from "./account-ledger.ts";
import { AccountWatch } from "./account-watch.ts";
import type { CalloutService } from "./callout-service.ts";
import { systemClock, systemEntropy } from "./clocks.ts";
import { EventSequence } from "./event-sequence.ts";
import { MailboxBus } from "./mailbox-bus.ts";
import { tellRefused } from "./refused-events.ts";
import { openInterest } from "./shared-state.ts";
import { SystemAnswers } from "./system-answers.ts";
import type { OrderAnswer, SystemParts } from "./system-ports.ts";
import { SYSTEM_ACCOUNT, SystemPublisher } from "./system-publisher.ts";
import { WorkerOrders } from "./worker-orders.ts";

const TICK_MS = 100;
/** Requests are begun for so long; then the thread's other work has its turn. */
const SLICE_MS = 5;
/** Requests whose answer is still being made. */
const UNDER_WAY_MAX = 64;
const REFUSED_TOLD_MS = 1_000;
/** SY-03: events of `$G`, the first account, are left out. */
const FIRST_TOLD_ACCOUNT = GLOBAL_ACCOUNT_INDEX + 1;

/** Longest request about claims: the longest token that is taken, and one byte to tell. */
const CLAIM_BYTES_MAX = RESOLVER_LIMITS.claimBytesMax + 1;

/** Undefined, or why the configuration was not taken. */
export function reloadRefusal(server: { reload(): Promise<unknown> }): Promise<string | undefined> {
  return server.reload().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

export class SystemService {
  readonly #parts: SystemParts;
  /** By index; the snapshot's own list, changed in place as the workers change theirs. */
  #accounts: AccountSnapshot[];
  readonly #participant: InternalParticipant<Service>;
  readonly #publisher: SystemPublisher;
  readonly #ledger: AccountLedger;
  readonly #watch: AccountWatch;
  readonly #orders: WorkerOrders;
  readonly #answers: SystemAnswers;
  #callouts: CalloutService | undefined;
  #calloutsLoaded: Promise<void>;
  readonly #statsz = new StatszSchedule(performance.now());
  #timer: NodeJS.Timeout | undefined;
  #underWay = 0;
  #served = 0;
  #refusedToldAtMs = Number.NEGATIVE_INFINITY;
  #pumpIsDue = false;
  #closed = false;

  constructor(parts: SystemParts) {
    this.#parts = parts;
    const { snapshot, regions, mailbox, hashSeed } = parts;
    const { accounts } = snapshot.accounts;
    this.#accounts = accounts as AccountSnapshot[];
    const { index, generations } = openInterest(regions, 0);
    this.#participant = new InternalParticipant(snapshot, {
      bus: new MailboxBus(mailbox, regions.threadsCount),
      index,
      generations,
      clock: systemClock(),
      entropy: systemEntropy,
      prng: createPrng(randomInt(0x1_0000_0000)),
      hashSeed,
    });
    const facts = serverFacts(snapshot.server);
    const sequence = new EventSequence(regions.eventSequence);
    this.#publisher = new SystemPublisher(this.#participant, facts, sequence, parts.log);
    this.setTrace(parts.trace);
    const gauge = new SharedGauge(regions.accountConnections);
    this.#ledger = new AccountLedger(accounts, parts.connections, gauge);
    this.#watch = new AccountWatch(accounts.length, FIRST_TOLD_ACCOUNT, (account) =>
      gauge.count(account),
    );
    this.#orders = new WorkerOrders(regions.threadsCount - 1, (worker, ticket, order) =>
      parts.tellWorker(worker, ticket, order),
    );
    this.#answers = new SystemAnswers({
      parts,
      participant: this.#participant,
      publisher: this.#publisher,
      ledger: this.#ledger,
      orders: this.#orders,
      accountsActive: () => this.#watch.active,
    });
    for (const { filter, service } of servedSubjects(snapshot.server.id)) {
      this.#serve(filter, service);
    }
    for (const { subject } of parts.claims?.subscriptions ?? []) {
      this.#serve(subject, { kind: "claims" }, CLAIM_BYTES_MAX);
    }
    this.#calloutsLoaded = this.#followCallout(snapshot);
  }

  /** LG-11. */
  setTrace(trace: TraceOptions | undefined): void {
    this.#publisher.trace.options = trace;
  }

  #serve(filter: string, service: Service, bytesMax?: number | undefined): void {
    this.#participant.serve(SYSTEM_ACCOUNT, filter, service, bytesMax);
    this.#served += 1;
    this.#publisher.trace.subscribed(this.#parts.log, filter, this.#served);
  }

  /** AN-62: control's place on the bus is used for callouts too. Loads them at first. */
  async #followCallout(snapshot: BrokerSnapshot): Promise<void> {
    const { claims: accounts } = this.#parts;
    const isWanted = snapshot.auth.callout !== undefined || accounts !== undefined;
    if (!isWanted && this.#callouts === undefined) return;
    const { CalloutService: Service } = await import("./callout-service.ts");
    if (this.#closed) return;
    if (this.#callouts !== undefined) this.#callouts.follow(snapshot);
    else {
      const { keys, log } = this.#parts;
      this.#callouts = new Service(snapshot, { bus: this.#participant, keys, log, accounts });
    }
  }

  /** Never rejects. */
  async askCallout(question: CalloutQuestion, worker: number): Promise<LoginAnswer> {
    await this.#calloutsLoaded;
    const none = { kind: "callout", reason: "no auth callout service is configured" } as const;
    return this.#callouts?.ask(question, worker) ?? none;
  }

  /** Undefined where no callout is configured. */
  calloutFacts(): CalloutFacts | undefined {
    return this.#callouts?.facts();
  }

  /** Connections that the acceptor turned away. */
  refused(records: readonly FinishedConnection[]): void {
    if (this.#closed) return;
    tellRefused(this.#publisher, records);
    this.#participant.flush();
  }

  /** Events that control made because somebody listened. */
  get events(): number {
    return this.#publisher.events;
  }

  /** The workers run: events by the clock begin. */
  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** RL-12: the workers have this snapshot by now. Control's own interest stays. */
  applySnapshot(snapshot: BrokerSnapshot): void {
    if (this.#closed) return;
    const { accounts } = snapshot.accounts;
    this.#participant.follow(snapshot);
    this.#publisher.server = serverFacts(snapshot.server);
    this.#accounts = accounts as AccountSnapshot[];
    this.#ledger.accounts = accounts;
    this.#watch.follow(accounts.length);
    this.#answers.follow(accounts);
    this.#calloutsLoaded = this.#followCallout(snapshot);
  }

  /** AC-93: the workers were told of these accounts before. */
  applyAccounts(delta: AccountsDelta): void {
    if (this.#closed) return;
    const accounts = this.#accounts;
    for (const account of delta.accounts) {
      const former = accounts[account.index];
      accounts[account.index] = account;
      this.#answers.followAccount(account, former);
    }
    this.#watch.follow(accounts.length);
    this.#callouts?.followAccounts(delta.accounts);
    this.#participant.followAccounts(delta, accounts);
    this.#participant.flush();
  }

  /** GP-5: something happened to an account in use. */
  accountEvent(what: AccountHappening, account: string): void {
    if (this.#closed) return;
    const { server } = this.#publisher;
    this.#publisher.event(EVENT_SUBJECTS.accountClaims(account, what), (stamp) =>
      accountClaimsEvent(server, account, what, stamp),
    );
    this.#participant.flush();
  }

  /** AC-87: an answer about claims. */
  reply(subject: string, body: ClaimReplyBody): void {
    const server = serverInfo(this.#publisher.server, this.#publisher.stamp());
    this.replyRaw(subject, encodeClaimReply(body, server));
  }

  replyRaw(subject: string, text: string): void {
    if (this.#closed) return;
    this.#publisher.text(subject, text);
    this.#participant.flush();
  }

  /** GP-5. */
  reloaded(reload: ReloadFacts): void {
    const { server } = this.#publisher;
    this.#publisher.event(EVENT_SUBJECTS.reloaded(server.id), (stamp) =>
      reloadEvent(server, reload, stamp),
    );
    this.#participant.flush();
  }

  /** SY-06. */
  lameDuck(): void {
    this.#announce(EVENT_SUBJECTS.lameDuck(this.#publisher.server.id));
  }

  /** SY-06: the last message; what is asked from now on is not answered. */
  shutdown(): void {
    if (this.#closed) return;
    this.#announce(EVENT_SUBJECTS.shutdown(this.#publisher.server.id));
    this.close();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#orders.close();
    this.#callouts?.close();
  }

  orderAnswered(answer: OrderAnswer): void {
    this.#orders.answered(answer);
  }

  // ---- driven by the mailbox

  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    if (this.#closed) return true;
    return this.#participant.onDataFrame(from, bytes, start, end);
  }

  onSpace(to: number): void {
    this.#participant.onSpace(to);
    this.#pumpSoon();
  }

  afterDrain(): void {
    this.#participant.flush();
    this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#pumpIsDue || this.#closed) return;
    this.#pumpIsDue = true;
    setImmediate(() => this.#pump());
  }

  /** Begins requests until the slice is over, too many are under way, or answers find no room. */
  #pump(): void {
    this.#pumpIsDue = false;
    if (this.#closed) return;
    const until = performance.now() + SLICE_MS;
    while (this.#underWay < UNDER_WAY_MAX) {
      if (performance.now() >= until) {
        this.#pumpSoon();
        break;
      }
      const request = this.#participant.next();
      if (request === undefined) break;
      this.#begin(request);
    }
    this.#participant.flush();
    for (const thread of this.#participant.resumable()) this.#parts.mailbox.resume(thread);
  }

  #begin(request: InternalRequest<Service>): void {
    this.#underWay += 1;
    void this.#answers.answer(request).finally(() => {
      this.#underWay -= 1;
      if (this.#closed) return;
      this.#participant.flush();
      this.#pumpSoon();
    });
  }

  #announce(subject: string): void {
    const { server } = this.#publisher;
    this.#publisher.event(subject, (stamp) => serverInfo(server, stamp));
    this.#participant.flush();
  }

  #tick(): void {
    const now = performance.now();
    const dropped = this.#participant.tick();
    if (dropped > 0) {
      this.#parts.log.write("warn", `${dropped} messages of the system account dropped`);
    }
    this.#tellRefused(now);
    if (this.#statsz.takeDue(now)) {
      this.#answers.sendStatsz(EVENT_SUBJECTS.statsz(this.#publisher.server.id));
    }
    void this.#tellAccounts(now);
    this.#participant.flush();
    this.#pumpSoon();
  }

  /** One line a second: whoever floods the services must not fill the log too. */
  #tellRefused(now: number): void {
    if (now < this.#refusedToldAtMs + REFUSED_TOLD_MS) return;
    const refused = this.#participant.takeRefused();
    if (refused === 0) return;
    this.#refusedToldAtMs = now;
    this.#parts.log.write("warn", `${refused} requests of other accounts to the system dropped`);
  }

  /** SY-03. */
  async #tellAccounts(now: number): Promise<void> {
    const due = this.#watch.look(now);
    if (due.length === 0) return;
    try {
      await this.#tellConnections(due);
    } finally {
      const end = performance.now();
      this.#watch.told(end, end - now);
    }
  }

  async #tellConnections(due: readonly number[]): Promise<void> {
    const wanted: { readonly account: number; readonly subjects: readonly string[] }[] = [];
    for (const account of due) {
      const name = subjectFromText(this.#accounts[account]?.name ?? "");
      const { connections, connectionsOld } = EVENT_SUBJECTS;
      const subjects = [connectionsOld(name), connections(name)].filter((subject) =>
        this.#publisher.hasListener(subject),
      );
      if (subjects.length > 0) wanted.push({ account, subjects });
    }
    if (wanted.length === 0) return;
    const all = await this.#ledger.statistics(wanted.map(({ account }) => account));
    if (this.#closed) return;
    const { server } = this.#publisher;
    for (const [place, { subjects }] of wanted.entries()) {
      const statistics = all[place];
      if (statistics === undefined) continue;
      for (const subject of subjects) {
        this.#publisher.event(subject, (stamp) =>
          accountConnectionsEvent(server, statistics, stamp),
        );
      }
    }
    this.#participant.flush();
    this.#pumpSoon();
  }
}
