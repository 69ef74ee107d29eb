// The accounts of one directory: what is accepted, what makes room, what ends, and the file steps that
// follow from it (AC-82 to AC-85). Control thread; pure. Must stay true: memory is never
// behind the disk but for files that somebody else has changed; "stored" is told to nobody before
// the disk has it; a proof is on disk before the JWT that it ends is taken away.
import { isPublicKey } from "@weft/auth";
import { claimHash } from "./claim-hash.ts";
import type { AccountFacts, ClaimReader } from "./claim-reader.ts";
import {
  bucketOfKey,
  type ClaimSet,
  type LiveClaim,
  type OfferVerdict,
  type Proof,
} from "./claim-set.ts";
import { DirectoryLoad } from "./directory-load.ts";
import type { ResolverEffect } from "./effects.ts";
import type { FileStep } from "./file-steps.ts";
import type { RecordReference } from "./mesh-messages.ts";
import type { Afterwards } from "./pending-files.ts";
import { expiryProof, type ProofFault, proofOf } from "./proofs.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";
import type { Standing } from "./standing.ts";
import { type ClaimStoreOptions, isOver, StoreParts } from "./store-parts.ts";

/** What became of a JWT. */
export type AcceptVerdict = OfferVerdict | "nameless" | "expired" | "future" | "read-only" | "busy";

/** What became of a proof. */
export type BuryVerdict = "buried" | "known" | "read-only" | "busy" | ProofFault;

export class ClaimStore {
  readonly set: ClaimSet;
  readonly options: ClaimStoreOptions;
  /** Reading the directory, in the order of `FileLayout.inLoadOrder`; then `endLoad`. */
  readonly load: DirectoryLoad;
  readonly #parts: StoreParts;
  #nextAwakeMs = 0;

