// What connections of an account have done, open and finished ones together. Thread: control.
import {
  FIGURE_IN_BYTES,
  FIGURE_IN_MESSAGES,
  FIGURE_OUT_BYTES,
  FIGURE_OUT_MESSAGES,
  FIGURE_SUBSCRIPTIONS,
  FIGURES_COUNT,
} from "@weft/base";
import type { FinishedTotals, MonitorFacts, Steps } from "./facts.ts";

/** Open connections whose account is looked up between two pauses. */
const SLICE_CONNECTIONS = 256;
const SLICE_ACCOUNTS = 4_096;

export interface AccountTotals {
  /** Open. */
  connections: number;
  /** Open and finished. */
  connectionsTotal: number;
  subscriptions: number;
  inMessages: number;
  inBytes: number;
  outMessages: number;
  outBytes: number;
  slowConsumers: number;
}

function fromFinished(finished: FinishedTotals): AccountTotals {
  const { connections: connectionsTotal, ...rest } = finished;
  return { ...rest, connections: 0, connectionsTotal, subscriptions: 0 };
}

/** By name, for all accounts of the configuration. */
export function* allAccountTotals(facts: MonitorFacts): Steps<ReadonlyMap<string, AccountTotals>> {
  const totals = new Map<string, AccountTotals>();
  const { connections } = facts;
  for (const { name } of facts.accounts()) {
    totals.set(name, fromFinished(connections.finishedTotals(name)));
    if (totals.size % SLICE_ACCOUNTS === 0) yield { kind: "pause" };
  }
  yield { kind: "pause" };
  const live = yield* connections.live();
  const { figures } = live;
  for (let row = 0; row < live.count; row += 1) {
    if (row % SLICE_CONNECTIONS === SLICE_CONNECTIONS - 1) yield { kind: "pause" };
    const account = totals.get(live.facts(row)?.account ?? "");
    if (account === undefined) continue;
    const at = row * FIGURES_COUNT;
    account.connections += 1;
    account.connectionsTotal += 1;
    account.subscriptions += figures[at + FIGURE_SUBSCRIPTIONS] as number;
    account.inMessages += figures[at + FIGURE_IN_MESSAGES] as number;
    account.inBytes += figures[at + FIGURE_IN_BYTES] as number;
    account.outMessages += figures[at + FIGURE_OUT_MESSAGES] as number;
    account.outBytes += figures[at + FIGURE_OUT_BYTES] as number;
  }
  return totals;
}

/** Of one account; all 0 when there is none of that name. */
export function* accountTotals(facts: MonitorFacts, name: string): Steps<AccountTotals> {
  const all = yield* allAccountTotals(facts);
  return all.get(name) ?? fromFinished(facts.connections.finishedTotals(name));
}
