// What the parts of a claim store share: the set, the names of files, and the way to have files
// changed. Control thread; pure.
import type { ClaimReader } from "./claim-reader.ts";
import { ClaimSet } from "./claim-set.ts";
import type { ResolverEffect } from "./effects.ts";
import { FileLayout, type FileStep, orderText } from "./file-steps.ts";
import { type Afterwards, PendingFiles } from "./pending-files.ts";
import { Standing } from "./standing.ts";

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

export class StoreParts {
  readonly options: ClaimStoreOptions;
  readonly set: ClaimSet;
  readonly layout: FileLayout;
  readonly reader: ClaimReader;
  readonly out: ResolverEffect[];
  readonly pending = new PendingFiles();
  /** Cache only: when an account was last used; the first entry rested longest. */
  readonly usedAtMs = new Map<string, number>();
  /** Read-only directories keep files where they are found. */
  readonly foundAt = new Map<string, string>();
  standing: Standing;

  constructor(
    options: ClaimStoreOptions,
    reader: ClaimReader,
    out: ResolverEffect[],
    nowMs: number,
  ) {
    this.options = options;
    this.reader = reader;
    this.out = out;
    this.layout = new FileLayout(options.sharded);
    // A cache makes room by itself, one entry at a time.
    this.set = new ClaimSet(options.type === "full" ? options.limit : undefined);
    this.standing = new Standing(undefined, nowMs, options.graveLifeMs / 2);
  }

  get isReadOnly(): boolean {
    return this.options.type === "file";
  }

  /** Has files changed on behalf of `keys`; `bytes` = how much text is on its way. */
  files(keys: readonly string[], steps: FileStep[], bytes = 0, after: Afterwards[] = []): void {
    const ticket = this.pending.begin(keys, bytes, after);
    this.out.push({ kind: "files", ticket, steps });
  }

  log(level: "error" | "warn", text: string): void {
    this.out.push({ kind: "log", level, text });
  }

  /** A cache knows who was used last. */
  touch(key: string, nowMs: number): void {
    if (this.options.type !== "cache") return;
    this.usedAtMs.delete(key);
    this.usedAtMs.set(key, nowMs);
  }

  /** What has to be written down of several JWTs of one second; undefined = nothing. */
  orderOf(key: string): string | undefined {
    const claim = this.set.live(key);
    if (claim === undefined) return undefined;
    const ties = claim.ties ?? new Map([[claim.hash, claim.rank]]);
    return claim.rank > 0 || ties.size > 1 ? orderText(ties) : undefined;
  }
}

/** Whether `expires` (Unix seconds, 0 = never) has passed. */
export function isOver(expires: number, nowMs: number): boolean {
  return expires > 0 && expires * 1000 <= nowMs;
}
