// What a node knows of accounts: the newest JWT of each, and the deletions that older ones must not
// survive. A join semilattice: offers commute, repeat without effect, and the result depends only on
// what was offered (ADR 0013). Control thread; pure. Must stay true: a live claim is newer than the
// grave of its account, and replaced only by a greater version; the digests cover what is shared.
import { HashSum } from "./claim-hash.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

/** Parts of the digest. */
export const BUCKETS = 64;
const BUCKET_BYTES = 16;

/** Order of the JWTs of one account: issue time, then rank, then hash. */
export interface Version {
  /** When it was issued, Unix seconds. */
  readonly stamp: number;
  /** How many JWTs of the same second it is known to replace. */
  readonly rank: number;
  /** Hex SHA-256 of the text. */
  readonly hash: string;
}

/** A JWT of an account, without its text. */
export interface LiveClaim extends Version {
  readonly key: string;
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  readonly jti: string;
  /** Trusted when it came: only such claims are offered to other nodes. */
  readonly shared: boolean;
  /** Shared once, but this node slept so long that the account may be deleted. */
  readonly doubted?: boolean | undefined;
  /** All versions of this second that are known, hash -> rank; undefined = this one alone. */
  readonly ties?: ReadonlyMap<string, number> | undefined;
}

/** A signed text that ends JWTs: a deletion, or a JWT that has expired. */
export interface Proof {
  /** Hex SHA-256 of the text. */
  readonly id: string;
  /** Accounts that it is about. */
  readonly keys: readonly string[];
  /** JWTs issued up to then are dead; Unix seconds. */
  readonly stamp: number;
  /** When it is forgotten, Unix milliseconds; the same on every node. */
  readonly dropAfterMs: number;
  /** The JWT that has expired, for a clock that had run ahead; undefined = a deletion. */
  readonly expired?: LiveClaim | undefined;
}

/** What became of an offered claim. `rank` of "ranked": the text is known, its rank has grown. */
export type OfferVerdict = "stored" | "ranked" | "same" | "older" | "deleted" | "full" | "crowded";

/** A claim on offer. `rank` "next" = it came from a client, after what is here. */
export interface Offer {
  readonly key: string;
  readonly stamp: number;
  readonly hash: string;
  readonly expires: number;
  readonly jti: string;
  readonly shared: boolean;
  readonly rank: number | "next";
}

/** Less than 0 if `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  if (a.rank !== b.rank) return a.rank - b.rank;
  return a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0;
}

/** The part of the digest that an account belongs to. */
export function bucketOfKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 8) % BUCKETS;
}

/** The part of the digest that a proof belongs to. */
export function bucketOfProof(id: string): number {
  return Number.parseInt(id.slice(0, 2), 16) % BUCKETS;
}

/** What is known of a crowded second is bounded: the version that matters least goes. */
function lowestOf(ties: ReadonlyMap<string, number>): string {
  let lowest: [string, number] | undefined;
  for (const [hash, rank] of ties) {
    if (lowest === undefined || rank < lowest[1] || (rank === lowest[1] && hash < lowest[0])) {
      lowest = [hash, rank];
    }
  }
  return lowest?.[0] ?? "";
}

export class ClaimSet {
  readonly #live = new Map<string, LiveClaim>();
  readonly #proofs = new Map<string, Proof>();
  readonly #proofsOfKey = new Map<string, Proof[]>();
  readonly #sum = new HashSum();
  readonly #buckets = Array.from({ length: BUCKETS }, () => new HashSum(BUCKET_BYTES));
  readonly #accountsMax: number;

  constructor(accountsMax: number = RESOLVER_LIMITS.accountsMax) {
    this.#accountsMax = accountsMax;
  }

  get size(): number {
    return this.#live.size;
  }

  get proofCount(): number {
    return this.#proofs.size;
  }

  live(key: string): LiveClaim | undefined {
    return this.#live.get(key);
  }

  claims(): IterableIterator<LiveClaim> {
    return this.#live.values();
  }

  proof(id: string): Proof | undefined {
    return this.#proofs.get(id);
  }

  proofs(): IterableIterator<Proof> {
    return this.#proofs.values();
  }

  /** The proof that counts for `key`: the one with the latest stamp. */
  grave(key: string): Proof | undefined {
    let latest: Proof | undefined;
    for (const proof of this.#proofsOfKey.get(key) ?? []) {
      if (latest === undefined || proof.stamp > latest.stamp) latest = proof;
    }
    return latest;
  }