  constructor(
    options: ClaimStoreOptions,
    reader: ClaimReader,
    out: ResolverEffect[],
    nowMs: number,
  ) {
    this.options = options;
    this.#parts = new StoreParts(options, reader, out, nowMs);
    this.set = this.#parts.set;
    this.load = new DirectoryLoad(this.#parts);
  }

  /** Whether this node may vouch for what it holds. */
  get standing(): Standing {
    return this.#parts.standing;
  }

  get isReadOnly(): boolean {
    return this.#parts.isReadOnly;
  }

  /** Where the account's file is, relative to the directory. */
  pathOf(key: string): string {
    return this.#parts.foundAt.get(key) ?? this.#parts.layout.claim(key);
  }

  /** Where the text of a record is. */
  pathOfReference(reference: RecordReference): string {
    if (reference.kind === "jwt") return this.pathOf(reference.key);
    return this.#parts.layout.proof(reference.id);
  }

  /** A JWT that is served now; reading one keeps it in a cache. */
  find(key: string, nowMs: number): LiveClaim | undefined {
    const claim = this.set.live(key);
    if (claim === undefined || isOver(claim.expires, nowMs)) return undefined;
    this.#parts.touch(key, nowMs);
    return claim;
  }

  /** Accounts in order of their names, without expired ones. */
  keys(nowMs: number): string[] {
    const claims = [...this.set.claims()].filter((claim) => !isOver(claim.expires, nowMs));
    return claims.map((claim) => claim.key).sort();
  }

  /**
   * Takes a checked JWT; one that is brought now ("next") may have expired, and goes when that is
   * looked for. `afterwards` is called when the disk has it; only for stored and same.
   */
  accept(
    facts: AccountFacts,
    rank: number | "next",
    nowMs: number,
    afterwards?: Afterwards,
  ): AcceptVerdict {
    const { pending, layout } = this.#parts;
    if (this.isReadOnly) return "read-only";
    // The key becomes the name of a file.
    if (!isPublicKey(facts.subject, "account")) return "nameless";
    if (facts.issuedAt * 1000 > nowMs + RESOLVER_LIMITS.futureIssueMsMax) return "future";
    if (rank !== "next" && isOver(facts.expires, nowMs)) return "expired";
    const { subject: key, text } = facts;
    if (!pending.hasRoom(text.length) || pending.isUnsettled(key)) return "busy";
    const before = this.set.live(key);
    const verdict = this.set.offer({
      key,
      stamp: facts.issuedAt,
      hash: claimHash(text),
      expires: facts.expires,
      jti: facts.jti,
      shared: true,
      rank,
    });
    // What a failed step has left may be gone after a power failure: once more.
    if (verdict === "stored" || (verdict === "same" && pending.isUndurable(key))) {
      this.#save(key, text, before === undefined, nowMs, afterwards);
      return verdict;
    }
    const hasMoreTies = (this.set.live(key)?.ties?.size ?? 1) > (before?.ties?.size ?? 1);
    if (verdict === "ranked" || hasMoreTies) {
      this.#parts.files([key], layout.rank(key, this.#parts.orderOf(key) ?? ""));
    }
    if (afterwards !== undefined && (verdict === "same" || verdict === "ranked")) {
      pending.after(key, afterwards);
    }
    return verdict;
  }

  /** Takes a signed text that ends JWTs. `afterwards` as for `accept`: for buried and known. */
  bury(text: string, nowMs: number, afterwards?: Afterwards): BuryVerdict {
    const { reader, pending, options, usedAtMs, layout, out } = this.#parts;
    if (this.isReadOnly) return "read-only";
    const proof = proofOf(text, reader, nowMs, options.graveLifeMs);
    if (typeof proof === "string") return proof;
    if (proof.expired === undefined) {
      if (options.deletion === "none") return "read-only";
      if (proof.keys.includes(options.systemAccount)) return "untrusted";
    }
    if (proof.keys.some((key) => pending.isUnsettled(key))) return "busy";
    if (this.set.proof(proof.id) !== undefined) {
      if (afterwards !== undefined) pending.after(proof.keys[0] ?? "", afterwards);
      return "known";
    }
    if (!pending.hasRoom(text.length)) return "busy";
    const dead = this.set.bury(proof);
    const steps = layout.saveProof(proof.id, text);
    const soft = options.deletion === "soft" && proof.expired === undefined;
    for (const { key } of dead) {
      usedAtMs.delete(key);
      steps.push(...layout.remove(key, soft));
    }
    const done: Afterwards = (error) => {
      if (error !== undefined) this.set.forget(proof.id);
      else for (const { key } of dead) out.push({ kind: "deleted", key });
      afterwards?.(error);
    };
    this.#parts.files(proof.keys, steps, text.length, [done]);
    this.#forgetOverflow();
    return "buried";
  }

  /** The driver's word on a "files" effect. */
  filesDone(ticket: number, error: string | undefined): void {
    const { pending, out } = this.#parts;
    const keys = pending.end(ticket, error);
    if (error === undefined) return;
    this.#parts.log("error", `DirResolver - files could not be written: ${error}`);
    // What the disk has now is the truth; the mesh and the next push bring the rest.
    for (const key of keys) out.push({ kind: "reread", key });
  }

  /** The driver's word on a "reread" effect; `text` undefined = no file. */
  reread(key: string, text: string | undefined, nowMs: number): void {
    const { pending } = this.#parts;
    pending.settle(key);
    // Something newer is on its way to the disk.
    if (pending.isPending(key)) return;
    const claim = text === undefined ? undefined : this.load.claimOf(key, text, nowMs);
    const grave = this.set.grave(key);
    if (claim === undefined || (grave !== undefined && claim.stamp <= grave.stamp)) {
      this.set.remove(key);
    } else {
      this.set.restore(claim);
    }
  }

  /** The directory was read. */
  endLoad(nowMs: number): void {
    this.load.end();
    this.expire(nowMs);
  }

  /** Looks for what has expired, what a cache may let go, and what may be forgotten. */
  expire(nowMs: number): void {
    this.#stayAwake(nowMs);
    for (const claim of [...this.set.claims()]) {
      const isSettled = !this.#parts.pending.isUnsettled(claim.key);
      if (isSettled && isOver(claim.expires, nowMs)) this.#end(claim, nowMs);
    }
    this.#expireUnused(nowMs);
    for (const proof of [...this.set.proofs()]) {
      if (proof.dropAfterMs <= nowMs) this.#forget(proof);
      else if (proof.expired !== undefined) this.#revive(proof.expired, proof, nowMs);
    }
  }

  // ---- what a node that slept too long holds

  /** A node that was awake holds the same in this part: what it does not have was deleted. */
  dropDoubted(part: number): void {
    const { pending, layout, out } = this.#parts;
    for (const { key, doubted } of [...this.set.claims()]) {
      if (!doubted || bucketOfKey(key) !== part || pending.isPending(key)) continue;
      // Doubted until its file is gone: what could not be taken away must not count again.
      const gone: Afterwards = (error) => {
        if (error !== undefined) return;
        this.set.remove(key);
        out.push({ kind: "deleted", key });
        const text = `DirResolver - account ${key} was deleted while this server was away`;
        this.#parts.log("warn", text);
        this.#settleIfSure();
      };
      this.#parts.files([key], layout.remove(key, true), 0, [gone]);
    }
    this.#settleIfSure();
  }

  #settleIfSure(): void {
    if (![...this.set.claims()].some((claim) => claim.doubted)) this.standing.settle();
  }

