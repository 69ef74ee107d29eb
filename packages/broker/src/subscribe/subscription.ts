// One subscription of one connection, and the private lists of them by index node. A worker's own
// segment of the interest index doubles as its subscription trie: node id -> subscriptions here.
// Owned by the worker's core.
import type { Receiver } from "../deliver/receiver.ts";
import { QUEUES_SEARCHED_MAX } from "../publish/plan.ts";

export class Subscription {
  readonly session: Receiver;
  /**
   * Filter, queue and sid as byte strings (one character per byte). No buffers: a small one is a piece
   * of Node's pool and keeps all of it, 64 KiB, for as long as the subscription lives.
   */
  readonly filter: string;
  readonly queue: string | undefined;
  readonly sid: string;
  /** Account whose interest it is; a later CONNECT may move the session, not its subscriptions. */
  readonly account: number;
  /** Node of the worker's own segment; 0 once removed. */
  node = 0;
  /** Messages delivered since SUB (CP-44). */
  delivered = 0;
  /** Removed after this many (CP-44); 0 = never. */
  max = 0;
  /** The filter overlaps a deny rule: each subject is checked before delivery (AZ-07). */
  filtered: boolean;
  /** Place in its list, so that removal does not search. */
  place = 0;

  constructor(
    session: Receiver,
    account: number,
    filter: string,
    queue: string | undefined,
    sid: string,
    filtered: boolean,
  ) {
    this.session = session;
    this.account = account;
    this.filter = filter;
    this.queue = queue;
    this.sid = sid;
    this.filtered = filtered;
  }

  /** Gets nothing any more: its client is gone, or has no right to it. For whoever makes plans. */
  get isLeaving(): boolean {
    const { closedReason, review } = this.session;
    return closedReason !== undefined || review?.denies(this) === true;
  }
}

/** Local members of one queue group on one filter. */
export interface QueueMembers {
  readonly name: string;
  /** In the list of its filter's groups, so that removal does not search. */
  place: number;
  readonly members: Subscription[];
}

/** Subscriptions of this worker on one filter. */
export class NodeSubscriptions {
  readonly plain: Subscription[] = [];
  /** Undefined until the first queue subscription. */
  queues: QueueMembers[] | undefined;
  /** The same by name, where there are too many to search: they are whoever subscribes' choice. */
  #queuesByName: Map<string, QueueMembers> | undefined;

  get isEmpty(): boolean {
    return this.plain.length === 0 && (this.queues === undefined || this.queues.length === 0);
  }

  queue(name: string): QueueMembers | undefined {
    if (this.#queuesByName !== undefined) return this.#queuesByName.get(name);
    return this.queues?.find((candidate) => candidate.name === name);
  }

  addQueue(name: string): QueueMembers {
    this.queues ??= [];
    const group: QueueMembers = { name, place: this.queues.length, members: [] };
    this.queues.push(group);
    if (this.#queuesByName !== undefined) this.#queuesByName.set(name, group);
    else if (this.queues.length > QUEUES_SEARCHED_MAX) {
      this.#queuesByName = new Map(this.queues.map((queue) => [queue.name, queue]));
    }
    return group;
  }

  removeQueue(group: QueueMembers): void {
    const last = this.queues?.pop();
    this.#queuesByName?.delete(group.name);
    if (last === undefined || last === group) return;
    last.place = group.place;
    (this.queues as QueueMembers[])[last.place] = last;
  }
}

function removeFrom(list: Subscription[], subscription: Subscription): void {
  const last = list.pop() as Subscription;
  if (last === subscription) return;
  list[subscription.place] = last;
  last.place = subscription.place;
}

/** A power of two. */
const PAGE_NODES = 512;
const PAGE_SHIFT = 9;

/** Nodes with neighbouring ids. */
interface Page {
  readonly nodes: (NodeSubscriptions | undefined)[];
  count: number;
}

/**
 * All subscriptions of a worker by node id. Ids are dense, and there may be millions: pages come and go
 * one by one, where a map would now and then move all of its entries at once.
 */
export class SubscriptionTable {
  readonly #pages: (Page | undefined)[] = [];

  at(node: number): NodeSubscriptions | undefined {
    return this.#pages[node >>> PAGE_SHIFT]?.nodes[node & (PAGE_NODES - 1)];
  }

  #make(node: number): NodeSubscriptions {
    const place = node >>> PAGE_SHIFT;
    while (this.#pages.length <= place) this.#pages.push(undefined);
    let page = this.#pages[place];
    if (page === undefined) {
      page = { nodes: new Array(PAGE_NODES).fill(undefined), count: 0 };
      this.#pages[place] = page;
    }
    const made = new NodeSubscriptions();
    page.nodes[node & (PAGE_NODES - 1)] = made;
    page.count += 1;
    return made;
  }

  #drop(node: number): void {
    const place = node >>> PAGE_SHIFT;
    const page = this.#pages[place] as Page;
    page.nodes[node & (PAGE_NODES - 1)] = undefined;
    page.count -= 1;
    if (page.count === 0) this.#pages[place] = undefined;
  }

  add(subscription: Subscription): void {
    const here = this.at(subscription.node) ?? this.#make(subscription.node);
    const list = this.#listFor(here, subscription.queue);
    subscription.place = list.length;
    list.push(subscription);
  }

  remove(subscription: Subscription): void {
    const here = this.at(subscription.node);
    if (here === undefined) return;
    if (subscription.queue === undefined) {
      removeFrom(here.plain, subscription);
    } else {
      const group = here.queue(subscription.queue);
      if (group !== undefined) {
        removeFrom(group.members, subscription);
        if (group.members.length === 0) here.removeQueue(group);
      }
    }
    if (here.isEmpty) this.#drop(subscription.node);
  }

  #listFor(here: NodeSubscriptions, queue: string | undefined): Subscription[] {
    if (queue === undefined) return here.plain;
    return (here.queue(queue) ?? here.addQueue(queue)).members;
  }
}
