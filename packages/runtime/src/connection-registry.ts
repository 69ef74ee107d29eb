// Everybody's connections as monitoring sees them: the boards of all workers for those that live, a
// ring for those that are finished, another for slow consumers, totals by account. Control thread.
// Reading asks no worker for anything. What must stay true: nothing here grows with the number of
// connections that ever were, nor with the accounts that ever were.
import { decodeFacts, FIGURE_CLIENT_ID, FIGURES_COUNT, LIMITS } from "@weft/base";
import type { ClosedConnection, FinishedConnection } from "@weft/broker";
import { type FinishedTotals, type LiveConnections, ShownCounters } from "@weft/monitor";
import { ConnectionSlotsReader } from "@weft/shm";
import { ClosedConnections } from "./closed-connections.ts";
import {
  addTotals,
  isSlowConsumer,
  type MutableTotals,
  NO_TOTALS,
  type RecordAfterGap,
  totalsOf,
} from "./closed-connections-gap.ts";
import { LastTokens } from "./last-tokens.ts";

/** Slow consumers remembered. */
const SLOW_MAX = 1_000;
/** Places that are read between two pauses: less than a millisecond. */
const PLACES_PER_SLICE = 1_024;
/** How long `settled` waits for the records of what is closed already. */
const SETTLE_MS = 250;

export interface ConnectionRegistryOptions {
  /** One board for each worker, in order. */
  readonly boards: readonly SharedArrayBuffer[];
  readonly closedMax: number;
  /** Connections that workers have closed since the start. */
  closedCount(): number;
}

export class ConnectionRegistry {
  readonly #options: ConnectionRegistryOptions;
  readonly #readers: readonly ConnectionSlotsReader[];
  readonly #closed: ClosedConnections;
  readonly #slow = new ClosedConnections(SLOW_MAX);
  readonly #totals = new Map<string, MutableTotals>();
  /** Facts that found no room on a board. */
  readonly #long = new Map<number, string>();
  readonly #tokens: LastTokens;
  readonly #byReason = new Map<string, number>();
  readonly shown = new ShownCounters();
  #recorded = 0;
  #waiting: (() => void)[] = [];

  constructor(options: ConnectionRegistryOptions) {
    this.#options = options;
    this.#readers = options.boards.map((board) => new ConnectionSlotsReader(board));
    this.#closed = new ClosedConnections(options.closedMax);
    this.#tokens = new LastTokens(options.closedMax);
  }

