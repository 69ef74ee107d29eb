// A server process in one thread: N real worker cores over one interest index, simulated lanes,
// sockets and time. Thread 0 stands for control: it has a segment and no core; workers are 1 to N;
// `extraThreads` more come behind them. Test support. Must stay true: everything that happens is
// drawn from the seed, so a failing run is repeated by its seed alone.
//
// Reading order: scheduler.ts, lanes.ts, transport.ts, client.ts, then this.
import { rebaseAccounts } from "@weft/accounts";
import type { LoginAnswer, LoginQuestion, TokenLogins } from "@weft/auth";
import { createPrng, type Dialler, LIMITS, type Log, type Prng } from "@weft/base";
import {
  BrokerCore,
  type BrokerSnapshot,
  type Bus,
  type FinishedConnection,
  type SharedLimits,
  type SnapshotEffects,
  type WorkerCounters,
} from "@weft/broker";
import { ConnectionSlots, connectionSlotsRegion } from "@weft/shm";
import type { InterestIndex } from "@weft/subjects";
import { type ConnectFields, SimClient } from "./client.ts";
import { VirtualClock } from "./clock.ts";
import type { FakeRemoteServer } from "./fake-remote-server.ts";
import { LaneFabric, type ThreadHandler } from "./lanes.ts";
import { Scheduler } from "./scheduler.ts";
import { createInterest, type SharedInterest } from "./shared-interest.ts";
import { createCounters, createSnapshot, type SnapshotOptions } from "./snapshot.ts";
import { SimTransport, type TransportThread } from "./transport.ts";

/** What fits every hashed password of a simulated configuration. */
export const HASHED_PASSWORD = "hashed";

const TICK_MS = 100;
/** Connections of one worker. */
const BOARD_PLACES = 256;
/** Start value of subject hashes, equal on all threads. */
export const HASH_SEED = 0x1357_9bdf;
/** One in this many tasks lets a little time pass, so that timers fire in the middle of things. */
const DRIFT_ODDS = 40;

/** Called when the last core follows a reload, with what it did on each. */
export type WhenReloaded = (effects: readonly SnapshotEffects[]) => void;

export interface WorldOptions extends SnapshotOptions {
  readonly seed: number;
  readonly workers: number;
  /** Threads behind the workers, for what has no sockets. */
  readonly extraThreads?: number;
  /** Capacity of each data lane; small ones make publishers wait. */
  readonly laneBytes?: number;
  /** Largest piece of input. */
  readonly chunkBytesMax?: number;
  readonly recordsMax?: number;
  readonly permissionTokensMax?: number;
  readonly subscriptionBytesMax?: number;
  readonly responseBytesMax?: number;
  /** Called for each log line; what it throws, the core throws. */
  readonly onLog?: (text: string) => void;
  /** What control says of logins; undefined = what it says where there is one password only. */
  readonly onQuestion?: (question: LoginQuestion) => LoginAnswer | undefined;
  /** Who judges users by tokens, on all workers; undefined = the users of the configuration count. */
  readonly tokens?: TokenLogins | undefined;
}

