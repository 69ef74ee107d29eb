// Which subscription of a session gets the 503 for its own request (CP-64). Owned by the worker's core.
// Must stay true: an answer costs the same for a session with a million subscriptions; what a crowd on
// its inbox costs is counted against the turn.
import {
  type InterestIndex,
  type InterestReader,
  matches,
  NodeList,
  SubjectTokens,
} from "@weft/subjects";
import type { ClientSession } from "../session/client-session.ts";
import type { Subscription, SubscriptionTable } from "./subscription.ts";

/** A few are searched one by one. */
const SEARCHED_MAX = 16;
/** Looks at somebody else's subscription, for each delivery that a turn counts. */
const LOOKS_PER_DELIVERY = 8;

export class OwnSubscriptions {
  readonly #index: InterestIndex;
  readonly #reader: InterestReader;
  readonly #table: SubscriptionTable;
  readonly #tokens = new SubjectTokens();
  readonly #nodes = new NodeList();

  /** `reader` reads the segment that `table` belongs to. */
  constructor(index: InterestIndex, reader: InterestReader, table: SubscriptionTable) {
    this.#index = index;
    this.#reader = reader;
    this.#table = table;
  }

  /** A plain subscription of `session` that a message on `subject` would reach; undefined = none. */
  plainFor(session: ClientSession, subject: Buffer): Subscription | undefined {
    const { subscriptions, account, host } = session;
    if (subscriptions === undefined) return undefined;
    if (subscriptions.size <= SEARCHED_MAX) {
      const name = subject.toString("latin1");
      for (const subscription of subscriptions.values()) {
        const { queue, filter } = subscription;
        if (queue === undefined && matches(filter, name) && !subscription.isLeaving) {
          return subscription;
        }
      }
      return undefined;
    }
    if (!this.#tokens.parse(subject, 0, subject.length)) return undefined;
    this.#index.enter();
    const count = this.#reader.match(account, this.#tokens, this.#nodes);
    this.#index.exit();
    host.publisher.spendLooks(this.#reader.visited);
    let looks = 0;
    let found: Subscription | undefined;
    for (let place = 0; place < count && found === undefined; place += 1) {
      const plain = this.#table.at(this.#nodes.at(place))?.plain ?? [];
      const at = plain.findIndex((one) => one.session === session && !one.isLeaving);
      looks += at < 0 ? plain.length : at;
      found = plain[at];
    }
    host.publisher.spend(Math.ceil(looks / LOOKS_PER_DELIVERY), 0);
    return found;
  }
}
