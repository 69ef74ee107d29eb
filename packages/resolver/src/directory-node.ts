// A server's part in keeping accounts: its directory, what clients ask of it, and the mesh. Gets
// events, says what is to be done; a driver does it. Control thread; pure. Must stay true: effects are
// taken and carried out in order; nothing is answered and nobody is asked before the directory has
// been read.
import type { Prng } from "@weft/base";
import type { SourceAnswer } from "./account-lookup.ts";
import { type ClaimReader, isGoodFor } from "./claim-reader.ts";
import { type ClaimRequest, ClaimRequests } from "./claim-requests.ts";
import { ClaimStore } from "./claim-store.ts";
import type { ResolverEffect } from "./effects.ts";
import type { MeshMessage, MeshRecord, RecordReference } from "./mesh-messages.ts";
import { MeshSync } from "./mesh-sync.ts";
import type { Now } from "./now.ts";
import { PeerLookup } from "./peer-lookup.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";
import type { ClaimStoreOptions } from "./store-parts.ts";

export interface DirectoryNodeOptions extends ClaimStoreOptions {
  /** Between two comparisons with the other nodes. */
  readonly syncIntervalMs: number;
  /** How long other nodes are waited for. */
  readonly fetchTimeoutMs: number;
}

/** What the node asks of its server. */
export interface DirectoryNodePorts {
  readonly reader: ClaimReader;
  readonly prng: Prng;
  /** Accounts that are in use. */
  isLoaded(key: string): boolean;
}

/** How fast a change is told to others. */
const ANNOUNCE_MS = 200;

export class DirectoryNode {
  readonly store: ClaimStore;
  readonly #reader: ClaimReader;
  readonly #out: ResolverEffect[] = [];
  readonly #requests: ClaimRequests;
  readonly #mesh: MeshSync;
  readonly #lookups: PeerLookup;
  #now: Now;
  #nextExpiryMs: number;

  constructor(options: DirectoryNodeOptions, ports: DirectoryNodePorts, now: Now) {
    this.#now = now;
    this.#reader = ports.reader;
    this.#nextExpiryMs = now.monotonicMs + RESOLVER_LIMITS.expiryCheckMs;
    this.store = new ClaimStore(options, ports.reader, this.#out, now.unixMs);
    const mesh = { intervalMs: options.syncIntervalMs, announceMs: ANNOUNCE_MS };
    this.#mesh = new MeshSync(
      mesh,
      this.store,
      ports.reader,
      ports.prng,
      this.#out,
      now.monotonicMs,
    );
    this.#lookups = new PeerLookup(options.fetchTimeoutMs, this.#out);
    const changed = (): void => this.#mesh.changed(this.#now.monotonicMs);
    const requestPorts = { isLoaded: (key: string) => ports.isLoaded(key), changed };
    this.#requests = new ClaimRequests(this.store, ports.reader, requestPorts, this.#out);
  }

  /** Takes what is to be done since the last call. */
  takeEffects(): ResolverEffect[] {
    return this.#out.splice(0);
  }

  /** A request in the system account; false = it is for somebody else. */
  onRequest(request: ClaimRequest, now: Now): boolean {
    this.#now = now;
    return this.#requests.handle(request, now.unixMs);
  }

  /** A message of another node of the mesh. */
  onMessage(from: string, message: MeshMessage, now: Now): void {
    this.#now = now;
    if (message.kind === "lookup") this.#answer(from, message.ticket, message.key);
    else if (message.kind === "answer") {
      this.#lookups.onAnswer(from, message.ticket, message.text);
    } else this.#mesh.onMessage(from, message, now);
  }

  /** Asks the other nodes for an account (AC-83); `finish` is called once. */
  lookup(key: string, peerCount: number, now: Now, finish: (answer: SourceAnswer) => void): void {
    this.#now = now;
    const isGood = (text: string): boolean => this.#isGood(key, text);
    this.#lookups.start(key, peerCount, now.monotonicMs, isGood, finish);
  }

  /** Keeps what a lookup has found. */
  keep(text: string, now: Now): void {
    this.#now = now;
    const facts = this.#reader.verifyAccountJwt(text, now.unixMs);
    if (facts.ok) this.store.accept(facts, 0, now.unixMs);
  }

  /** AC-80: preloaded JWTs; newer ones in the directory stay. */
  preload(text: string, now: Now): void {
    this.keep(text, now);
  }

  /** The texts of `references` as records; `read` gives a file's text or undefined. */
  recordOf(reference: RecordReference, text: string): MeshRecord | undefined {
    if (reference.kind === "proof") return { kind: "proof", rank: 0, text };
    const claim = this.store.set.live(reference.key);
    return claim?.shared ? { kind: "jwt", rank: claim.rank, text } : undefined;
  }

  /** When `tick` wants to be called, monotonic milliseconds. */
  nextDueMs(): number {
    return Math.min(this.#nextExpiryMs, this.#mesh.nextDueMs(), this.#lookups.nextDueMs());
  }

  tick(now: Now): void {
    this.#now = now;
    if (now.monotonicMs >= this.#nextExpiryMs) {
      this.#nextExpiryMs = now.monotonicMs + RESOLVER_LIMITS.expiryCheckMs;
      this.store.expire(now.unixMs);
    }
    this.#mesh.tick(now);
    this.#lookups.tick(now.monotonicMs);
  }

  /** The directory was read or has changed under way. */
  loaded(now: Now): void {
    this.#now = now;
    this.store.endLoad(now.unixMs);
    this.#mesh.changed(now.monotonicMs);
  }

  stop(): void {
    this.#lookups.stop();
  }

  #answer(from: string, ticket: number, key: string): void {
    // A copy may be out of date; but whoever asks need not wait for an answer that never comes.
    const isCopy = this.store.options.type === "cache";
    const claim = isCopy ? undefined : this.store.find(key, this.#now.unixMs);
    if (claim === undefined) {
      const message = { kind: "answer", ticket, text: "" } as const;
      this.#out.push({ kind: "send", to: from, message });
    } else {
      this.#out.push({ kind: "send-answer", to: from, ticket, key });
    }
  }

  #isGood(key: string, text: string): boolean {
    const facts = this.#reader.verifyAccountJwt(text, this.#now.unixMs);
    if (!isGoodFor(key, facts)) return false;
    const grave = this.store.set.grave(key);
    return grave === undefined || facts.issuedAt > grave.stamp;
  }
}
