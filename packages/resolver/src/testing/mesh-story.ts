// A random story of five servers and what must be true at its end: every server holds the same, no
// update that an operator was told of is lost to an older one, and no deletion is undone. Test support.
import { claimHash, fileKindOf } from "../index.ts";
import type { MeshNode } from "./mesh-node.ts";
import { MeshWorld, NO_TROUBLE, type Trouble } from "./mesh-world.ts";
import { accountClaim, accountKey, deleteClaim } from "./plain-claims.ts";

/** Length of a sync interval in the stories. */
export const INTERVAL_MS = 1_000;

export interface StoryOptions {
  readonly steps: number;
  readonly accounts: number;
  readonly deletes: boolean;
  readonly expiries: boolean;
  readonly crashes: boolean;
  readonly graveLifeMs: number;
}

const TROUBLES: readonly Trouble[] = [
  NO_TROUBLE,
  { lost: 100, doubled: 100, diskFails: 0, delayMsMax: 200 },
  { lost: 400, doubled: 300, diskFails: 20, delayMsMax: 900 },
];

export class MeshStory {
  readonly world: MeshWorld;
  readonly #options: StoryOptions;
  /** Latest deletion of an account that any operator asked for, Unix seconds. */
  readonly #deletedAt = new Map<string, number>();
  #marks = 0;

  constructor(seed: number, options: StoryOptions) {
    this.#options = options;
    this.world = new MeshWorld(seed, 5, {
      type: "full",
      sharded: seed % 2 === 0,
      limit: 1_000,
      ttlMs: 0,
      deletion: seed % 3 === 0 ? "hard" : "soft",
      systemAccount: "",
      graveLifeMs: options.graveLifeMs,
      syncIntervalMs: INTERVAL_MS,
      fetchTimeoutMs: 500,
    });
    for (const node of this.world.nodes) {
      node.skewMs = this.#below(4_000) - 2_000;
      node.start();
    }
  }

