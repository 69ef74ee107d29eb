// A reload from the file to the last thread (14.5). Control thread. The order is everything:
//
//   1. prepare: read, check, compile, compare, load, open. Any failure ends here: nothing changed.
//   2. the acceptor takes the new limit, so that nobody comes who would have to go at once.
//   3. every worker takes the snapshot between two turns, and answers when all its connections are
//      judged by it.
//   4. who is above a lowered limit goes: only now is known who is left.
//   5. the server says that it has reloaded.
//
// Must stay true: when 5 comes no thread follows a rule of before. Between 3 and 5 a thread with the
// new rules and one with the old ones meet; account indexes mean the same to both.
import type { BrokerSnapshot, ConnectionLimits, SnapshotEffects } from "@weft/broker";
import { formatProblem, type ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import { AccountRetirement } from "./account-retirement.ts";
import type { ConnectionRegistry } from "./connection-registry.ts";
import type { HashPool } from "./hash-pool.ts";
import type { Monitor } from "./monitor-wiring.ts";
import type { OperatorService } from "./operator-service.ts";
import { type PortsFile, serverUrls } from "./ports-file.ts";
import { refusalText } from "./refusal-text.ts";
import { reloadError } from "./reload-error.ts";
import { logPart, monitorPart, portsFilePart } from "./reload-files.ts";
import { abandonAll, type PreparedReload, prepareReload } from "./reload-prepare.ts";
import type {
  ReloadPart,
  ReloadResult,
  ReloadSource,
  Runtime,
  ServerConfiguration,
} from "./runtime.ts";
import { traceOptions } from "./server-snapshot.ts";
import type { SharedRegions } from "./shared-state.ts";
import type { SystemService } from "./system-service.ts";
import type { ThreadGroup } from "./thread-group.ts";
import type { FromWorker } from "./thread-messages.ts";

/** RL-01. */
const NO_FILE = "can only reload config when a file is provided using -c or --config";

/** Connections above lowered limits, and which limits. */
interface Excess {
  readonly closed: number;
  readonly limit: string;
}

/** The server as a reload sees it. */
export interface ReloadedServer {
  /** Its configuration and ports file are replaced. */
  readonly server: Pick<Runtime, "workersCount" | "port" | "monitoringUrl" | "inLameDuck"> & {
    configuration: ServerConfiguration;
    portsFile: PortsFile | undefined;
  };
  readonly log: LogSink;
  readonly threads: ThreadGroup;
  readonly hashes: HashPool;
  readonly regions: SharedRegions;
  readonly registry: Pick<ConnectionRegistry, "forgetAccounts">;
  /** What else follows a reload. */
  readonly parts: readonly ReloadPart[];
  readonly system: SystemService | undefined;
  readonly operator: OperatorService | undefined;
  /** Undefined while nobody has asked for a page. */
  monitor(): Promise<Monitor> | undefined;
  isUp(): boolean;
  isEnding(): boolean;
  snapshot(configuration: ServerConfiguration): BrokerSnapshot;
  /** `arrived`, or the end of the server if that comes first. */
  orDeath(arrived: Promise<unknown>): Promise<unknown>;
}

export class ServerReload {
  readonly #given: ReloadedServer;
  readonly #retirement: AccountRetirement;
  #effects: SnapshotEffects[] = [];
  #excessClosed = 0;

  constructor(given: ReloadedServer) {
    this.#given = given;
    this.#retirement = new AccountRetirement(given.regions.accountConnections);
  }

  /** Answers of workers come by here. */
  onWorkerMessage(worker: number, message: FromWorker): void {
    if (message.kind === "reloaded") this.#effects[worker] = message.effects;
    else if (message.kind === "excess-closed") this.#excessClosed += message.count;
  }

  /** Throws `ReloadError`, with everything as it was. */
  async run(source: ReloadSource | undefined): Promise<ReloadResult> {
    const { server, log, hashes, parts, operator } = this.#given;
    try {
      this.#mayReload();
      if (source === undefined) throw reloadError("no-file", NO_FILE);
      const prepared = await prepareReload(source, {
        current: server.configuration,
        boundPort: server.port,
        retirement: this.#retirement,
        accountsNow: operator === undefined ? undefined : () => operator.snapshot(),
        parts: [
          ...parts,
          portsFilePart(server, serverUrls(server)),
          logPart(log),
          monitorPart(() => this.#given.monitor()),
        ],
        compareHash: (stored, given) => hashes.compare(stored, given),
      });
      if (this.#refusal() !== undefined) await abandonAll(prepared.parts);
      this.#mayReload();
      return await this.#apply(prepared);
    } catch (error) {
      const { message } = error as Error;
      log.write("error", `Failed to reload server configuration: ${message}`);
      throw error;
    }
  }

  #refusal(): string | undefined {
    const { server, isUp, isEnding } = this.#given;
    if (isEnding()) return "the server is shutting down";
    if (server.inLameDuck) return "the server is in lame duck mode";
    return isUp() ? undefined : "the server is not ready";
  }

  #mayReload(): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) throw reloadError("ending", refusal);
  }

  async #apply(prepared: PreparedReload): Promise<ReloadResult> {
    const { server, hashes, parts, system, operator } = this.#given;
    const previous = server.configuration;
    const release = operator?.hold();
    let next: ServerConfiguration;
    try {
      next = await this.#commit(prepared);
    } finally {
      // Whatever happens: held, no account would follow its token ever again.
      release?.();
    }
    await operator?.reload(next.options);
    const excess = await this.#closeExcess(previous, next);
    this.#retirement.follow(next.accounts);
    this.#forgetAccounts(next);
    const result = this.#resultOf(prepared, excess.closed);
    this.#report(prepared, excess);
    hashes.follow(next.options);
    system?.reloaded(result);
    for (const part of parts) part.onReloaded?.(result);
    return result;
  }

  /** All threads have the new configuration when this is done. */
  async #commit(prepared: PreparedReload): Promise<ServerConfiguration> {
    const { server, parts, operator } = this.#given;
    operator?.configure(prepared.next.options);
    const accounts = operator?.snapshot() ?? prepared.next.accounts;
    const next: ServerConfiguration = { ...prepared.next, accounts };
    for (const part of prepared.parts) part.commit();
    const snapshot = this.#given.snapshot(next);
    server.configuration = next;
    await this.#tellAcceptor(next.options, snapshot);
    await this.#tellWorkers({ ...prepared, next }, snapshot);
    await this.#tellControl(next, snapshot);
    for (const part of parts) part.applySnapshot?.(snapshot);
    return next;
  }

  /** What control itself does by the snapshot; the workers have it. */
  async #tellControl(next: ServerConfiguration, snapshot: BrokerSnapshot): Promise<void> {
    const { system, log } = this.#given;
    system?.applySnapshot(snapshot);
    system?.setTrace(traceOptions(next.options));
    const monitor = await this.#given.monitor();
    try {
      await monitor?.follow(next.options, next.accounts, next.digest ?? "");
    } catch (error) {
      log.write("error", `Monitoring did not follow the reload: ${(error as Error).message}`);
    }
  }

  #forgetAccounts({ accounts: { accounts } }: ServerConfiguration): void {
    const live = accounts.filter(({ retired }) => retired !== true).map(({ name }) => name);
    const names = new Set(live);
    this.#given.registry.forgetAccounts((name) => names.has(name));
  }

  async #tellAcceptor(options: ServerOptions, snapshot: BrokerSnapshot): Promise<void> {
    const refusals = snapshot.listeners.map((listener) => refusalText(snapshot, listener));
    const { addressLimits } = options;
    const connectionsMax = options.limits.maxConnections;
    await this.#answered("acceptor-reloaded", 1, () =>
      this.#given.threads.tellAcceptor({ kind: "reload", connectionsMax, addressLimits, refusals }),
    );
  }

  async #tellWorkers(prepared: PreparedReload, snapshot: BrokerSnapshot): Promise<void> {
    const { next, sameSecrets, tlsChanged } = prepared;
    const { debug } = next.options.logging;
    const trace = traceOptions(next.options);
    this.#effects = [];
    await this.#answered("reloaded", this.#given.server.workersCount, () =>
      this.#given.threads.tellWorkers({
        kind: "reload",
        snapshot,
        sameSecrets,
        tls: tlsChanged ? [next.tls ?? null] : undefined,
        pinnedKeys: tlsChanged ? (next.tls?.pinnedKeys ?? []) : [],
        debug,
        trace,
      }),
    );
  }

  /** RL-06: where a limit was lowered. */
  async #closeExcess(previous: ServerConfiguration, next: ServerConfiguration): Promise<Excess> {
    const accounts = loweredAccounts(previous, next);
    const max = next.options.limits.maxConnections;
    const open = this.#effects.map(({ connections }) => connections);
    const total = open.reduce((sum, count) => sum + count, 0);
    const isLowered = isLower(max, previous.options.limits.maxConnections);
    const limit = isLowered ? "max_connections" : "the limits of accounts";
    if (accounts.size === 0 && !isLowered) return { closed: 0, limit };
    this.#excessClosed = 0;
    const shares = isLowered
      ? sharesOf(open, total, max)
      : open.map(() => Number.POSITIVE_INFINITY);
    const { threads, server } = this.#given;
    await this.#answered("excess-closed", server.workersCount, () => {
      for (const [worker, connectionsMax] of shares.entries()) {
        const limits: ConnectionLimits = { connectionsMax, accounts };
        threads.tellWorker(worker, { kind: "close-excess", limits });
      }
    });
    return { closed: this.#excessClosed, limit };
  }

  async #answered(
    kind: "acceptor-reloaded" | "reloaded" | "excess-closed",
    count: number,
    ask: () => void,
  ): Promise<void> {
    const { threads } = this.#given;
    const answer = threads.arrival(kind, count);
    ask();
    await this.#given.orDeath(answer);
    if (this.#given.isEnding()) this.#mayReload();
  }

  #resultOf(prepared: PreparedReload, excessClosed: number): ReloadResult {
    const sum = (name: keyof SnapshotEffects): number =>
      this.#effects.reduce((total, effects) => total + effects[name], 0);
    const { digest, loadedAt } = prepared.next;
    return {
      changes: prepared.changes.map(({ text }) => text),
      connectionsClosed: sum("closed") + excessClosed,
      subscriptionsRemoved: sum("subscriptionsRemoved"),
      digest,
      loadedAt,
    };
  }

  /** LG-17, RL-14. */
  #report({ changes, warnings, next }: PreparedReload, { closed, limit }: Excess): void {
    const { log } = this.#given;
    for (const warning of warnings) log.write("warn", formatProblem(warning));
    if (closed > 0) log.write("info", `Closed ${closed} connections to fall within ${limit}`);
    for (const { text } of changes) log.write("info", `Reloaded: ${text}`);
    const digest = next.digest === undefined ? "" : ` (${next.digest})`;
    log.write("info", `Reloaded server configuration${digest}`);
  }
}

/** True if `max` is a bound that `before` was not; negative = none. */
function isLower(max: number, before: number): boolean {
  return max >= 0 && (before < 0 || max < before);
}

/** Indexes of accounts whose connection limit was lowered. */
function loweredAccounts(
  previous: ServerConfiguration,
  next: ServerConfiguration,
): ReadonlyMap<number, number> {
  const lowered = new Map<number, number>();
  for (const { index, limits, retired } of next.accounts.accounts) {
    const before = previous.accounts.accounts[index]?.limits.connectionsMax ?? -1;
    if (retired !== true && isLower(limits.connectionsMax, before)) {
      lowered.set(index, limits.connectionsMax);
    }
  }
  return lowered;
}

/** How many each worker may keep: in proportion to what it has, together `max`. */
export function sharesOf(open: readonly number[], total: number, max: number): number[] {
  if (total <= max) return [...open];
  const shares = open.map((count) => Math.floor((count * max) / total));
  let left = max - shares.reduce((sum, share) => sum + share, 0);
  for (let worker = 0; left > 0; worker = (worker + 1) % open.length) {
    if ((shares[worker] as number) >= (open[worker] as number)) continue;
    shares[worker] = (shares[worker] as number) + 1;
    left -= 1;
  }
  return shares;
}
