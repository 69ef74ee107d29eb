// How the nodes of a mesh come to hold the same (ADR 0013): digest -> ask -> summary -> want ->
// records. Each node only ever asks for what it lacks. Control thread; pure. Must stay true: every
// message may be lost, doubled or late; what comes is checked as if a stranger had sent it; nothing is
// kept per message, so that no peer can fill the memory.
import type { Prng } from "@weft/base";
import { claimHash } from "./claim-hash.ts";
import type { ClaimReader } from "./claim-reader.ts";
import {
  BUCKETS,
  bucketOfKey,
  bucketOfProof,
  compareVersions,
  type LiveClaim,
} from "./claim-set.ts";
import type { AcceptVerdict, ClaimStore } from "./claim-store.ts";
import type { ResolverEffect } from "./effects.ts";
import {
  inPieces,
  MESH_LIMITS,
  type MeshMessage,
  type MeshRecord,
  type RecordReference,
  type SummaryEntry,
} from "./mesh-messages.ts";
import type { Now } from "./now.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

export interface MeshSyncOptions {
  /** Between two digests. */
  readonly intervalMs: number;
  /** After a change, others hear of it within this time. */
  readonly announceMs: number;
}

type Digest = Extract<MeshMessage, { kind: "digest" }>;
type Summary = Extract<MeshMessage, { kind: "summary" }>;

/** What others should hear of. */
const CHANGES: ReadonlySet<string> = new Set(["stored", "ranked", "buried"]);
/** What is no change, and no reason to be asked for less. */
const HARMLESS: ReadonlySet<string> = new Set([
  "same",
  "older",
  "deleted",
  "known",
  "busy",
  "early",
]);

/** Texts that were refused are not asked for again for a while; the oldest makes room. */
const REFUSED_MAX = 10_000;

export class MeshSync {
  readonly #options: MeshSyncOptions;
  readonly #store: ClaimStore;
  readonly #reader: ClaimReader;
  readonly #prng: Prng;
  readonly #out: ResolverEffect[];
  #nextDigestMs: number;
  #announceAtMs = Number.POSITIVE_INFINITY;
  #nextCheckMs: number;
  /** Hash -> Unix milliseconds until which it is not asked for. */
  readonly #refused = new Map<string, number>();

  constructor(
    options: MeshSyncOptions,
    store: ClaimStore,
    reader: ClaimReader,
    prng: Prng,
    out: ResolverEffect[],
    nowMs: number,
  ) {
    this.#options = options;
    this.#store = store;
    this.#reader = reader;
    this.#prng = prng;
    this.#out = out;
    // A node that starts asks soon: it may have missed something.
    this.#nextDigestMs = nowMs + prng.below(options.announceMs + 1);
    this.#nextCheckMs = nowMs;
  }

