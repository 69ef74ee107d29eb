// Version counters by which a thread knows that its plans are still true: one epoch for the whole
// process, and per account 256 counters by hash of the first token plus one for the filters that
// begin with a wildcard. Every writer adds, every thread reads.
//
// Order is everything. Writer: change the trie, then add to the slot, then to the epoch. Reader:
// read the two slots, then match, and keep the values with the plan; later read the epoch, then
// compare slots. Slot after trie: whoever saw the new slot value also sees the new filter, so a
// plan with the new value includes it. Epoch after slot: whoever saw the new epoch also sees the
// new slot value, so a plan without the filter is found stale. The other way round a plan could be
// judged current by the new epoch and the old slot, and nothing would make it be judged again.
import { assert } from "@weft/base";
import type { WordMemory } from "./shared-words.ts";

/** The epoch has its own cache lines: every thread reads it once per chunk. */
const EPOCH_WORDS = 32;
const TOKEN_SLOTS = 256;
const ACCOUNT_SLOTS = TOKEN_SLOTS + 1;

/** Bytes of the shared buffer; accounts beyond `accountsCount` (a power of two) share slots. */
export function generationsBytes(accountsCount: number): number {
  return (EPOCH_WORDS + accountsCount * ACCOUNT_SLOTS) * 4;
}

/** The generations of all accounts. Slots are word positions, good for `read`. */
export class Generations {
  readonly #memory: WordMemory;
  readonly #accountMask: number;

  constructor(memory: WordMemory, accountsCount: number) {
    assert((accountsCount & (accountsCount - 1)) === 0, "generations: a power of two of accounts");
    assert(
      memory.wordsCount * 4 >= generationsBytes(accountsCount),
      "generations: slots for each account",
    );
    this.#memory = memory;
    this.#accountMask = accountsCount - 1;
  }

  /** Grows (modulo 2^32) with every change of any interest in the process. */
  epoch(): number {
    return this.#memory.load(0);
  }

  /** Slot of the filters of `account` that begin with the token hashed `firstTokenHash`. */
  slotFor(account: number, firstTokenHash: number): number {
    const folded = firstTokenHash ^ (firstTokenHash >>> 16);
    const bits = (folded ^ (folded >>> 8)) & (TOKEN_SLOTS - 1);
    return EPOCH_WORDS + (account & this.#accountMask) * ACCOUNT_SLOTS + 1 + bits;
  }

  /** Slot of the filters of `account` that begin with `*` or `>`. */
  wildcardSlot(account: number): number {
    return EPOCH_WORDS + (account & this.#accountMask) * ACCOUNT_SLOTS;
  }

  /** Value of a slot; to be read before the match that the plan is made from. */
  read(slot: number): number {
    return this.#memory.load(slot);
  }

  /** Tells all threads of a change that is already published. */
  bump(account: number, firstTokenHash: number): void {
    this.bumpSlot(this.slotFor(account, firstTokenHash));
  }

  /** The same for a filter that begins with a wildcard. */
  bumpWildcard(account: number): void {
    this.bumpSlot(this.wildcardSlot(account));
  }

  /** The same for all filters of `account`. */
  bumpAll(account: number): void {
    const first = this.wildcardSlot(account);
    for (let slot = first; slot < first + ACCOUNT_SLOTS; slot += 1) this.#memory.add(slot, 1);
    this.#memory.add(0, 1);
  }

  /** The same for a slot known already: slot first, then epoch. */
  bumpSlot(slot: number): void {
    this.#memory.add(slot, 1);
    this.#memory.add(0, 1);
  }
}