  /** AC-89: XOR of the hashes of all JWTs. */
  sum(): Uint8Array {
    return this.#sum.bytes();
  }

  /** One hex text per part, over what is shared. */
  digest(): string[] {
    return this.#buckets.map((bucket) => bucket.hex());
  }

  offer(offer: Offer): OfferVerdict {
    const grave = this.grave(offer.key);
    if (grave !== undefined && offer.stamp <= grave.stamp) return "deleted";
    const held = this.#live.get(offer.key);
    if (held === undefined) {
      if (this.#live.size >= this.#accountsMax) return "full";
      this.#place({ ...offer, rank: offer.rank === "next" ? 0 : offer.rank, ties: undefined });
      return "stored";
    }
    if (held.stamp === offer.stamp) return this.#offerSameSecond(held, offer);
    if (held.stamp > offer.stamp) return "older";
    this.#place({ ...offer, rank: offer.rank === "next" ? 0 : offer.rank, ties: undefined });
    return "stored";
  }

  /** Several JWTs of one second: who comes later from a client wins, and all nodes agree on it. */
  #offerSameSecond(held: LiveClaim, offer: Offer): OfferVerdict {
    const ties = new Map(held.ties ?? [[held.hash, held.rank]]);
    const known = ties.get(offer.hash);
    const wanted = offer.rank === "next" ? (known ?? held.rank + 1) : offer.rank;
    const rank = Math.max(wanted, known ?? 0);
    if (known === undefined && ties.size >= RESOLVER_LIMITS.sameSecondMax) {
      if (offer.rank === "next") return "crowded";
      ties.delete(lowestOf(ties));
    }
    if (held.hash === offer.hash) {
      if (rank === held.rank) {
        if (offer.shared && !held.shared) this.#place({ ...held, shared: true, doubted: false });
        return "same";
      }
      ties.set(offer.hash, rank);
      const shared = held.shared || offer.shared;
      this.#place({ ...held, rank, ties, shared, doubted: !shared });
      return "ranked";
    }
    ties.set(offer.hash, rank);
    const next = { ...offer, rank, ties };
    if (compareVersions(next, held) > 0) {
      this.#place(next);
      return "stored";
    }
    this.#live.set(offer.key, { ...held, ties });
    return "older";
  }

  /** Remembers `proof`; returns the claims that it ends, which are out now. */
  bury(proof: Proof): LiveClaim[] {
    if (this.#proofs.has(proof.id)) return [];
    this.#proofs.set(proof.id, proof);
    this.#bucketOf(bucketOfProof(proof.id)).toggle(proof.id, true);
    const dead: LiveClaim[] = [];
    for (const key of proof.keys) {
      const list = this.#proofsOfKey.get(key);
      if (list === undefined) this.#proofsOfKey.set(key, [proof]);
      else list.push(proof);
      const held = this.#live.get(key);
      if (held !== undefined && held.stamp <= proof.stamp) {
        this.remove(key);
        dead.push(held);
      }
    }
    return dead;
  }

  /** Forgets a proof. */
  forget(id: string): void {
    const proof = this.#proofs.get(id);
    if (proof === undefined) return;
    this.#proofs.delete(id);
    this.#bucketOf(bucketOfProof(id)).toggle(id, true);
    for (const key of proof.keys) {
      const rest = (this.#proofsOfKey.get(key) ?? []).filter((other) => other.id !== id);
      if (rest.length === 0) this.#proofsOfKey.delete(key);
      else this.#proofsOfKey.set(key, rest);
    }
  }

  /** Takes a claim out without remembering why: a cache that makes room, a file that is gone. */
  remove(key: string): void {
    const held = this.#live.get(key);
    if (held === undefined) return;
    this.#live.delete(key);
    this.#toggle(held);
  }

  /** Puts a claim in that is on disk, whatever was here; only for what a file says. */
  restore(claim: LiveClaim): void {
    this.#place(claim);
  }

  #place(claim: LiveClaim): void {
    const held = this.#live.get(claim.key);
    if (held !== undefined) this.#toggle(held);
    this.#live.set(claim.key, claim);
    this.#toggle(claim);
  }

  #toggle(claim: LiveClaim): void {
    this.#sum.toggle(claim.hash);
    if (claim.shared) this.#bucketOf(bucketOfKey(claim.key)).toggle(claim.hash);
  }

  #bucketOf(index: number): HashSum {
    return this.#buckets[index] as HashSum;
  }
}
