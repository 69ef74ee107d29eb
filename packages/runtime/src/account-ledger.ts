// What each account has and did: live connections from the boards, finished ones from the registry,
// counts from the gauge that holds their limits. Control thread; asks no worker. Must stay true: no
// more is remembered than there are live connections.
import type { AccountSnapshot } from "@weft/accounts";
import {
  FIGURE_CLIENT_ID,
  FIGURE_IN_BYTES,
  FIGURE_IN_MESSAGES,
  FIGURE_OUT_BYTES,
  FIGURE_OUT_MESSAGES,
  FIGURE_SUBSCRIPTIONS,
  FIGURES_COUNT,
} from "@weft/base";
import { accountStatistics } from "@weft/monitor";
import type { SharedGauge } from "@weft/shm";
import type { ConnectionRegistry } from "./connection-registry.ts";
import { nextTurn } from "./monitor-steps.ts";

interface LiveSums {
  subscriptions: number;
  inMessages: number;
  inBytes: number;
  outMessages: number;
  outBytes: number;
}

/** What is told of who an account is. */
type NamedAccount = Pick<AccountSnapshot, "name" | "nameTag">;

type ConnectionReadings = Pick<ConnectionRegistry, "liveInSlices" | "finishedTotals">;

type LiveSumsByName = ReadonlyMap<string, LiveSums>;

/** Connections that are summed between two pauses; some of them have their facts taken apart. */
const ROWS_PER_SLICE = 256;

const NO_SUMS: LiveSums = {
  subscriptions: 0,
  inMessages: 0,
  inBytes: 0,
  outMessages: 0,
  outBytes: 0,
};

export class AccountLedger {
  /** By index; whoever set the list changes it in place. */
  accounts: readonly NamedAccount[];
  readonly #connections: ConnectionReadings;
  readonly #gauge: SharedGauge;
  /** Account of each live connection that has logged in: taking its facts apart costs most. */
  #accounts = new Map<number, string>();
  #reading: Promise<LiveSumsByName> | undefined;
  #nextReading: Promise<LiveSumsByName> | undefined;

  constructor(
    accounts: readonly NamedAccount[],
    connections: ConnectionReadings,
    gauge: SharedGauge,
  ) {
    this.accounts = accounts;
    this.#connections = connections;
    this.#gauge = gauge;
  }

  connections(account: number): number {
    return this.#gauge.count(account);
  }

  /** What `/accstatz` says of these accounts (indexes), from one reading that begins now or later. */
  async statistics(accounts: readonly number[]): Promise<object[]> {
    const sums = await this.#liveSums();
    return accounts.map((index) => {
      const account = { name: "", ...this.accounts[index] };
      const live = sums.get(account.name) ?? NO_SUMS;
      const finished = this.#connections.finishedTotals(account.name);
      const connections = this.#gauge.count(index);
      return accountStatistics(account, {
        connections,
        connectionsTotal: connections + finished.connections,
        subscriptions: live.subscriptions,
        inMessages: live.inMessages + finished.inMessages,
        inBytes: live.inBytes + finished.inBytes,
        outMessages: live.outMessages + finished.outMessages,
        outBytes: live.outBytes + finished.outBytes,
        slowConsumers: finished.slowConsumers,
      });
    });
  }

  /** One reading serves all who asked before it began, so there are two at most. */
  #liveSums(): Promise<LiveSumsByName> {
    if (this.#reading === undefined) return this.#startReading();
    this.#nextReading ??= this.#reading.then(() => this.#startReading());
    return this.#nextReading;
  }

  #startReading(): Promise<LiveSumsByName> {
    this.#nextReading = undefined;
    const reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /** In slices: reading tens of thousands in one go would hold control up for as many µs. */
  async #read(): Promise<LiveSumsByName> {
    const slices = this.#connections.liveInSlices();
    let slice = slices.next();
    for (; slice.done !== true; slice = slices.next()) await nextTurn();
    const live = slice.value;
    const sums = new Map<string, LiveSums>();
    const known = new Map<number, string>();
    for (let row = 0; row < live.count; row += 1) {
      if (row % ROWS_PER_SLICE === ROWS_PER_SLICE - 1) await nextTurn();
      const at = row * FIGURES_COUNT;
      const clientId = live.figures[at + FIGURE_CLIENT_ID] as number;
      const account = this.#accounts.get(clientId) ?? live.facts(row)?.account ?? "";
      if (account === "") continue;
      known.set(clientId, account);
      let sum = sums.get(account);
      if (sum === undefined) {
        sum = { ...NO_SUMS };
        sums.set(account, sum);
      }
      addFigures(sum, live.figures, at);
    }
    this.#accounts = known;
    return sums;
  }
}

function addFigures(sum: LiveSums, figures: Float64Array, at: number): void {
  sum.subscriptions += figures[at + FIGURE_SUBSCRIPTIONS] as number;
  sum.inMessages += figures[at + FIGURE_IN_MESSAGES] as number;
  sum.inBytes += figures[at + FIGURE_IN_BYTES] as number;
  sum.outMessages += figures[at + FIGURE_OUT_MESSAGES] as number;
  sum.outBytes += figures[at + FIGURE_OUT_BYTES] as number;
}
