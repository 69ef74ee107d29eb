// The accounts of one directory: what is accepted, what makes room, what ends, and the file steps that
// follow from it (AC-82 to AC-85, AC-95). Control thread; pure. Must stay true: memory is never
// behind the disk but for files that somebody else has changed; "stored" is told to nobody before
// the disk has it; a proof is on disk before the JWT that it ends is taken away.
import { claimHash } from "./claim-hash.ts";
import type { AccountFacts, ClaimReader } from "./claim-reader.ts";
import { ClaimSet, type LiveClaim, type OfferVerdict, type Proof } from "./claim-set.ts";
import type { ResolverEffect } from "./effects.ts";
import { FileLayout, type FileStep, orderText, readOrder } from "./file-steps.ts";
import type { RecordReference } from "./mesh-messages.ts";
import { type Afterwards, PendingFiles } from "./pending-files.ts";
import { expiryProof, type ProofFault, proofOf } from "./proofs.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

export interface ClaimStoreOptions {
  readonly type: "full" | "cache" | "file";
  /** Files in folders named by the last two characters of the key. */
  readonly sharded: boolean;
  /** Accounts kept: a full directory refuses more, a cache lets the one go that rested longest. */
  readonly limit: number;
  /** Cache only: files that nobody used for so long go; 0 = they stay until they expire. */
  readonly ttlMs: number;
  /** Whether operators may delete accounts; a deleted JWT stays under another name if it is soft. */
  readonly deletion: "none" | "soft" | "hard";
  /** The account that nobody may delete; empty = none. */
  readonly systemAccount: string;
  /** How long deletions are remembered, from the time of their issue. */
  readonly graveLifeMs: number;
}

/** What became of a JWT. */
export type AcceptVerdict = OfferVerdict | "expired" | "future" | "read-only" | "busy";

/** What became of a proof. */
export type BuryVerdict = "buried" | "known" | "read-only" | "busy" | ProofFault;

export class ClaimStore {
  readonly set: ClaimSet;
  readonly layout: FileLayout;
  readonly options: ClaimStoreOptions;
  readonly #reader: ClaimReader;
  readonly #out: ResolverEffect[];
  readonly #pending = new PendingFiles();
  /** Cache only: when an account was last used; the first entry rested longest. */
  readonly #usedAtMs = new Map<string, number>();
  /** Read-only directories keep files where they are found. */
  readonly #foundAt = new Map<string, string>();
  readonly #orders = new Map<string, Map<string, number>>();
  #seen: Set<string> | undefined;
  #isReload = false;

  constructor(options: ClaimStoreOptions, reader: ClaimReader, out: ResolverEffect[]) {
    this.options = options;
    this.layout = new FileLayout(options.sharded);
    // A cache makes room by itself, one entry at a time.
    this.set = new ClaimSet(options.type === "full" ? options.limit : undefined);
    this.#reader = reader;
    this.#out = out;
  }

  get isReadOnly(): boolean {
    return this.options.type === "file";
  }

  /** File effects that are not done yet. */
  get pendingCount(): number {
    return this.#pending.count;
  }

  /** Where the account's file is, relative to the directory. */
  pathOf(key: string): string {
    return this.#foundAt.get(key) ?? this.layout.claim(key);
  }

  /** Where the text of a record is. */
  pathOfReference(reference: RecordReference): string {
    return reference.kind === "jwt" ? this.pathOf(reference.key) : this.layout.proof(reference.id);
  }

  /** A JWT that is served now; reading one keeps it in a cache. */
  find(key: string, nowMs: number): LiveClaim | undefined {
    const claim = this.set.live(key);
    if (claim === undefined || isOver(claim.expires, nowMs)) return undefined;
    this.#touch(key, nowMs);
    return claim;
  }

  /** Accounts in order of their names, without expired ones. */
  keys(nowMs: number): string[] {
    const claims = [...this.set.claims()].filter((claim) => !isOver(claim.expires, nowMs));
    return claims.map((claim) => claim.key).sort();
  }

