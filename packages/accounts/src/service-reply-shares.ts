// What each account holds of a worker's pending service requests, and who gives way when there is no
// room: slots, and bytes of long reply subjects. Owned by one table of one worker. Typed arrays by
// account and by slot. Must stay true: an account within its fair share never loses a request to
// another (but where a share is smaller than the one reply that wants in: then who has most loses);
// nothing is allocated for a request.
//
// An account has two lists of its slots, oldest first: those with a short reply and those with a long
// one, so that who needs bytes takes no request away that has none to give.
import { assert } from "@weft/base";
import { resized } from "./service-reply-lanes.ts";

const NONE = -1;
const ACCOUNTS_AT_START = 64;

/** Which of the two lists of an account. */
export const SHORT = 0;
export const LONG = 1;

export class ReplyShares {
  /** Bytes that all accounts together are charged with. */
  totalBytes = 0;
  readonly #slotsMax: number;
  readonly #bytesMax: number;
  #slots = new Int32Array(0);
  #bytes = new Float64Array(0);
  /** By account * 2 + list. */
  #oldest = new Int32Array(0);
  #newest = new Int32Array(0);
  #older = new Int32Array(0);
  #newer = new Int32Array(0);
  /** Accounts that hold slots, and bytes. */
  #slotHolders = 0;
  #byteHolders = 0;
  /** Where the last account above its share was found. */
  #cursor = 0;

  constructor(slotsMax: number, bytesMax: number) {
    this.#slotsMax = slotsMax;
    this.#bytesMax = bytesMax;
  }

  /** Room for this many slots. */
  grow(slots: number): void {
    this.#older = resized(this.#older, new Int32Array(slots));
    this.#newer = resized(this.#newer, new Int32Array(slots));
  }

  slots(account: number): number {
    return account < this.#slots.length ? (this.#slots[account] as number) : 0;
  }

  bytes(account: number): number {
    return account < this.#bytes.length ? (this.#bytes[account] as number) : 0;
  }

  /** The slot of an account that was made, or answered, longest ago; -1 = it has none. */
  oldest(account: number, list: number): number {
    return account < this.#slots.length ? (this.#oldest[account * 2 + list] as number) : NONE;
  }

  /** `charge`: 0 for a short reply. */
  add(slot: number, account: number, charge: number): void {
    if (account >= this.#slots.length) this.#growAccounts(account);
    const held = this.#slots[account] as number;
    if (held === 0) this.#slotHolders += 1;
    this.#slots[account] = held + 1;
    if (charge > 0) this.#charge(account, charge);
    this.#append(slot, account * 2 + (charge > 0 ? LONG : SHORT));
  }

  remove(slot: number, account: number, charge: number): void {
    const held = (this.#slots[account] as number) - 1;
    if (held === 0) this.#slotHolders -= 1;
    this.#slots[account] = held;
    if (charge > 0) this.#charge(account, -charge);
    this.#unlink(slot, account * 2 + (charge > 0 ? LONG : SHORT));
  }

  /** The slot becomes the newest of its account. */
  renew(slot: number, account: number, charge: number): void {
    const list = account * 2 + (charge > 0 ? LONG : SHORT);
    this.#unlink(slot, list);
    this.#append(slot, list);
  }

  /** The account that gives up a slot, when all are taken and `account` asks for one. */
  loserOfSlot(account: number): number {
    const held = this.slots(account);
    const share = this.#slotsMax / (this.#slotHolders + (held === 0 ? 1 : 0));
    return held > 0 && held + 1 > share ? account : this.#aboveShare(this.#slots, share);
  }

  /** The account that gives up a long reply, when `account` asks for `charge` and they do not fit. */
  loserOfBytes(account: number, charge: number): number {
    const held = this.bytes(account);
    const share = this.#bytesMax / (this.#byteHolders + (held === 0 ? 1 : 0));
    return held > 0 && held + charge > share ? account : this.#aboveShare(this.#bytes, share);
  }

  /**
   * An account that holds more than `share`; without any, the one that holds most. The search begins
   * where the last one ended: it mostly finds the same account again.
   */
  #aboveShare(held: Int32Array | Float64Array, share: number): number {
    let most = NONE;
    let mostHeld = 0;
    for (let step = 0; step < held.length; step += 1) {
      const account = (this.#cursor + step) % held.length;
      const holds = held[account] as number;
      if (holds <= mostHeld) continue;
      most = account;
      if (holds > share) break;
      mostHeld = holds;
    }
    assert(most !== NONE, "where there is no room, somebody has it");
    this.#cursor = most;
    return most;
  }

  #charge(account: number, bytes: number): void {
    const before = this.#bytes[account] as number;
    const after = before + bytes;
    this.#bytes[account] = after;
    this.totalBytes += bytes;
    if (before === 0) this.#byteHolders += 1;
    else if (after === 0) this.#byteHolders -= 1;
  }

  #append(slot: number, list: number): void {
    const newest = this.#newest[list] as number;
    this.#older[slot] = newest;
    this.#newer[slot] = NONE;
    if (newest === NONE) this.#oldest[list] = slot;
    else this.#newer[newest] = slot;
    this.#newest[list] = slot;
  }

  #unlink(slot: number, list: number): void {
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    if (older === NONE) this.#oldest[list] = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest[list] = older;
    else this.#older[newer] = older;
  }

  #growAccounts(account: number): void {
    const before = this.#slots.length;
    const after = Math.max(ACCOUNTS_AT_START, before * 2, account + 1);
    this.#slots = resized(this.#slots, new Int32Array(after));
    this.#bytes = resized(this.#bytes, new Float64Array(after));
    this.#oldest = resized(this.#oldest, new Int32Array(after * 2)).fill(NONE, before * 2);
    this.#newest = resized(this.#newest, new Int32Array(after * 2)).fill(NONE, before * 2);
  }
}
