// Where claims stand in a directory, and the system calls that change it, as data. A driver carries
// steps out one after the other; tests cut between any two. Control thread; pure.
//
//   <KEY>.jwt              the account's JWT, as nats-server writes it (AC-85)
//   <xx>/<KEY>.jwt         the same in a sharded directory; xx = last two characters of the key
//   <KEY>.jwt.deleted      what a soft delete leaves
//   <KEY>.jwt.order        "hash rank" lines: JWTs of one second, and which came later
//   weft-claims/<ID>.claim a proof: a deletion, or an expired JWT; ID = hex SHA-256 of the text
//   weft-claims/awake      Unix milliseconds: awake since, and last seen awake
//   *.new                  a file that was being written; worth nothing
//
// Must stay true: a name is made of checked keys and hashes only; a file gets its name after its
// bytes are on disk, and a folder is synced after a name in it has changed. nats-server reads only
// names that end in `.jwt`, so the others do not disturb it.
import { isPublicKey } from "@weft/auth";

/** One step; paths are relative to the directory, with `/`. */
export type FileStep =
  /** Makes the folder with mode 0700 if it is not there. */
  | { readonly op: "folder"; readonly path: string }
  /** Writes and syncs `path` with mode 0600; what was there is cut off before. */
  | { readonly op: "write"; readonly path: string; readonly text: string }
  /** Gives a file another name; `missingOk`: it may not be there. */
  | {
      readonly op: "rename";
      readonly from: string;
      readonly to: string;
      readonly missingOk: boolean;
    }
  /** Takes a file away; it may be gone already. */
  | { readonly op: "remove"; readonly path: string }
  /** Makes the names in a folder durable; `""` = the directory itself. */
  | { readonly op: "sync"; readonly path: string };

/** What a file of the directory is. */
export type FileKind =
  | { readonly kind: "jwt"; readonly key: string }
  | { readonly kind: "order"; readonly key: string }
  | { readonly kind: "proof"; readonly id: string }
  | { readonly kind: "awake" }
  | { readonly kind: "leftover" }
  | { readonly kind: "other" };

export const CLAIMS_FOLDER = "weft-claims";
export const AWAKE_FILE = `${CLAIMS_FOLDER}/awake`;
const NEW = ".new";
const ID = /^[0-9a-f]{64}$/;

/** What the file at `path` is, by its name alone. */
export function fileKindOf(path: string): FileKind {
  const parts = path.split("/");
  const name = parts.at(-1) as string;
  if (parts.length > 2 || path.startsWith(".")) return { kind: "other" };
  if (name.endsWith(`.jwt${NEW}`) || name.endsWith(`.order${NEW}`)) return { kind: "leftover" };
  if (parts.length === 2 && parts[0] === CLAIMS_FOLDER) {
    if (name.endsWith(NEW)) return { kind: "leftover" };
    const id = name.slice(0, -".claim".length);
    if (name.endsWith(".claim") && ID.test(id)) return { kind: "proof", id };
    return { kind: path === AWAKE_FILE ? "awake" : "other" };
  }
  const order = /^(.*)\.jwt(\.order)?$/.exec(name);
  const key = order?.[1] ?? "";
  if (order === null || !isPublicKey(key, "account")) return { kind: "other" };
  return { kind: order[2] === undefined ? "jwt" : "order", key };
}

/** Names and steps of one directory. */
export class FileLayout {
  readonly #sharded: boolean;

  constructor(sharded: boolean) {
    this.#sharded = sharded;
  }

  claim(key: string): string {
    return this.#sharded ? `${key.slice(-2)}/${key}.jwt` : `${key}.jwt`;
  }

  proof(id: string): string {
    return `${CLAIMS_FOLDER}/${id}.claim`;
  }

  /** Replaces a JWT. `order`: its lines; undefined = there are none (any more). */
  save(key: string, text: string, order: string | undefined): FileStep[] {
    const path = this.claim(key);
    const steps: FileStep[] = [];
    if (this.#sharded) steps.push({ op: "folder", path: key.slice(-2) });
    if (order !== undefined) steps.push(...this.#replace(`${path}.order`, order));
    steps.push(...this.#replace(path, text));
    if (order === undefined) steps.push({ op: "remove", path: `${path}.order` });
    return steps;
  }

  /** Writes down which of several JWTs of one second came later. */
  rank(key: string, order: string): FileStep[] {
    return this.#replace(`${this.claim(key)}.order`, order);
  }

  /** Ends a JWT: soft keeps it under another name. */
  remove(key: string, soft: boolean): FileStep[] {
    const path = this.claim(key);
    const steps: FileStep[] = soft
      ? [{ op: "rename", from: path, to: `${path}.deleted`, missingOk: true }]
      : [{ op: "remove", path }];
    steps.push({ op: "remove", path: `${path}.order` }, { op: "sync", path: folderOf(path) });
    return steps;
  }

  /** A JWT that has expired becomes the proof of its own end. */
  expire(key: string, id: string): FileStep[] {
    const path = this.claim(key);
    return [
      { op: "rename", from: path, to: this.proof(id), missingOk: true },
      { op: "remove", path: `${path}.order` },
      { op: "sync", path: CLAIMS_FOLDER },
      { op: "sync", path: folderOf(path) },
    ];
  }

  /** The way back, for a clock that had run ahead. */
  revive(key: string, id: string): FileStep[] {
    const path = this.claim(key);
    const steps: FileStep[] = this.#sharded ? [{ op: "folder", path: key.slice(-2) }] : [];
    steps.push({ op: "rename", from: this.proof(id), to: path, missingOk: true });
    steps.push({ op: "sync", path: folderOf(path) }, { op: "sync", path: CLAIMS_FOLDER });
    return steps;
  }

  saveProof(id: string, text: string): FileStep[] {
    return this.#replace(this.proof(id), text);
  }

  forgetProof(id: string): FileStep[] {
    return [{ op: "remove", path: this.proof(id) }];
  }

  awake(text: string): FileStep[] {
    return this.#replace(AWAKE_FILE, text);
  }

  /**
   * Files in the order in which they have to be read: deletions before what they end, and what stands
   * in its place before what does not, so that the newer of two is known when the other comes.
   */
  inLoadOrder(paths: readonly string[]): string[] {
    const place = (path: string): number => {
      const file = fileKindOf(path);
      if (file.kind !== "jwt") return ["leftover", "awake", "proof", "order"].indexOf(file.kind);
      return path === this.claim(file.key) ? 5 : 6;
    };
    return [...paths].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  }

  /** What has to be there before anything else. */
  prepare(): FileStep[] {
    return [
      { op: "folder", path: CLAIMS_FOLDER },
      { op: "sync", path: "" },
    ];
  }

  #replace(path: string, text: string): FileStep[] {
    return [
      { op: "write", path: `${path}${NEW}`, text },
      { op: "rename", from: `${path}${NEW}`, to: path, missingOk: false },
      { op: "sync", path: folderOf(path) },
    ];
  }
}

/** The folder of a relative path; `""` = the directory itself. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** The lines of an order file. */
export function orderText(ties: ReadonlyMap<string, number>): string {
  return [...ties].map(([hash, rank]) => `${hash} ${rank}\n`).join("");
}

/** Ranks by hash; lines that cannot be read are left out. */
export function readOrder(text: string): Map<string, number> {
  const ties = new Map<string, number>();
  for (const line of text.split("\n").slice(0, 64)) {
    const found = /^([0-9a-f]{64}) (\d{1,6})$/.exec(line);
    if (found !== null) ties.set(found[1] as string, Number(found[2]));
  }
  return ties;
}
