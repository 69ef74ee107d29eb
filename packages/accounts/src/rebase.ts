// Gives the accounts of a new snapshot the indexes that they have already: the interest index, the
// gauges and the generations know accounts by index only. Control thread; pure. Must stay true: an
// index means one account for as long as any thread may hold something of it. So an account that is
// gone leaves a retired entry behind, and its index is given away only where the caller says so.
import { LIMITS } from "@weft/base";
import type {
  AccountSnapshot,
  AccountsSnapshot,
  ServiceImportSnapshot,
  StreamImportSnapshot,
} from "./snapshot.ts";

const RETIRED_LIMITS = {
  connectionsMax: -1,
  subscriptionsMax: -1,
  payloadBytesMax: -1,
  leafnodesMax: -1,
} as const;

const NO_MAPPINGS = [] as const;

export type RebaseResult =
  | {
      readonly ok: true;
      readonly snapshot: AccountsSnapshot;
      /** Indexes of accounts that were there before and are not any more. */
      readonly retired: readonly number[];
    }
  | { readonly ok: false; readonly error: string };

/**
 * `next` with the indexes of `previous` for accounts of the same name, retired ones included.
 * `isFree` says of a retired index whether another account may have it; the caller lists the oldest
 * first in `retiredOldestFirst`.
 */
export function rebaseAccounts(
  previous: AccountsSnapshot,
  next: AccountsSnapshot,
  retiredOldestFirst: readonly number[],
  isFree: (index: number) => boolean,
): RebaseResult {
  const known = new Map<string, number>();
  // Index 1 is the system account, or its place holder, whatever its name is.
  for (const { name, index } of previous.accounts) if (index > 1) known.set(name, index);
  const indexes: number[] = [];
  const placed = new Map<number, AccountSnapshot>();
  for (const account of next.accounts) {
    const index = account.index <= 1 ? account.index : known.get(account.name);
    if (index !== undefined) indexes[account.index] = index;
    if (index !== undefined) placed.set(index, account);
  }
  const free = retiredOldestFirst.filter((index) => !placed.has(index) && isFree(index));
  let count = previous.accounts.length;
  for (const account of next.accounts) {
    if (indexes[account.index] !== undefined) continue;
    const reused = free.shift();
    const index = reused ?? count;
    if (reused === undefined) count += 1;
    indexes[account.index] = index;
    placed.set(index, account);
  }
  if (count > LIMITS.accountsMax) return { ok: false, error: tooMany(next.accounts.length) };
  const accounts: AccountSnapshot[] = [];
  for (let index = 0; index < count; index += 1) {
    const account = placed.get(index);
    accounts.push(account === undefined ? retiredAt(index, previous) : { ...account, index });
  }
  const retired = accounts
    .filter(({ index, retired: isGone }) => isGone && !previous.accounts[index]?.retired)
    .map(({ index }) => index);
  return { ok: true, snapshot: { ...next, ...importsAt(next, indexes), accounts }, retired };
}

function retiredAt(index: number, previous: AccountsSnapshot): AccountSnapshot {
  return retiredAccount(index, previous.accounts[index]?.name ?? "");
}

/** What is left of an account that is gone. */
export function retiredAccount(index: number, name: string): AccountSnapshot {
  return { index, name, limits: RETIRED_LIMITS, mappings: NO_MAPPINGS, retired: true };
}

function importsAt(
  next: AccountsSnapshot,
  indexes: readonly number[],
): { streamImports: StreamImportSnapshot[]; serviceImports: ServiceImportSnapshot[] } {
  const at = <T extends { readonly importer: number; readonly exporter: number }>(spec: T): T => ({
    ...spec,
    importer: indexes[spec.importer] ?? spec.importer,
    exporter: indexes[spec.exporter] ?? spec.exporter,
  });
  return { streamImports: next.streamImports.map(at), serviceImports: next.serviceImports.map(at) };
}

function tooMany(count: number): string {
  return (
    `${count} accounts: there is no room beside those that were deleted a moment ago, ` +
    `at most ${LIMITS.accountsMax} are possible`
  );
}
