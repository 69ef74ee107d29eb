// One server as its control thread runs it: starts the other threads, answers what their cores ask,
// writes the log, and ends everything. Nothing on the message path waits for it.
// What must stay true: after `closed` settles no thread, port, timer or file of the server is left.
import { randomInt } from "node:crypto";
import type { BrokerSnapshot, ClosedConnection, WorkerCounters } from "@weft/broker";
import { isOperatorMode, type ServerOptions } from "@weft/config";
import type { Mailbox } from "@weft/shm";
import type { Authentication } from "./authentication.ts";
import { logBanner, logReady } from "./banner.ts";
import { clientTls } from "./client-tls.ts";
import { ConnectionRegistry } from "./connection-registry.ts";
import { openControlMailbox } from "./control-mailbox.ts";
import { tellFailedLogins } from "./failed-logins.ts";
import { HashPool } from "./hash-pool.ts";
import { createServerKeys, type ServerKeys } from "./identity.ts";
import { LoginQuestions } from "./login-questions.ts";
import { monitoredAccounts } from "./monitor-facts.ts";
import type { Monitor } from "./monitor-wiring.ts";
import type { OperatorService } from "./operator-service.ts";
import { PortsFile, serverUrls } from "./ports-file.ts";
import { ProcessUsage } from "./process-usage.ts";
import type { ServerReloads } from "./reload-queue.ts";
import type { ReloadedServer } from "./reload-server.ts";
import type { ReloadResult, Runtime, RuntimeOptions, ServerConfiguration } from "./runtime.ts";
import { ServerEnd } from "./server-end.ts";
import { closedCount, serverFigures } from "./server-figures.ts";
import { localUrl } from "./server-files.ts";
import { brokerSnapshot, serverIdentity, traceOptions } from "./server-snapshot.ts";
import type { SharedRegions } from "./shared-state.ts";
import { workersCountFor } from "./spawn.ts";
import { SubscriptionLists } from "./subscription-lists.ts";
import { reloadRefusal, SystemService } from "./system-service.ts";
import { ThreadGroup } from "./thread-group.ts";
import type { FromAcceptor, FromWorker } from "./thread-messages.ts";
import { startThreads } from "./thread-seeds.ts";
import { type Watchdog, watchWorkers } from "./watchdog.ts";
import { WORKER_COUNTERS } from "./worker-counters.ts";

/** Threads that do not answer by then are ended without an answer. */
const STOP_WAIT_MS = 3_000;
/** Longest time of a timer: Node takes a longer one for none. */
const TIMER_MS_MAX = 0x7fff_ffff;

