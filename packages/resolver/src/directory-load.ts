// Reading a directory, at the start and again when somebody may have changed files (AC-95). Control
// thread; pure. Must stay true: what is being written is not overruled by what was read before; a file
// is used only for the account that it is named for; what was deleted stays deleted.
import { claimHash } from "./claim-hash.ts";
import type { LiveClaim } from "./claim-set.ts";
import { CLAIMS_FOLDER, type FileStep, folderOf, readOrder } from "./file-steps.ts";
import { proofOf } from "./proofs.ts";
import { Standing } from "./standing.ts";
import { isOver, type StoreParts } from "./store-parts.ts";

export class DirectoryLoad {
  readonly #parts: StoreParts;
  readonly #orders = new Map<string, Map<string, number>>();
  #seen = new Set<string>();
  #isReload = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  begin(isReload: boolean): void {
    this.#seen = new Set();
    this.#isReload = isReload;
    const { layout, isReadOnly } = this.#parts;
    if (!isReload && !isReadOnly) this.#parts.files([], layout.prepare());
  }

  /** How long ago this node was awake. */
  awake(text: string, nowMs: number): void {
    const { options } = this.#parts;
    if (options.type !== "full" || this.#isReload) return;
    this.#parts.standing = new Standing(text, nowMs, options.graveLifeMs / 2);
    if (!this.#parts.standing.isReturning) return;
    this.#parts.log(
      "warn",
      "DirResolver - this server was away for so long that deletions may be forgotten; " +
        "other servers are asked before its accounts are offered to them",
    );
  }

  proof(id: string, text: string, nowMs: number): void {
    const { set, reader, layout, options, isReadOnly } = this.#parts;
    if (isReadOnly || set.proof(id) !== undefined) return;
    const proof = proofOf(text, reader, nowMs, options.graveLifeMs, true);
    if (typeof proof === "string" || proof.id !== id) {
      this.#parts.log("warn", `DirResolver - deletion ${id} can not be read and is not used`);
    } else if (proof.dropAfterMs <= nowMs) {
      this.#parts.files([], layout.forgetProof(id));
    } else {
      set.bury(proof);
    }
  }

  order(key: string, text: string): void {
    this.#orders.set(key, readOrder(text));
  }

  claim(key: string, path: string, text: string, nowMs: number): void {
    const { set, layout, isReadOnly, foundAt, out, pending } = this.#parts;
    if (pending.isPending(key)) return;
    const claim = this.claimOf(key, text, nowMs);
    if (claim === undefined) return;
    const isStray = path !== layout.claim(key);
    const grave = set.grave(key);
    if (grave !== undefined && claim.stamp <= grave.stamp) {
      this.#refuseDead(key, path);
      return;
    }
    const held = set.live(key);
    if (this.#seen.has(key) && held !== undefined && held.stamp >= claim.stamp) {
      if (isStray && !isReadOnly) this.#parts.files([], [{ op: "remove", path }]);
      return;
    }
    this.#seen.add(key);
    if (held?.hash !== claim.hash) {
      set.restore(claim);
      this.#parts.touch(key, nowMs);
      if (this.#isReload) out.push({ kind: "changed", key, text });
    }
    if (isReadOnly) foundAt.set(key, path);
    else if (isStray) this.#comeHome(key, path, text);
  }

  /** All files were read: accounts without one are gone. */
  end(): void {
    const { set, pending, usedAtMs, foundAt } = this.#parts;
    this.#orders.clear();
    for (const { key } of [...set.claims()]) {
      if (this.#seen.has(key) || pending.isPending(key)) continue;
      set.remove(key);
      usedAtMs.delete(key);
      foundAt.delete(key);
    }
    if (!this.#parts.isReadOnly) this.#makeDurable();
  }

  /**
   * A process that was killed may have left names that are not durable yet: nothing is promised of
   * them before they are.
   */
  #makeDurable(): void {
    const { set, layout } = this.#parts;
    const live = [...set.claims()].map(({ key }) => key);
    const dead = [...set.proofs()].flatMap(({ keys }) => keys);
    const folders = new Set(["", CLAIMS_FOLDER, ...live.map((key) => folderOf(layout.claim(key)))]);
    const steps = [...folders].map((path): FileStep => ({ op: "sync", path }));
    this.#parts.files([...new Set([...live, ...dead])], steps);
  }

  /** What a file says; undefined = nothing that can be used. */
  claimOf(key: string, text: string, nowMs: number): LiveClaim | undefined {
    const { reader, standing } = this.#parts;
    const read = reader.readSigned(text);
    if (!read.ok || read.subject !== key) {
      const why = read.ok ? "subject does not match the file's name" : read.error;
      this.#parts.log("error", `DirResolver - file of account ${key} is not used: ${why}`);
      return undefined;
    }
    const hash = claimHash(read.text);
    const ties = this.#orders.get(key);
    const { issuedAt: stamp, expires, jti } = read;
    const rank = ties?.get(hash) ?? 0;
    // What has expired has been good: it still ends older ones.
    const isTrusted = isOver(expires, nowMs)
      ? reader.isOperatorKey(read.issuer)
      : reader.verifyAccountJwt(text, nowMs).ok;
    const doubted = isTrusted && standing.isReturning && !this.#isReload;
    return { key, stamp, rank, hash, expires, jti, shared: isTrusted && !doubted, doubted, ties };
  }

  /** A file that stands where the other layout has it moves to its place. */
  #comeHome(key: string, path: string, text: string): void {
    const { layout } = this.#parts;
    const steps: FileStep[] = [
      ...layout.save(key, text, this.#parts.orderOf(key)),
      { op: "remove", path },
    ];
    this.#parts.files([key], steps, text.length);
  }

  #refuseDead(key: string, path: string): void {
    const { layout, options, out, isReadOnly } = this.#parts;
    if (isReadOnly) return;
    this.#parts.log("warn", `DirResolver - account ${key} was deleted after its JWT was issued`);
    const gone: FileStep[] =
      path === layout.claim(key)
        ? layout.remove(key, options.deletion === "soft")
        : [{ op: "remove", path }];
    this.#parts.files([key], gone);
    out.push({ kind: "deleted", key });
  }
}