  /** Nobody knows better: everything counts again. */
  vouch(): void {
    for (const claim of [...this.set.claims()]) {
      if (claim.doubted) this.set.restore({ ...claim, shared: true, doubted: false });
    }
    this.standing.settle();
  }

  #stayAwake(nowMs: number): void {
    const { type, graveLifeMs } = this.options;
    const isEarly = nowMs < this.#nextAwakeMs && this.#nextAwakeMs - nowMs <= graveLifeMs;
    if (type !== "full" || isEarly) return;
    this.#nextAwakeMs = nowMs + graveLifeMs / 100;
    this.#parts.files([], this.#parts.layout.awake(this.standing.text(nowMs)));
  }

  // ---- inside

  #save(
    key: string,
    text: string,
    isNew: boolean,
    nowMs: number,
    afterwards: Afterwards | undefined,
  ): void {
    const { layout, out } = this.#parts;
    const steps = isNew ? this.#makeRoom(key) : [];
    this.#parts.touch(key, nowMs);
    steps.push(...layout.save(key, text, this.#parts.orderOf(key)));
    const done: Afterwards = (error) => {
      if (error === undefined) out.push({ kind: "changed", key, text });
      afterwards?.(error);
    };
    this.#parts.files([key], steps, text.length, [done]);
  }

  #end(claim: LiveClaim, nowMs: number): void {
    const { layout, options, usedAtMs } = this.#parts;
    usedAtMs.delete(claim.key);
    const proof = expiryProof(claim, options.graveLifeMs);
    const isTrusted = claim.shared || claim.doubted === true;
    if (options.type !== "full" || !isTrusted || proof.dropAfterMs <= nowMs) {
      this.set.remove(claim.key);
      if (!this.isReadOnly) this.#parts.files([claim.key], layout.remove(claim.key, false));
      return;
    }
    this.set.bury(proof);
    // A proof without a file would be known here and could be given to nobody.
    const undo: Afterwards = (error) => {
      if (error !== undefined) this.set.forget(proof.id);
    };
    this.#parts.files([claim.key], layout.expire(claim.key, proof.id), 0, [undo]);
    this.#forgetOverflow();
  }

  #revive(claim: LiveClaim, proof: Proof, nowMs: number): void {
    if (isOver(claim.expires, nowMs)) return;
    const { layout } = this.#parts;
    this.set.forget(proof.id);
    const grave = this.set.grave(claim.key);
    const isNewer = grave === undefined || grave.stamp < claim.stamp;
    if (this.set.live(claim.key) === undefined && isNewer) {
      this.set.restore(claim);
      const undo: Afterwards = (error) => {
        if (error !== undefined) this.set.bury(proof);
      };
      this.#parts.files([claim.key], layout.revive(claim.key, proof.id), 0, [undo]);
    } else {
      this.#parts.files([], layout.forgetProof(proof.id));
    }
  }

  #expireUnused(nowMs: number): void {
    const { type, ttlMs } = this.options;
    if (type !== "cache" || ttlMs === 0) return;
    for (const [key, usedAtMs] of this.#parts.usedAtMs) {
      if (usedAtMs + ttlMs > nowMs) return;
      this.#parts.files([key], this.#letGo(key));
    }
  }

  #makeRoom(key: string): FileStep[] {
    if (this.options.type !== "cache" || this.set.size <= this.options.limit) return [];
    const [oldest] = this.#parts.usedAtMs.keys();
    return oldest === undefined || oldest === key ? [] : this.#letGo(oldest);
  }

  #letGo(key: string): FileStep[] {
    this.#parts.usedAtMs.delete(key);
    this.set.remove(key);
    return this.#parts.layout.remove(key, false);
  }

  #forgetOverflow(): void {
    if (this.set.proofCount <= RESOLVER_LIMITS.proofsMax) return;
    let first: Proof | undefined;
    for (const proof of this.set.proofs()) {
      if (first === undefined || proof.dropAfterMs < first.dropAfterMs) first = proof;
    }
    if (first === undefined) return;
    this.#parts.log("warn", "DirResolver - too many deletions to remember, one is forgotten");
    this.#forget(first);
  }

  #forget(proof: Proof): void {
    this.set.forget(proof.id);
    this.#parts.files([], this.#parts.layout.forgetProof(proof.id));
  }
}