  /** From a worker. */
  finished(received: readonly RecordAfterGap[]): void {
    const records = received.map((record) => this.#tokens.takeFrom(this.#takeGap(record)));
    this.#recorded += records.length;
    this.#closed.add(records);
    this.#countReasons(records);
    for (const record of records) {
      this.#long.delete(record.clientId);
      if (isSlowConsumer(record)) this.#slow.add([record]);
      if (record.account !== "") addTotals(this.#totalsOf(record.account), totalsOf(record));
    }
    for (const wake of this.#waiting) wake();
  }

  /** Counts those before it that have no record; the record comes back without them. */
  #takeGap(record: RecordAfterGap): FinishedConnection {
    const { gap, ...rest } = record;
    if (gap === undefined) return record;
    this.#recorded += gap.clientIds.length;
    for (const clientId of gap.clientIds) this.#long.delete(clientId);
    for (const [reason, count] of gap.byReason) this.#countReason(reason, count);
    for (const [account, totals] of gap.totals) addTotals(this.#totalsOf(account), totals);
    return rest;
  }

  /** From the acceptor: they were refused and never lived. */
  refused(records: readonly FinishedConnection[]): void {
    this.#closed.add(records);
    this.#countReasons(records);
  }

  /** Long facts that are kept. For tests: nothing else shows that those of the gone are given up. */
  get describedCount(): number {
    return this.#long.size;
  }

  described(clientId: number, facts: string): void {
    this.#long.set(clientId, facts);
  }

  /** All at once; see `liveInSlices`. */
  live(): LiveConnections {
    const reading = this.liveInSlices();
    for (;;) {
      const step = reading.next();
      if (step.done === true) return step.value;
    }
  }

  /**
   * Yields after every slice of places: reading tens of thousands takes tens of milliseconds. A
   * connection keeps its place, so none is read twice; who comes meanwhile may be there or not.
   */
  *liveInSlices(): Generator<undefined, LiveConnections> {
    const places = this.#readers.reduce((sum, reader) => sum + reader.places, 0);
    const figures = new Float64Array(places * FIGURES_COUNT);
    const workers = new Uint8Array(places);
    const placeOf = new Int32Array(places);
    let count = 0;
    for (const [index, reader] of this.#readers.entries()) {
      const until = reader.places;
      for (let place = 0; place < until && count < places; place += 1) {
        if (place % PLACES_PER_SLICE === PLACES_PER_SLICE - 1) yield;
        if (!reader.figures(place, figures, count * FIGURES_COUNT)) continue;
        workers[count] = index + 1;
        placeOf[count] = place;
        count += 1;
      }
    }
    return {
      count,
      figures,
      worker: (row) => workers[row] as number,
      facts: (row) => {
        const clientId = figures[row * FIGURES_COUNT + FIGURE_CLIENT_ID] as number;
        const reader = this.#readers[(workers[row] as number) - 1] as ConnectionSlotsReader;
        const text = reader.text(placeOf[row] as number, clientId);
        if (text === undefined) return undefined;
        return decodeFacts(text === "" ? (this.#long.get(clientId) ?? "") : text);
      },
    };
  }

  /** Oldest first. */
  closed(): ClosedConnection[] {
    return this.#closed.list().map(decodeRecord);
  }

  /** Oldest first. */
  slowConsumers(): ClosedConnection[] {
    return this.#slow.list().map(decodeRecord);
  }

  /** The same records with their facts still as a text: few of them are ever read. */
  finishedRecords(): readonly FinishedConnection[] {
    return this.#closed.list();
  }

  slowRecords(): readonly FinishedConnection[] {
    return this.#slow.list();
  }

  /** Of a finished connection, without the signature. */
  tokenOf(clientId: number): string | undefined {
    return this.#tokens.of(clientId);
  }

  /** Since the start; reasons are a fixed set. */
  finishedByReason(): ReadonlyMap<string, number> {
    return this.#byReason;
  }

  /** Of finished connections only; see `live` for the others. */
  finishedTotals(account: string): FinishedTotals {
    return this.#totals.get(account) ?? NO_TOTALS;
  }

  /** Accounts that are gone: one of the same name begins anew, as in the reference. */
  forgetAccounts(isThere: (name: string) => boolean): void {
    for (const name of this.#totals.keys()) if (!isThere(name)) this.#totals.delete(name);
    this.shown.forgetOthers(isThere);
  }

  /**
   * Waits, for a moment at most, until the records of all connections that workers have closed so
   * far are here: a reader who saw a connection end then finds it among the closed ones.
   */
  settled(): Promise<void> {
    const target = this.#options.closedCount();
    if (this.#recorded >= target) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting = this.#waiting.filter((one) => one !== wake);
        resolve();
      };
      const wake = (): void => {
        if (this.#recorded >= target) finish();
      };
      const timer = setTimeout(finish, SETTLE_MS);
      this.#waiting.push(wake);
    });
  }

  #countReasons(records: readonly FinishedConnection[]): void {
    for (const { reason } of records) this.#countReason(reason, 1);
  }

  #countReason(reason: string, count: number): void {
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + count);
  }

  #forgetFirst(): void {
    for (const first of this.#totals.keys()) {
      this.#totals.delete(first);
      this.shown.forget(first);
      return;
    }
  }

  #totalsOf(account: string): MutableTotals {
    let totals = this.#totals.get(account);
    if (totals === undefined) {
      totals = { ...NO_TOTALS };
      this.#totals.set(account, totals);
      if (this.#totals.size > TOTALS_MAX) this.#forgetFirst();
    }
    return totals;
  }
}

/** Names of accounts that came and went one by one stay until there are too many. */
const TOTALS_MAX = 2 * LIMITS.accountsMax;

function decodeRecord(record: FinishedConnection): ClosedConnection {
  const { facts, ...figures } = record;
  return { ...decodeFacts(facts), ...figures };
}