export class RunningServer implements Runtime {
  readonly workersCount: number;
  readonly #end = new ServerEnd();
  readonly closed = this.#end.closed;
  host = "";
  port = 0;
  inLameDuck = false;
  readonly #given: RuntimeOptions;
  configuration: ServerConfiguration;
  readonly #keys: ServerKeys = createServerKeys();
  readonly #threads: ThreadGroup;
  readonly #hashes: HashPool;
  readonly #logins: LoginQuestions;
  readonly #lists: SubscriptionLists;
  #monitor: Monitor | undefined;
  #monitorLoaded: Promise<Monitor> | undefined;
  #regions: SharedRegions | undefined;
  #connections: ConnectionRegistry | undefined;
  #mailbox: Mailbox | undefined;
  #system: SystemService | undefined;
  #operator: OperatorService | undefined;
  readonly #startedUnixMs = Date.now();
  readonly #usage = new ProcessUsage([]);
  #watchdog: Watchdog | undefined;
  portsFile: PortsFile | undefined;
  #reloads: ServerReloads | undefined;
  #boundPort: number | Error = new Error("the listener gave no answer");
  #ending: Promise<void> | undefined;
  #isUp = false;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(given: RuntimeOptions, modules?: Authentication) {
    const { options, log, accounts, configDigest: digest } = given;
    this.#given = given;
    this.configuration = { options, accounts, tls: undefined, digest, loadedAt: new Date() };
    this.workersCount = workersCountFor(options.workers);
    this.#hashes = new HashPool((text) => log.write("error", text));
    this.#logins = new LoginQuestions(this.#hashes, () => this.#system, modules);
    this.#threads = new ThreadGroup({
      log,
      onWorkerMessage: (worker, message) => this.#onWorkerMessage(worker, message),
      onAcceptorMessage: (message) => this.#onAcceptorMessage(message),
      onDeath: (text) => this.#onDeath(text),
    });
    this.#lists = new SubscriptionLists((worker, message) =>
      this.#threads.tellWorker(worker, message),
    );
    log.onFatal((error) => this.#onDeath(error.message));
  }

  get id(): string {
    return this.#keys.id;
  }

  get name(): string {
    return this.configuration.options.serverName ?? this.id;
  }

  get url(): string {
    return localUrl(this.configuration.options, this.port);
  }

  get monitoringUrl(): string | undefined {
    return this.#monitor?.service.url;
  }

  get blockedWorkers(): readonly number[] {
    return this.#watchdog?.blocked ?? [];
  }

  /** Throws, with everything ended, when the server cannot start. */
  async start(): Promise<void> {
    try {
      const loaded = this.#startThreads();
      logBanner(this.#given, this);
      const tls = await clientTls(this.#given.options);
      await this.#logins.open(this.#given.options);
      this.configuration = { ...this.configuration, tls };
      await this.#end.or(loaded);
      await this.#listen();
      await this.#startMonitoring();
      await this.#openOperator();
      const snapshot = this.#snapshot(this.configuration);
      const ready = this.#threads.arrival("ready", this.workersCount);
      const hashSeed = randomInt(0x1_0000_0000);
      this.#openSystem(snapshot, hashSeed);
      const trace = traceOptions(this.#given.options);
      this.#threads.tellWorkers({ kind: "start", snapshot, tls: [tls ?? null], hashSeed, trace });
      await this.#end.or(ready);
      const { refusalText } = await import("./refusal-text.ts");
      const texts = snapshot.listeners.map((listener) => refusalText(snapshot, listener));
      this.#threads.tellAcceptor({ kind: "refusals", texts });
      this.#isReady();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async reload(source = this.#given.reloadSource): Promise<ReloadResult> {
    if (this.#reloads === undefined) {
      const { ServerReloads } = await import("./reload-queue.ts");
      this.#reloads ??= new ServerReloads(this.#reloadedServer());
    }
    return this.#reloads.add(source);
  }

  close(): Promise<void> {
    this.#ending ??= this.#endAll(this.#isUp).then(() => this.#end.reached());
    return this.#ending;
  }

  async enterLameDuck(): Promise<void> {
    if (this.inLameDuck || this.#ending !== undefined) return this.closed;
    this.inLameDuck = true;
    const { log } = this.#given;
    log.write("info", "Entering lame duck mode, stop accepting new clients");
    this.#system?.lameDuck();
    this.#threads.tellAcceptor({ kind: "stop" });
    this.#threads.tellWorkers({ kind: "lame-duck" });
    const { lameDuckGraceMs: graceMs, lameDuckDurationMs: durationMs } = this.configuration.options;
    this.#graceTimer = setTimeout(
      () => {
        log.write("info", "Closing existing clients");
        void this.#threads.arrival("drained", this.workersCount).then(() => this.close());
        this.#threads.tellWorkers({ kind: "drain", durationMs: Math.max(0, durationMs - graceMs) });
      },
      Math.min(graceMs, TIMER_MS_MAX),
    );
    return this.closed;
  }

  reopenLog(): void {
    this.#given.log.reopen();
  }

  async updateLogging(options: ServerOptions): Promise<void> {
    const { log } = this.#given;
    await log.update?.(options.logging);
    const { debug } = options.logging;
    const trace = traceOptions(options);
    this.#system?.setTrace(trace);
    this.#threads.tellWorkers({ kind: "log-levels", debug, trace });
  }

  counters(): Record<keyof WorkerCounters, number> {
    if (this.#regions === undefined) throw new Error("the server has not started");
    return WORKER_COUNTERS.totals(this.#regions.counters);
  }

  closedConnections(): readonly ClosedConnection[] {
    return this.#connections?.closed() ?? [];
  }

  /**
   * What pages and answers about the server are made of; loaded at the first call, which may come
   * once the client port is known.
   */
  monitor(): Promise<Monitor> {
    this.#monitorLoaded ??= this.#loadMonitor();
    return this.#monitorLoaded;
  }

  async #loadMonitor(): Promise<Monitor> {
    const { createMonitor } = await import("./monitor-wiring.ts");
    const monitor = await createMonitor({
      ...this.#given,
      ...this.configuration,
      ...monitoredAccounts(this.#operator, this.configuration),
      configDigest: this.configuration.digest,
      keys: this.#keys,
      port: this.port,
      workersCount: this.workersCount,
      startedUnixNanos: BigInt(this.#startedUnixMs) * 1_000_000n,
      regions: this.#regions!,
      registry: this.#connections!,
      threads: this.#threads,
      hashes: this.#hashes,
      lists: this.#lists,
      blockedWorkers: () => this.blockedWorkers,
      logins: this.#logins,
      isListening: () => this.#isUp && !this.inLameDuck && this.#ending === undefined,
    });
    this.#monitor = monitor;
    return monitor;
  }

  #startThreads(): Promise<unknown> {
    const { options, coreModule, prestarted } = this.#given;
    const loaded = this.#threads.arrival("loaded", this.workersCount + 1);
    const { regions, mailbox } = startThreads(this.#threads, {
      workersCount: this.workersCount,
      options,
      coreModule,
      prestarted,
    });
    this.#regions = regions;
    this.#connections = new ConnectionRegistry({
      boards: regions.boards,
      closedMax: options.limits.maxClosedClients,
      closedCount: () => closedCount(this.counters()),
    });
    this.#mailbox = openControlMailbox(mailbox, () => this.#system);
    return loaded;
  }

  /** The server's own services, before any worker can be asked for them. */
  #openSystem(snapshot: BrokerSnapshot, hashSeed: number): void {
    if (!snapshot.accounts.hasSystemAccount) return;
    this.#system = new SystemService({
      snapshot,
      hashSeed,
      keys: this.#keys,
      log: this.#given.log,
      trace: traceOptions(this.#given.options),
      regions: this.#regions!,
      mailbox: this.#mailbox!,
      connections: this.#connections!,
      figures: (accountsActive) =>
        serverFigures(this, this.#startedUnixMs, this.#usage, accountsActive),
      tellWorker: (worker, ticket, order) =>
        this.#threads.tellWorker(worker, { kind: "order", ticket, order }),
      pages: () => this.monitor(),
      reload: () => reloadRefusal(this),
      claims: this.#operator,
    });
  }

  /** Accounts by tokens, before any worker asks for them. */
  async #openOperator(): Promise<void> {
    if (!isOperatorMode(this.#given.options)) return;
    const { openOperator } = await import("./operator-wiring.ts");
    this.#operator = await openOperator(this.#given, {
      regions: this.#regions!,
      threads: this.#threads,
      system: () => this.#system,
      monitor: () => this.#monitorLoaded,
    });
    this.#logins.accounts = this.#operator;
    this.configuration = { ...this.configuration, accounts: this.#operator.snapshot() };
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#given.options;
    const answered = this.#threads.arrival("listen-answer", 1);
    this.#threads.tellAcceptor({ kind: "listen", listeners: [{ listener: 0, host, port }] });
    await this.#end.or(answered);
    if (typeof this.#boundPort !== "number") throw this.#boundPort;
    this.host = host;
    this.port = this.#boundPort;
  }

  /** MO-01. Before the workers are ready, so that health checks hear that they are not yet. */
  async #startMonitoring(): Promise<void> {
    const { options } = this.#given;
    if (options.monitoring === undefined) return;
    const { service } = await this.monitor();
    await service.start(options);
  }

  #snapshot({ options, accounts }: ServerConfiguration): BrokerSnapshot {
    const server = serverIdentity(options, this.#keys, this.port);
    return brokerSnapshot(options, accounts, server, this.#operator);
  }

  #isReady(): void {
    const { options, log } = this.#given;
    this.#isUp = true;
    this.#system?.start();
    this.#watchdog = watchWorkers(this.#regions!.heartbeats, log);
    if (options.portsFileDir !== undefined) {
      this.portsFile = new PortsFile(options.portsFileDir, process.pid);
      this.portsFile.write(serverUrls(this));
    }
    logReady(this.#given, this);
    this.#hashes.follow(options);
  }

  #reloadedServer(): ReloadedServer {
    return {
      server: this,
      log: this.#given.log,
      threads: this.#threads,
      hashes: this.#hashes,
      regions: this.#regions!,
      registry: this.#connections!,
      parts: this.#given.reloadParts ?? [],
      system: this.#system,
      operator: this.#operator,
      monitor: () => this.#monitorLoaded,
      isUp: () => this.#isUp,
      isEnding: () => this.#ending !== undefined,
      snapshot: (configuration) => this.#snapshot(configuration),
      orDeath: (arrived) => this.#end.or(arrived),
    };
  }

  #onWorkerMessage(worker: number, message: FromWorker): void {
    if (message.kind === "connections-closed") this.#connections?.finished(message.records);
    tellFailedLogins(this.#threads, this.configuration.options.addressLimits, message);
    if (message.kind === "connection-facts") {
      this.#connections?.described(message.clientId, message.facts);
    }
    this.#reloads?.onWorkerMessage(worker, message);
    if (message.kind === "order-answer") this.#system?.orderAnswered(message);
    if (message.kind === "subscriptions") this.#lists.answered(message.ticket, message.answer);
    if (message.kind !== "login-question") return;
    const { ticket, question } = message;
    void this.#logins
      .answer(question, worker)
      .then((answer) => this.#threads.tellWorker(worker, { kind: "login-answer", ticket, answer }));
  }

  #onAcceptorMessage(message: FromAcceptor): void {
    if (message.kind === "connections-closed") {
      this.#connections?.refused(message.records);
      this.#system?.refused(message.records);
    }
    if (message.kind !== "listen-answer") return;
    this.#boundPort = message.ports[0] ?? new Error(message.error ?? "not listening");
  }

  /** F27. */
  #onDeath(text: string): void {
    this.#given.log.writeFatal(text);
    this.#ending ??= this.#endAll(false);
    this.#end.died(text);
  }

  async #endAll(orderly: boolean): Promise<void> {
    const { log } = this.#given;
    clearTimeout(this.#graceTimer);
    this.#watchdog?.stop();
    this.#threads.expectEnd();
    this.#monitor?.service.refuse();
    if (orderly) {
      log.write("info", "Initiating Shutdown...");
      this.#system?.shutdown();
      await this.#threads.stopAll(STOP_WAIT_MS);
    }
    await this.#threads.terminate();
    this.#system?.close();
    this.#lists.close();
    await this.#monitor?.service.close();
    this.#mailbox?.close();
    await this.#operator?.close();
    await this.#logins.close();
    this.portsFile?.remove();
    if (orderly) log.write("info", "Server Exiting..");
    await log.close();
  }
}