export class World {
  readonly clock = new VirtualClock();
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  readonly interest: SharedInterest;
  readonly lanes: LaneFabric;
  readonly threadsCount: number;
  readonly workers: number;
  readonly clients: SimClient[] = [];
  /** Everything that cores told control of. */
  readonly closed: FinishedConnection[] = [];
  readonly faults: unknown[] = [];
  /** Who answers when a worker dials; the others refuse. By port. */
  readonly remotes = new Map<number, FakeRemoteServer>();
  /** Timers that cores set although one was outstanding that was not for later. */
  timersInVain = 0;
  readonly #options: WorldOptions;
  #snapshot: BrokerSnapshot;
  readonly #cores: BrokerCore[] = [];
  readonly #counters: WorkerCounters[] = [];
  readonly #transportThreads: TransportThread[] = [];
  readonly #connectionsByAccount = new Map<number, number>();
  #lastClientId = 0;
  #lastEventSequence = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const snapshot = createSnapshot(options);
    this.#snapshot = options.tokens === undefined ? snapshot : { ...snapshot, operator: {} };
    this.workers = options.workers;
    this.prng = createPrng(options.seed);
    this.scheduler = new Scheduler(createPrng(this.prng.nextUint32()));
    this.threadsCount = 1 + options.workers + (options.extraThreads ?? 0);
    this.interest = createInterest(this.threadsCount, options.recordsMax ?? 4_096);
    const lanesPrng = createPrng(this.prng.nextUint32());
    const laneBytes = options.laneBytes ?? 1 << 20;
    this.lanes = new LaneFabric(this.threadsCount, laneBytes, this.scheduler, lanesPrng);
    for (let thread = 1; thread <= options.workers; thread += 1) this.#addWorker(thread);
  }

  core(thread: number): BrokerCore {
    return this.#cores[thread - 1] as BrokerCore;
  }

  counters(thread: number): WorkerCounters {
    return this.#counters[thread - 1] as WorkerCounters;
  }

  index(thread: number): InterestIndex {
    return this.interest.indexes[thread] as InterestIndex;
  }

  bus(thread: number): Bus {
    return this.lanes.bus(thread);
  }

  /** Puts something without sockets on a thread behind the workers. */
  attach(thread: number, handler: ThreadHandler): void {
    this.lanes.attach(thread, handler);
  }

  /** Opens a connection on a worker and sends CONNECT. */
  connect(thread: number, fields: ConnectFields = {}): SimClient {
    const client = this.open(thread);
    client.connect(fields);
    return client;
  }

  /** Opens a connection and sends nothing. */
  open(thread: number): SimClient {
    const client = new SimClient(thread);
    const within = this.#transportThreads[thread - 1] as TransportThread;
    const transport = new SimTransport(within, client, 10_000 + this.clients.length);
    client.attach(transport);
    this.clients.push(client);
    transport.attach(this.core(thread).open(transport, 0));
    this.core(thread).flush();
    return client;
  }

  /** Runs until nothing is left to do, timers of stalls included. Throws when it does not end. */
  settle(stepsMax = 2_000_000): void {
    const { scheduler, clock } = this;
    const last = scheduler.steps + stepsMax;
    for (;;) {
      while (scheduler.step()) {
        if (this.prng.below(DRIFT_ODDS) === 0) {
          clock.advanceTo(clock.monotonicMs() + this.prng.below(3));
        }
        if (scheduler.steps > last) throw new Error("the world does not become quiet");
      }
      const next = clock.nextDueMs();
      if (next === Number.POSITIVE_INFINITY) return;
      clock.advanceTo(next);
    }
  }

  /** Runs some of what is pending. */
  run(steps: number): void {
    for (let left = steps; left > 0 && this.scheduler.step(); left -= 1) {}
  }

  /** Lets time pass, with the ticks of all cores. */
  advance(durationMs: number): void {
    const end = this.clock.monotonicMs() + durationMs;
    for (;;) {
      const next = Math.min(end, this.clock.monotonicMs() + TICK_MS);
      this.clock.advanceTo(next);
      this.settle();
      this.tick();
      this.settle();
      if (this.clock.monotonicMs() >= end) return;
    }
  }

  /**
   * Every core takes another configuration, each in its own turn; `done` runs when the last one follows.
   * Accounts keep their places.
   */
  reload(options: SnapshotOptions, done: WhenReloaded = () => undefined): void {
    const made = createSnapshot(options);
    const before = this.#snapshot.accounts;
    const rebased = rebaseAccounts(before, made.accounts, [], () => false);
    if (!rebased.ok) throw new Error(rebased.error);
    const snapshot = { ...made, accounts: rebased.snapshot };
    this.#snapshot = snapshot;
    const all: SnapshotEffects[] = [];
    for (const core of this.#cores) {
      this.scheduler.post(() => {
        core.applySnapshot({ snapshot, sameSecrets: new Set() }, (effects) => {
          core.flush();
          all.push(effects);
          if (all.length === this.#cores.length) done(all);
        });
        core.flush();
      });
    }
  }

  tick(): void {
    for (const core of this.#cores) {
      core.tick();
      core.flush();
    }
  }

  /** Throws when something still waits although nothing is left to do. */
  assertQuiet(): void {
    if (!this.lanes.isQuiet) throw new Error("frames rest in a lane, or a writer waits for space");
    for (const [place, client] of this.clients.entries()) {
      if (client.transport.isQuiet) continue;
      const state = client.transport.paused ? "is paused for ever" : "has bytes under way";
      throw new Error(`client ${place} on thread ${client.thread} ${state}`);
    }
  }

  #addWorker(thread: number): void {
    const counters = createCounters();
    const log: Log = {
      debugEnabled: false,
      traceEnabled: false,
      write: (_level, text) => this.#options.onLog?.(text),
    };
    const secrets = createPrng(this.prng.nextUint32());
    const core: BrokerCore = new BrokerCore(this.#snapshot, this.index(thread), {
      clock: this.clock,
      entropy: { fill: (out) => fillRandom(secrets, out) },
      prng: createPrng(this.prng.nextUint32()),
      log,
      bus: this.bus(thread),
      shared: this.#sharedLimits(),
      control: {
        askForLogin: (ticket, question) =>
          this.scheduler.post(() => {
            const answer = this.#options.onQuestion?.(question) ?? answerOf(question);
            core.onLoginAnswer(ticket, answer);
            core.flush();
          }),
        connectionClosed: (record) => this.closed.push(record),
        describeConnection: () => undefined,
      },
      counters,
      tokens: this.#options.tokens,
      dialler: this.#diallerFor(thread),
      board: new ConnectionSlots(connectionSlotsRegion(BOARD_PLACES)),
      generations: this.interest.generations,
      hashSeed: HASH_SEED,
      nextClientId: () => {
        this.#lastClientId += 1;
        return this.#lastClientId;
      },
      nextEventSequence: () => {
        this.#lastEventSequence += 1;
        return this.#lastEventSequence;
      },
      setTimer: this.#timerFor(() => core),
    });
    this.#cores.push(core);
    this.#counters.push(counters);
    this.lanes.attach(thread, core);
    this.#transportThreads.push({
      readBuffer: Buffer.alloc(LIMITS.readHeadroomBytes + LIMITS.readChunkBytes),
      chunkBytesMax: this.#options.chunkBytesMax ?? 4_096,
      clock: this.clock,
      scheduler: this.scheduler,
      prng: createPrng(this.prng.nextUint32()),
      flush: () => core.flush(),
      fault: (error) => this.faults.push(error),
    });
  }

  /** Whoever listens on the port takes the connection; nobody's refuse it. */
  #diallerFor(thread: number): Dialler {
    return {
      dial: ({ port }, open, failed) =>
        this.scheduler.post(() => {
          const remote = this.remotes.get(port);
          if (remote === undefined) failed("ECONNREFUSED");
          else {
            const within = this.#transportThreads[thread - 1] as TransportThread;
            const transport = new SimTransport(within, remote, port);
            remote.attach(transport);
            transport.attach(open(transport));
          }
          this.core(thread).flush();
        }),
    };
  }

  /** One that is set gives up the one before, which has to be for later. */
  #timerFor(core: () => BrokerCore): (delayMs: number) => void {
    let outstandingMs = Number.POSITIVE_INFINITY;
    let last = 0;
    return (delayMs) => {
      const dueMs = this.clock.monotonicMs() + delayMs;
      if (dueMs >= outstandingMs) this.timersInVain += 1;
      outstandingMs = dueMs;
      last += 1;
      const own = last;
      this.clock.setTimer(delayMs, () => {
        if (own !== last) return;
        outstandingMs = Number.POSITIVE_INFINITY;
        core().onTimer();
        core().flush();
      });
    };
  }

  #sharedLimits(): SharedLimits {
    const taken = this.#connectionsByAccount;
    return {
      permissionTokensMax: this.#options.permissionTokensMax ?? 1_000_000,
      subscriptionBytesMax: this.#options.subscriptionBytesMax ?? 1 << 30,
      responseBytesMax: this.#options.responseBytesMax ?? 1 << 27,
      acquireConnection: (account, max) => {
        const now = taken.get(account) ?? 0;
        if (max >= 0 && now >= max) return false;
        taken.set(account, now + 1);
        return true;
      },
      releaseConnection: (account) => {
        taken.set(account, (taken.get(account) ?? 0) - 1);
      },
      releaseAbove: (account, max) => {
        const now = taken.get(account) ?? 0;
        if (max < 0 || now <= max) return false;
        taken.set(account, now - 1);
        return true;
      },
    };
  }
}

function fillRandom(prng: Prng, out: Uint8Array): void {
  for (let at = 0; at < out.length; at += 1) out[at] = prng.below(256);
}

/** Control's part: there is one password, and no callout service. */
function answerOf(question: LoginQuestion): LoginAnswer {
  if (question.kind === "hash") {
    return { kind: "hash", matches: question.given === HASHED_PASSWORD };
  }
  if (question.kind === "plugin") {
    return { kind: "plugin", verdict: { kind: "refused", reason: "there is no module" } };
  }
  const { kind } = question;
  return kind === "callout" ? { kind, reason: "nobody listens" } : { kind, error: "no accounts" };
}
