// SUB and UNSUB against the shared index and the worker's private lists. Owned by the worker's core.
// Must stay true: when `add` returns, every thread's next look at the index sees the interest; a
// plan made before is found stale because the writer bumps its generation afterwards.
import { assert } from "@weft/base";
import { type Generations, hashToken, type InterestWriter } from "@weft/subjects";
import type { Publisher } from "../publish/publisher.ts";
import { type HeapShares, heapBytesOf } from "./heap-shares.ts";
import { IndexShares } from "./index-shares.ts";
import type { Subscription, SubscriptionTable } from "./subscription.ts";

const DOT = 0x2e;
const STAR = 0x2a;
const FULL = 0x3e;

/** A few are told of by their first tokens; of more, all of the account are. */
const CHANGED_APART_MAX = 64;

export class Subscriptions {
  /** Live subscriptions of this worker. */
  count = 0;
  /** Subscriptions ever added. */
  added = 0;
  readonly shares: IndexShares;
  readonly heap: HeapShares;
  readonly #writer: InterestWriter;
  readonly #generations: Generations;
  readonly #table: SubscriptionTable;
  readonly #publisher: () => Publisher;

  constructor(
    writer: InterestWriter,
    generations: Generations,
    table: SubscriptionTable,
    heap: HeapShares,
    publisher: () => Publisher,
  ) {
    this.#writer = writer;
    this.shares = new IndexShares(writer.nodesMax);
    this.heap = heap;
    this.#generations = generations;
    this.#table = table;
    this.#publisher = publisher;
  }

  /**
   * False when the index has no room for another filter, or the heap for another subscription, or
   * none for this account.
   */
  add(subscription: Subscription): boolean {
    const { account } = subscription;
    const heapBytes = heapBytesOf(subscription);
    if (!this.heap.hasRoom(account, heapBytes)) return false;
    const filter = Buffer.from(subscription.filter, "latin1");
    const queue =
      subscription.queue === undefined ? null : Buffer.from(subscription.queue, "latin1");
    const used = this.#writer.recordsUsed;
    const room = this.shares.room(account, used);
    const { isRemote } = subscription.session.kind;
    const node = this.#writer.add(account, filter, 0, filter.length, queue, room, isRemote);
    if (node === 0) return false;
    this.shares.changed(account, this.#writer.recordsUsed - used);
    this.heap.changed(account, heapBytes);
    subscription.node = node;
    this.#table.add(subscription);
    this.count += 1;
    this.added += 1;
    this.#localChange(account, filter);
    return true;
  }

  /** Why `add` refused it, for the log. `name` of the account. */
  refusal(subscription: Subscription, name: string): string {
    const { account } = subscription;
    const who = `account ${JSON.stringify(name)} has`;
    return this.heap.hasRoom(account, heapBytesOf(subscription))
      ? `no room in the interest index: ${who} ${this.shares.of(account)} records here`
      : `no room for subscriptions: ${who} ${this.heap.of(account)} bytes of them here`;
  }

  /** `isNamed`: plans of this thread may hold it. */
  remove(subscription: Subscription, isNamed: boolean): void {
    if (subscription.node === 0) return;
    assert(this.count > 0, "a subscription is removed once");
    this.count -= 1;
    this.takeOut(subscription, isNamed);
  }

  /** One that is not counted any more. */
  takeOut(subscription: Subscription, isNamed: boolean): void {
    if (subscription.node === 0) return;
    const queue =
      subscription.queue === undefined ? null : Buffer.from(subscription.queue, "latin1");
    this.#table.remove(subscription);
    const used = this.#writer.recordsUsed;
    this.#writer.remove(subscription.node, queue, subscription.session.kind.isRemote);
    this.shares.changed(subscription.account, this.#writer.recordsUsed - used);
    this.heap.changed(subscription.account, -heapBytesOf(subscription));
    subscription.node = 0;
    if (isNamed) this.changed(subscription);
  }

  /** Plans that hold this subscription have to be made anew (its `max` changed). */
  changed(subscription: Subscription): void {
    this.#localChange(subscription.account, Buffer.from(subscription.filter, "latin1"));
  }

  /** The same for all subscriptions of a client, which may be very many. */
  allChanged(subscriptions: Iterable<Subscription>): void {
    let count = 0;
    let last = -1;
    for (const subscription of subscriptions) {
      count += 1;
      if (count <= CHANGED_APART_MAX) this.changed(subscription);
      else if (subscription.account !== last) {
        last = subscription.account;
        this.#generations.bumpAll(last);
      }
    }
    this.#publisher().beginTurn();
  }

  /** The same for all of an account. */
  accountChanged(account: number): void {
    this.#generations.bumpAll(account);
    this.#publisher().beginTurn();
  }

  /**
   * The index tells other threads of first and last interest; this thread's own plans also name the
   * single subscriptions, so every change counts here.
   */
  #localChange(account: number, filter: Buffer): void {
    const generations = this.#generations;
    const first = filter[0];
    let end = filter.indexOf(DOT);
    if (end < 0) end = filter.length;
    if (end === 1 && (first === STAR || first === FULL)) generations.bumpWildcard(account);
    else generations.bump(account, hashToken(filter, 0, end));
    this.#publisher().beginTurn();
  }
}
