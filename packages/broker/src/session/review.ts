// A session whose rights have changed while it has very many subscriptions: which of these it keeps
// (AZ-16, AZ-17, CP-91). They are looked at one by one, over many turns. Owned by the session's worker.
//
// Must stay true: whoever asks is told at once who is denied, looked at or not; what one set of rights
// denied goes, also where later ones would allow it again; each subscription is looked at by each set.
// The input of the session waits meanwhile, so no subscription is added.
import type { CompiledPermissions, SubscribeVerdict } from "@weft/auth";
import type { Subscription } from "../subscribe/subscription.ts";

/**
 * Sets of rights by which one review looks. Who gets more of them meanwhile is not looked at by the
 * oldest any more: what that one alone denied stays.
 */
const SETS_MAX = 8;

/** Rights that held, or do now. */
interface RightsSet {
  readonly key: string;
  /** Undefined = everything is allowed. */
  readonly permissions: CompiledPermissions | undefined;
  /** Subscriptions that are still to be looked at by these. */
  left: number;
}

export class Review {
  readonly #subscriptions: ReadonlyMap<string, Subscription>;
  /** The last one holds now. */
  readonly #sets: RightsSet[] = [];
  /** Goes round: who was looked at by an older set comes again for a newer one. */
  #place: MapIterator<Subscription>;

  constructor(subscriptions: ReadonlyMap<string, Subscription>) {
    this.#subscriptions = subscriptions;
    this.#place = subscriptions.values();
  }

  /** Rights that hold from now on; equal keys are equal rights. */
  add(key: string, permissions: CompiledPermissions | undefined): void {
    const sets = this.#sets;
    const known = sets.findIndex((set) => set.key === key);
    if (known >= 0) sets.splice(known, 1);
    if (sets.length === SETS_MAX) sets.shift();
    sets.push({ key, permissions, left: this.#subscriptions.size });
  }

  /** Looks at once at one subscription: so many sets. */
  get setsCount(): number {
    return this.#sets.length;
  }

  /** The next to be asked for by `denies`; undefined = all have been. */
  next(): Subscription | undefined {
    const sets = this.#sets;
    while (sets[0] !== undefined && sets[0].left <= 0) sets.shift();
    if (sets.length === 0) return undefined;
    let { value } = this.#place.next();
    if (value === undefined) {
      this.#place = this.#subscriptions.values();
      ({ value } = this.#place.next());
    }
    for (const set of sets) set.left -= 1;
    return value;
  }

  /** True = it has to go. Otherwise it is what the rights of now make of it. */
  denies(subscription: Subscription): boolean {
    const { filter, queue } = subscription;
    let verdict: SubscribeVerdict = "allow";
    for (const { permissions } of this.#sets) {
      verdict = permissions?.subscribeVerdict(filter, queue) ?? "allow";
      if (verdict === "deny") return true;
    }
    subscription.filtered = verdict === "allow-filtered";
    return false;
  }
}
