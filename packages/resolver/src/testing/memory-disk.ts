// A disk that carries out file steps, and forgets on a power failure what nobody has synced. Test
// support. Bytes are durable after "write", names after "sync" of their folder; what was done to names
// survives in the order in which it was done, up to a point that a seed draws.
import type { Prng } from "@weft/base";
import { type FileStep, folderOf } from "../index.ts";

interface NameChange {
  readonly folders: readonly string[];
  readonly apply: (files: Map<string, string>) => void;
}

export class MemoryDisk {
  /** Path -> text, as a running process sees it. */
  files = new Map<string, string>();
  /** Steps carried out. */
  steps = 0;
  #durable = new Map<string, string>();
  #unsynced: NameChange[] = [];

  run(step: FileStep): void {
    this.steps += 1;
    if (step.op === "folder") return;
    if (step.op === "write") this.#write(step.path, step.text);
    else if (step.op === "rename") this.#rename(step.from, step.to, step.missingOk);
    else if (step.op === "remove") {
      this.#change([folderOf(step.path)], (files) => files.delete(step.path));
    } else this.#sync(step.path);
  }

  /** What a process left that was killed; what it has not synced is still not durable. */
  restart(powerFailed: boolean, prng: Prng): void {
    if (!powerFailed) return;
    const kept = prng.below(this.#unsynced.length + 1);
    for (const { apply } of this.#unsynced.slice(0, kept)) apply(this.#durable);
    this.#unsynced = [];
    this.files = new Map(this.#durable);
  }

  #write(path: string, text: string): void {
    // A new file whose name is not durable may be gone; its bytes are never half there.
    this.#change([folderOf(path)], (files) => files.set(path, text));
  }

  #rename(from: string, to: string, missingOk: boolean): void {
    const text = this.files.get(from);
    if (text === undefined) {
      if (!missingOk) throw new Error(`ENOENT ${from}`);
      return;
    }
    this.#change([folderOf(from), folderOf(to)], (files) => {
      files.delete(from);
      files.set(to, text);
    });
  }

  #change(folders: readonly string[], apply: (files: Map<string, string>) => void): void {
    apply(this.files);
    this.#unsynced.push({ folders, apply });
  }

  #sync(folder: string): void {
    // A journal commits everything up to the last change in this folder.
    const last = this.#unsynced.findLastIndex(({ folders }) => folders.includes(folder));
    for (const { apply } of this.#unsynced.slice(0, last + 1)) apply(this.#durable);
    this.#unsynced = this.#unsynced.slice(last + 1);
  }
}