  /** Something has changed here: the others should hear of it soon. */
  changed(nowMs: number): void {
    if (this.#store.options.type !== "full" || this.#announceAtMs <= nowMs) return;
    if (this.#announceAtMs !== Number.POSITIVE_INFINITY) return;
    const { announceMs } = this.#options;
    this.#announceAtMs = nowMs + announceMs / 4 + this.#prng.below(announceMs);
  }

  /** When `tick` has something to do, Unix milliseconds. */
  nextDueMs(): number {
    if (this.#store.options.type !== "full") return Number.POSITIVE_INFINITY;
    return Math.min(this.#nextDigestMs, this.#announceAtMs);
  }

  tick({ monotonicMs: nowMs, unixMs }: Now): void {
    if (nowMs < this.nextDueMs()) return;
    const { intervalMs } = this.#options;
    const { standing } = this.#store;
    if (standing.mayVouch(nowMs, intervalMs)) this.#store.vouch();
    this.#announceAtMs = Number.POSITIVE_INFINITY;
    // Spread over the interval, so that nodes that started together do not stay together.
    this.#nextDigestMs = nowMs + intervalMs * 0.75 + this.#prng.below(intervalMs / 2 + 1);
    const parts = this.#store.set.digest();
    this.#send(undefined, { kind: "digest", parts, standing: standing.word(unixMs) });
  }

  /** A message of another node. Lookups and answers are not for here. */
  onMessage(from: string, message: MeshMessage, now: Now): void {
    const { type } = this.#store.options;
    if (type === "file") return;
    if (message.kind === "records") this.#onRecords(message.records, now);
    else if (message.kind === "digest") this.#onDigest(from, message, now.monotonicMs);
    else if (type !== "full") return;
    else if (message.kind === "ask") this.#onAsk(from, message.parts);
    else if (message.kind === "summary") this.#onSummary(from, message, now.monotonicMs);
    else if (message.kind === "want") this.#onWant(from, message.references);
    else if (message.kind === "check") this.#onCheck(from, message.entries);
  }

  #onDigest(from: string, { parts, standing }: Digest, nowMs: number): void {
    const { type } = this.#store.options;
    if (type === "cache") this.#checkCopies(from, nowMs);
    if (type !== "full") return;
    this.#store.standing.heard(standing, nowMs);
    const own = this.#store.set.digest();
    const different: number[] = [];
    for (let part = 0; part < BUCKETS; part += 1) {
      if (own[part] !== parts[part]) different.push(part);
      else if (this.#store.standing.isReturning && standing.kind === "settled") {
        this.#store.dropDoubted(part);
      }
    }
    if (different.length === 0) {
      // Somebody has just said what this node was about to say.
      this.#announceAtMs = Number.POSITIVE_INFINITY;
      return;
    }
    // Not always the same ones first: a part that cannot be made equal must not hide the others.
    const start = this.#prng.below(different.length);
    const chosen = [...different.slice(start), ...different.slice(0, start)];
    this.#send(from, { kind: "ask", parts: chosen.slice(0, MESH_LIMITS.partsPerAsk) });
  }

  #onAsk(from: string, parts: readonly number[]): void {
    const { set } = this.#store;
    for (const part of new Set(parts.slice(0, MESH_LIMITS.partsPerAsk))) {
      const entries: SummaryEntry[] = [];
      for (const claim of set.claims()) {
        if (claim.shared && bucketOfKey(claim.key) === part) entries.push(entryOf(claim));
      }
      const proofs = [...set.proofs()]
        .map(({ id }) => id)
        .filter((id) => bucketOfProof(id) === part);
      for (const piece of inPieces(entries, MESH_LIMITS.entriesPerMessage)) {
        this.#send(from, { kind: "summary", part, entries: piece, proofs: [] });
      }
      for (const piece of inPieces(proofs, MESH_LIMITS.entriesPerMessage)) {
        this.#send(from, { kind: "summary", part, entries: [], proofs: piece });
      }
    }
  }

  #onSummary(from: string, { entries, proofs }: Summary, nowMs: number): void {
    const { set } = this.#store;
    const references: RecordReference[] = [];
    for (const id of proofs) {
      if (set.proof(id) === undefined && !this.#isRefused(id, nowMs)) {
        references.push({ kind: "proof", id });
      }
    }
    for (const entry of entries) {
      const held = set.live(entry.key);
      const grave = set.grave(entry.key);
      if (grave !== undefined && entry.stamp <= grave.stamp) continue;
      if (held?.shared && compareVersions(entry, held) <= 0) continue;
      if (!this.#isRefused(entry.hash, nowMs)) references.push({ kind: "jwt", key: entry.key });
    }
    for (const piece of inPieces(references, MESH_LIMITS.referencesPerMessage)) {
      this.#send(from, { kind: "want", references: piece });
    }
  }

  #onWant(from: string, references: readonly RecordReference[]): void {
    const { set } = this.#store;
    const here = references.slice(0, MESH_LIMITS.referencesPerMessage).filter((reference) => {
      if (reference.kind === "proof") return set.proof(reference.id) !== undefined;
      return set.live(reference.key)?.shared === true;
    });
    if (here.length > 0) this.#out.push({ kind: "send-records", to: from, references: here });
  }

  /** A cache asks whether its copies are still good: newer versions and deletions come back. */
  #onCheck(from: string, entries: readonly SummaryEntry[]): void {
    const { set } = this.#store;
    const references = new Map<string, RecordReference>();
    for (const entry of entries.slice(0, MESH_LIMITS.entriesPerMessage)) {
      const grave = set.grave(entry.key);
      const held = set.live(entry.key);
      if (grave !== undefined && entry.stamp <= grave.stamp) {
        references.set(grave.id, { kind: "proof", id: grave.id });
      } else if (held?.shared && compareVersions(held, entry) > 0) {
        references.set(entry.key, { kind: "jwt", key: entry.key });
      }
    }
    if (references.size === 0) return;
    this.#out.push({ kind: "send-records", to: from, references: [...references.values()] });
  }

  #checkCopies(from: string, nowMs: number): void {
    if (nowMs < this.#nextCheckMs) return;
    this.#nextCheckMs = nowMs + this.#options.intervalMs / 2;
    const entries = [...this.#store.set.claims()].map(entryOf);
    for (const piece of inPieces(entries, MESH_LIMITS.entriesPerMessage)) {
      this.#send(from, { kind: "check", entries: piece });
    }
  }

  #onRecords(records: readonly MeshRecord[], now: Now): void {
    for (const { kind, text, rank } of records) {
      if (text.length > RESOLVER_LIMITS.claimBytesMax) continue;
      const verdict =
        kind === "proof"
          ? this.#store.bury(text, now.unixMs)
          : this.#acceptJwt(text, rank, now.unixMs);
      if (CHANGES.has(verdict)) this.changed(now.monotonicMs);
      else if (!HARMLESS.has(verdict)) this.#refuse(claimHash(text), now.monotonicMs);
    }
  }

  #acceptJwt(text: string, rank: number, unixMs: number): AcceptVerdict | "refused" {
    const facts = this.#reader.verifyAccountJwt(text, unixMs);
    if (!facts.ok) return "refused";
    // A cache keeps what it was asked for and nothing else.
    const { options, set } = this.#store;
    if (options.type === "cache" && set.live(facts.subject) === undefined) return "same";
    return this.#store.accept(facts, rank, unixMs);
  }

  #refuse(hash: string, nowMs: number): void {
    if (this.#refused.size >= REFUSED_MAX) {
      const [oldest] = this.#refused.keys();
      if (oldest !== undefined) this.#refused.delete(oldest);
    }
    this.#refused.set(hash, nowMs + 2 * this.#options.intervalMs);
  }

  #isRefused(hash: string, nowMs: number): boolean {
    const untilMs = this.#refused.get(hash);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#refused.delete(hash);
    return false;
  }

  #send(to: string | undefined, message: MeshMessage): void {
    this.#out.push({ kind: "send", to, message });
  }
}

function entryOf(claim: LiveClaim): SummaryEntry {
  const { key, stamp, rank, hash } = claim;
  return { key, stamp, rank, hash };
}