  /** Everything that can go wrong, one thing after the other. */
  chaos(): void {
    const { world } = this;
    for (let step = 0; step < this.#options.steps; step += 1) {
      const dice = this.#below(100);
      if (dice < 45) this.push();
      else if (dice < 55 && this.#options.deletes) this.delete();
      else if (dice < 65) this.#part();
      else if (dice < 75) world.trouble = TROUBLES[this.#below(TROUBLES.length)] as Trouble;
      else if (dice < 90 && this.#options.crashes) this.#killOrStart();
      world.run(this.#below(400) + 1);
    }
  }

  /** All are well again and have the time to talk. */
  heal(): void {
    this.world.trouble = NO_TROUBLE;
    this.world.sides.clear();
    for (const node of this.world.nodes) if (node.core === undefined) this.#start(node);
    // A clock that is ahead ends a JWT before the others look for expired ones, once a minute.
    for (let round = 0; round < 150; round += 1) {
      this.world.run(INTERVAL_MS);
      if (this.#areEqual()) return;
    }
    throw new Error(`no agreement:\n${this.world.nodes.map(pictureOf).join("\n")}`);
  }

  push(): void {
    const key = accountKey(this.#below(this.#options.accounts));
    const issued = this.world.seconds() + this.#below(4) - 3;
    const expires =
      this.#options.expiries && this.#below(3) === 0 ? issued + 4 + this.#below(9) : 0;
    this.#marks += 1;
    const text = accountClaim(key, issued, expires, `m${this.#marks}`);
    const subject =
      this.#below(2) === 0 ? "$SYS.REQ.CLAIMS.UPDATE" : `$SYS.REQ.ACCOUNT.${key}.CLAIMS.UPDATE`;
    this.world.request(subject, text, this.#anyNode());
  }

  delete(): void {
    const keys = [accountKey(this.#below(this.#options.accounts))];
    if (this.#below(2) === 0) keys.push(accountKey(this.#below(this.#options.accounts)));
    const issued = this.world.seconds() - this.#below(2);
    for (const key of keys) {
      this.#deletedAt.set(key, Math.max(issued, this.#deletedAt.get(key) ?? 0));
    }
    this.world.request("$SYS.REQ.CLAIMS.DELETE", deleteClaim(keys, issued), this.#anyNode());
  }

  /** What operators were told, against what is there. */
  check(nodes: readonly MeshNode[] = this.world.nodes): void {
    const nowSeconds = this.world.seconds();
    for (const { node: name, text } of this.world.accepted) {
      const [kind, key = "", issuedText, expiresText] = text.split(";");
      const issued = Number(issuedText);
      for (const node of nodes) {
        if (nodes.length === 1 && node.name !== name) continue;
        if (kind === "delete") {
          for (const gone of (expiresText ?? "").split(",")) {
            const back = node.core?.store.set.live(gone);
            if (back === undefined || back.stamp > issued) continue;
            throw new Error(`${node.name}: deleted account is back: ${text}`);
          }
          continue;
        }
        const expires = Number(expiresText);
        const isOver = expires > 0 && expires <= nowSeconds + 3;
        if (isOver || issued <= (this.#deletedAt.get(key) ?? 0)) continue;
        const live = node.core?.store.set.live(key);
        const grave = node.core?.store.set.grave(key);
        if ((live?.stamp ?? 0) >= issued || (grave?.stamp ?? 0) >= issued) continue;
        throw new Error(`${node.name}: accepted by ${name} and lost: ${text}`);
      }
    }
  }

  /** Memory and disk say the same, and no file is left over. */
  checkDisks(): void {
    for (const node of this.world.nodes) {
      const store = node.core?.store;
      if (store === undefined) continue;
      this.world.drain(node);
      for (const { key, hash } of store.set.claims()) {
        const text = node.disk.files.get(store.pathOf(key)) ?? "";
        if (claimHash(text) !== hash) throw new Error(`${node.name}: ${key} is not on disk`);
      }
      for (const { id } of store.set.proofs()) {
        const text = node.disk.files.get(store.pathOfReference({ kind: "proof", id })) ?? "";
        if (claimHash(text) !== id) throw new Error(`${node.name}: proof ${id} is not on disk`);
      }
      for (const path of node.disk.files.keys()) {
        const file = fileKindOf(path);
        if (file.kind !== "jwt" || store.set.live(file.key) !== undefined) continue;
        // A file that a failing disk did not let go is dead all the same.
        const grave = store.set.grave(file.key);
        if (grave === undefined) throw new Error(`${node.name}: ${path} is nobody's`);
      }
      const left = [...node.disk.files.keys()].filter((path) => path.endsWith(".new"));
      if (left.length > 0) throw new Error(`${node.name}: left over ${left.join()}`);
    }
  }

  #anyNode(): MeshNode {
    return this.world.nodes[this.#below(this.world.nodes.length)] as MeshNode;
  }

  #part(): void {
    this.world.sides.clear();
    if (this.#below(2) === 0) return;
    for (const node of this.world.nodes) this.world.sides.set(node.name, this.#below(2));
  }

  #killOrStart(): void {
    const node = this.#anyNode();
    if (node.core === undefined) this.#start(node);
    else node.kill(this.#below(2) === 0);
  }

  #start(node: MeshNode): void {
    node.start();
    // What this node has promised survives whatever happened to it.
    this.check([node]);
  }

  #areEqual(): boolean {
    const [first, ...others] = this.world.nodes.map(pictureOf);
    const isQuiet = this.world.nodes.every((node) => !node.isBusy);
    return isQuiet && others.every((other) => other === first);
  }

  #below(bound: number): number {
    return this.world.prng.below(bound);
  }
}

/** Everything that all nodes have to agree about. */
export function pictureOf(node: MeshNode): string {
  const set = node.core?.store.set;
  if (set === undefined) return "down";
  const live = [...set.claims()].map((claim) => `${claim.key}=${claim.hash}`).sort();
  const proofs = [...set.proofs()].map(({ id }) => id).sort();
  return `${live.join(" ")} | ${proofs.join(" ")}`;
}
