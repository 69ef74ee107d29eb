// Finished connections whose records were given up, since too many ended between two ticks (CP-110).
// A worker counts them, control adds the counts to its own. Must stay true: of what a client said
// nothing is kept but the account; what grows with their number is one id for each, until the tick.
import type { FinishedConnection } from "@weft/broker";
import type { FinishedTotals } from "@weft/monitor";

/** Of one account. */
export type MutableTotals = { -readonly [K in keyof FinishedTotals]: FinishedTotals[K] };

export const NO_TOTALS: FinishedTotals = {
  connections: 0,
  inMessages: 0,
  inBytes: 0,
  outMessages: 0,
  outBytes: 0,
  slowConsumers: 0,
};

/** Plain data: it travels between threads. */
export interface ClosedGap {
  readonly clientIds: number[];
  readonly byReason: Map<string, number>;
  /** By name of the account; without those that had none. */
  readonly totals: Map<string, MutableTotals>;
}

/** A record, and those before it that were given up. */
export interface RecordAfterGap extends FinishedConnection {
  readonly gap?: ClosedGap | undefined;
}

export function emptyGap(): ClosedGap {
  return { clientIds: [], byReason: new Map(), totals: new Map() };
}

export function giveUp({ clientIds, byReason, totals }: ClosedGap, of: FinishedConnection): void {
  clientIds.push(of.clientId);
  byReason.set(of.reason, (byReason.get(of.reason) ?? 0) + 1);
  if (of.account === "") return;
  let own = totals.get(of.account);
  if (own === undefined) {
    own = { ...NO_TOTALS };
    totals.set(of.account, own);
  }
  addTotals(own, totalsOf(of));
}

export function isSlowConsumer({ reason }: Pick<FinishedConnection, "reason">): boolean {
  return reason.startsWith("Slow Consumer");
}

/** Of one connection. */
export function totalsOf(record: FinishedConnection): FinishedTotals {
  const { inMessages, inBytes, outMessages, outBytes } = record;
  const slowConsumers = isSlowConsumer(record) ? 1 : 0;
  return { connections: 1, inMessages, inBytes, outMessages, outBytes, slowConsumers };
}

export function addTotals(to: MutableTotals, added: FinishedTotals): void {
  to.connections += added.connections;
  to.inMessages += added.inMessages;
  to.inBytes += added.inBytes;
  to.outMessages += added.outMessages;
  to.outBytes += added.outBytes;
  to.slowConsumers += added.slowConsumers;
}