  /** Takes a checked JWT. `afterwards` is called when the disk has it; only for stored and same. */
  accept(
    text: string,
    facts: AccountFacts,
    rank: number | "next",
    nowMs: number,
    afterwards?: Afterwards,
  ): AcceptVerdict {
    if (this.isReadOnly) return "read-only";
    if (facts.issuedAt * 1000 > nowMs + RESOLVER_LIMITS.futureIssueMsMax) return "future";
    if (isOver(facts.expires, nowMs)) return "expired";
    if (!this.#pending.hasRoom(text.length)) return "busy";
    const key = facts.subject;
    const tiesBefore = this.set.live(key)?.ties?.size ?? 1;
    const isNew = this.set.live(key) === undefined;
    const verdict = this.set.offer({
      key,
      stamp: facts.issuedAt,
      hash: claimHash(text),
      expires: facts.expires,
      jti: facts.jti,
      shared: true,
      rank,
    });
    if (verdict === "stored") {
      const steps = isNew ? this.#makeRoom(key) : [];
      this.#touch(key, nowMs);
      steps.push(...this.layout.save(key, text, this.#orderOf(key)));
      this.#files([key], steps, text.length, [
        (error) => {
          if (error === undefined) this.#out.push({ kind: "changed", key, text });
          afterwards?.(error);
        },
      ]);
    } else if (verdict === "ranked" || (this.set.live(key)?.ties?.size ?? 1) > tiesBefore) {
      this.#files([key], this.layout.rank(key, this.#orderOf(key) ?? ""), 0, []);
    }
    if (afterwards !== undefined && (verdict === "same" || verdict === "ranked")) {
      this.#pending.after(key, afterwards);
    }
    return verdict;
  }

  /** Takes a signed text that ends JWTs. `afterwards` as for `accept`: for buried and known. */
  bury(text: string, nowMs: number, afterwards?: Afterwards): BuryVerdict {
    if (this.isReadOnly) return "read-only";
    const proof = proofOf(text, this.#reader, nowMs, this.options.graveLifeMs);
    if (typeof proof === "string") return proof;
    if (proof.expired === undefined) {
      if (this.options.deletion === "none") return "read-only";
      if (proof.keys.includes(this.options.systemAccount)) return "untrusted";
    }
    const known = this.set.proof(proof.id);
    if (known !== undefined) {
      if (afterwards !== undefined) this.#pending.after(proof.keys[0] ?? "", afterwards);
      return "known";
    }
    if (!this.#pending.hasRoom(text.length)) return "busy";
    const dead = this.set.bury(proof);
    const steps = this.layout.saveProof(proof.id, text);
    const soft = this.options.deletion === "soft" && proof.expired === undefined;
    for (const { key } of dead) {
      this.#usedAtMs.delete(key);
      steps.push(...this.layout.remove(key, soft));
    }
    this.#files(proof.keys, steps, text.length, [
      (error) => {
        if (error !== undefined) this.set.forget(proof.id);
        else for (const { key } of dead) this.#out.push({ kind: "deleted", key });
        afterwards?.(error);
      },
    ]);
    this.#forgetOverflow();
    return "buried";
  }

  /** The driver's word on a "files" effect. */
  filesDone(ticket: number, error: string | undefined): void {
    const keys = this.#pending.end(ticket, error);
    if (error === undefined) return;
    this.#log("error", `DirResolver - files could not be written: ${error}`);
    // What the disk has now is the truth; the mesh and the next push bring the rest.
    for (const key of keys) {
      if (!this.#pending.isPending(key)) this.#out.push({ kind: "reread", key });
    }
  }

  /** The driver's word on a "reread" effect; `text` undefined = no file. */
  reread(key: string, text: string | undefined, nowMs: number): void {
    if (this.#pending.isPending(key)) return;
    const claim = text === undefined ? undefined : this.#claimOfFile(key, text, nowMs);
    const grave = this.set.grave(key);
    if (claim === undefined || (grave !== undefined && claim.stamp <= grave.stamp)) {
      this.set.remove(key);
    } else {
      this.set.restore(claim);
    }
  }

  /** Looks for what has expired, what a cache may let go, and what may be forgotten. */
  expire(nowMs: number): void {
    for (const claim of [...this.set.claims()]) {
      if (isOver(claim.expires, nowMs)) this.#end(claim, nowMs);
    }
    this.#expireUnused(nowMs);
    for (const proof of [...this.set.proofs()]) {
      if (proof.dropAfterMs <= nowMs) this.#forget(proof);
      else if (proof.expired !== undefined) this.#revive(proof.expired, proof, nowMs);
    }
  }

  // ---- reading the directory

  /** Begins to read all files, in the order of `FileLayout.inLoadOrder`. */
  beginLoad(isReload: boolean): void {
    this.#seen = new Set();
    this.#isReload = isReload;
    if (!isReload && !this.isReadOnly) this.#files([], this.layout.prepare(), 0, []);
  }

  loadProof(id: string, text: string, nowMs: number): void {
    if (this.isReadOnly || this.set.proof(id) !== undefined) return;
    const proof = proofOf(text, this.#reader, nowMs, this.options.graveLifeMs, true);
    if (typeof proof === "string" || proof.id !== id) {
      this.#log("warn", `DirResolver - deletion ${id} can not be read and is not used`);
    } else if (proof.dropAfterMs <= nowMs) {
      this.#files([], this.layout.forgetProof(id), 0, []);
    } else {
      this.set.bury(proof);
    }
  }

  loadOrder(key: string, text: string): void {
    this.#orders.set(key, readOrder(text));
  }

  loadClaim(key: string, path: string, text: string, nowMs: number): void {
    if (this.#pending.isPending(key)) return;
    const claim = this.#claimOfFile(key, text, nowMs);
    if (claim === undefined) return;
    const isStray = path !== this.layout.claim(key);
    const grave = this.set.grave(key);
    if (grave !== undefined && claim.stamp <= grave.stamp) {
      this.#refuseDead(key, path);
      return;
    }
    const held = this.set.live(key);
    if (this.#seen?.has(key) && held !== undefined && held.stamp >= claim.stamp) {
      if (isStray && !this.isReadOnly) this.#files([], [{ op: "remove", path }], 0, []);
      return;
    }
    this.#seen?.add(key);
    if (this.isReadOnly) this.#foundAt.set(key, path);
    else if (isStray) this.#files([key], this.#comeHome(key, path, text), text.length, []);
    if (held?.hash === claim.hash) return;
    this.set.restore(claim);
    this.#touch(key, nowMs);
    if (this.#isReload) this.#out.push({ kind: "changed", key, text });
  }

  /** All files were read. Accounts without a file are gone. */
  endLoad(nowMs: number): void {
    const seen = this.#seen;
    this.#seen = undefined;
    this.#orders.clear();
    for (const { key } of [...this.set.claims()]) {
      if (seen?.has(key) || this.#pending.isPending(key)) continue;
      this.set.remove(key);
      this.#usedAtMs.delete(key);
      this.#foundAt.delete(key);
    }
    this.expire(nowMs);
  }

  // ---- inside

  #claimOfFile(key: string, text: string, nowMs: number): LiveClaim | undefined {
    const read = this.#reader.readSigned(text);
    if (!read.ok || read.subject !== key) {
      const why = read.ok ? "subject does not match the file's name" : read.error;
      this.#log("error", `DirResolver - file of account ${key} is not used: ${why}`);
      return undefined;
    }
    const hash = claimHash(text);
    const ties = this.#orders.get(key);
    const { issuedAt: stamp, expires, jti } = read;
    const rank = ties?.get(hash) ?? 0;
    // What has expired has been good: it still ends older ones.
    const shared = isOver(expires, nowMs)
      ? this.#reader.isOperatorKey(read.issuer)
      : this.#reader.verifyAccountJwt(text, nowMs).ok;
    return { key, stamp, rank, hash, expires, jti, shared, ties };
  }

  /** A file that stands where the other layout has it moves to its place. */
  #comeHome(key: string, path: string, text: string): FileStep[] {
    return [...this.layout.save(key, text, this.#orderOf(key)), { op: "remove", path }];
  }

  #refuseDead(key: string, path: string): void {
    if (this.isReadOnly) return;
    this.#log("warn", `DirResolver - account ${key} was deleted after its JWT was issued`);
    const gone: FileStep[] =
      path === this.layout.claim(key)
        ? this.layout.remove(key, this.options.deletion === "soft")
        : [{ op: "remove", path }];
    this.#files([key], gone, 0, []);
    this.#out.push({ kind: "deleted", key });
  }

  #end(claim: LiveClaim, nowMs: number): void {
    this.#usedAtMs.delete(claim.key);
    const proof = expiryProof(claim, this.options.graveLifeMs);
    if (this.options.type !== "full" || !claim.shared || proof.dropAfterMs <= nowMs) {
      this.set.remove(claim.key);
      if (this.isReadOnly) return;
      this.#files([claim.key], this.layout.remove(claim.key, false), 0, []);
      return;
    }
    this.set.bury(proof);
    this.#files([claim.key], this.layout.expire(claim.key, proof.id), 0, []);
    this.#forgetOverflow();
  }

  #revive(claim: LiveClaim, proof: Proof, nowMs: number): void {
    if (isOver(claim.expires, nowMs)) return;
    this.set.forget(proof.id);
    const grave = this.set.grave(claim.key);
    const isNewer = grave === undefined || grave.stamp < claim.stamp;
    if (this.set.live(claim.key) === undefined && isNewer) {
      this.set.restore(claim);
      this.#files([claim.key], this.layout.revive(claim.key, proof.id), 0, []);
    } else {
      this.#files([], this.layout.forgetProof(proof.id), 0, []);
    }
  }

  #expireUnused(nowMs: number): void {
    const { type, ttlMs } = this.options;
    if (type !== "cache" || ttlMs === 0) return;
    for (const [key, usedAtMs] of this.#usedAtMs) {
      if (usedAtMs + ttlMs > nowMs) return;
      this.#files([key], this.#letGo(key), 0, []);
    }
  }

  #makeRoom(key: string): FileStep[] {
    if (this.options.type !== "cache" || this.set.size <= this.options.limit) return [];
    const [oldest] = this.#usedAtMs.keys();
    return oldest === undefined || oldest === key ? [] : this.#letGo(oldest);
  }

  #letGo(key: string): FileStep[] {
    this.#usedAtMs.delete(key);
    this.set.remove(key);
    return this.layout.remove(key, false);
  }

  #forgetOverflow(): void {
    if (this.set.proofCount <= RESOLVER_LIMITS.proofsMax) return;
    let first: Proof | undefined;
    for (const proof of this.set.proofs()) {
      if (first === undefined || proof.dropAfterMs < first.dropAfterMs) first = proof;
    }
    if (first === undefined) return;
    this.#log("warn", "DirResolver - too many deletions to remember, the oldest is forgotten");
    this.#forget(first);
  }

  #forget(proof: Proof): void {
    this.set.forget(proof.id);
    this.#files([], this.layout.forgetProof(proof.id), 0, []);
  }

  #touch(key: string, nowMs: number): void {
    if (this.options.type !== "cache") return;
    this.#usedAtMs.delete(key);
    this.#usedAtMs.set(key, nowMs);
  }

  #orderOf(key: string): string | undefined {
    const claim = this.set.live(key);
    if (claim === undefined) return undefined;
    const ties = claim.ties ?? new Map([[claim.hash, claim.rank]]);
    return claim.rank > 0 || ties.size > 1 ? orderText(ties) : undefined;
  }

  #files(keys: readonly string[], steps: FileStep[], bytes: number, after: Afterwards[]): void {
    const ticket = this.#pending.begin(keys, bytes, after);
    this.#out.push({ kind: "files", ticket, steps });
  }

  #log(level: "error" | "warn", text: string): void {
    this.#out.push({ kind: "log", level, text });
  }
}

function isOver(expires: number, nowMs: number): boolean {
  return expires > 0 && expires * 1000 <= nowMs;
}
