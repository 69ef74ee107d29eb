// A directory of JWTs: carries out file steps and reads files. Control thread. Must stay true: steps of
// one call run one after the other and stop at the first that fails; nothing outside the directory
// is touched.
import { dirname, join } from "node:path";
import { type FileLayout, type FileStep, fileKindOf, RESOLVER_LIMITS } from "@weft/resolver";
import { type FileSystem, isMissing } from "./file-system.ts";

export class JwtDirectory {
  readonly path: string;
  readonly #files: FileSystem;

  /** `path` is absolute. */
  constructor(path: string, files: FileSystem) {
    this.path = path;
    this.#files = files;
  }

  /** Makes sure that the directory is there; `create` makes it. */
  async open(create: boolean): Promise<void> {
    const kind = await this.#files.kindOf(this.path);
    if (kind === "file") throw new Error(`the path [${this.path}] is not a directory`);
    if (kind === "folder") return;
    if (!create) throw new Error(`the path [${this.path}] doesn't exist`);
    await this.#files.makeFolder(this.path);
    await this.#syncFolder(dirname(this.path));
  }

  /** Relative paths of what a resolver may have written, in the order in which to read them. */
  async scan(layout: FileLayout): Promise<string[]> {
    const paths: string[] = [];
    for (const { name, isFolder } of await this.#files.list(this.path)) {
      // Kubernetes keeps older versions of mounted files in folders such as `..2026_01_01`.
      if (isFolder && !name.startsWith(".")) {
        for (const inner of await this.#files.list(join(this.path, name))) {
          if (!inner.isFolder) paths.push(`${name}/${inner.name}`);
        }
      } else if (!isFolder) paths.push(name);
    }
    return layout.inLoadOrder(paths.filter((path) => fileKindOf(path).kind !== "other"));
  }

  /** The text of a file, without white space at its end; undefined = there is none. */
  async read(path: string): Promise<string | undefined> {
    let file: Awaited<ReturnType<FileSystem["open"]>>;
    try {
      file = await this.#files.open(join(this.path, path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      const { bytes, isWhole } = await file.read(RESOLVER_LIMITS.claimBytesMax);
      if (!isWhole)
        throw new Error(`${path} is larger than ${RESOLVER_LIMITS.claimBytesMax} bytes`);
      return Buffer.from(bytes).toString("latin1").trimEnd();
    } finally {
      await file.close();
    }
  }

  /** Carries steps out. What was written and got no name is taken away if one fails. */
  async run(steps: readonly FileStep[]): Promise<void> {
    const unnamed = new Set<string>();
    try {
      for (const step of steps) {
        if (step.op === "write") unnamed.add(step.path);
        await this.#runStep(step);
        if (step.op === "rename") unnamed.delete(step.from);
      }
    } catch (error) {
      for (const path of unnamed) await this.#remove(path).catch(() => undefined);
      throw error;
    }
  }

  async #runStep(step: FileStep): Promise<void> {
    if (step.op === "write") return this.#write(step.path, step.text);
    if (step.op === "remove") return this.#remove(step.path);
    if (step.op === "sync") return this.#syncFolder(join(this.path, step.path));
    if (step.op === "folder") {
      const made = await this.#files.makeFolder(join(this.path, step.path));
      return made ? this.#syncFolder(this.path) : undefined;
    }
    try {
      await this.#files.rename(join(this.path, step.from), join(this.path, step.to));
    } catch (error) {
      if (!step.missingOk || !isMissing(error)) throw error;
    }
  }

  async #write(path: string, text: string): Promise<void> {
    const file = await this.#files.create(join(this.path, path));
    try {
      await file.write(Buffer.from(text, "latin1"));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #remove(path: string): Promise<void> {
    try {
      await this.#files.unlink(join(this.path, path));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  async #syncFolder(path: string): Promise<void> {
    let folder: Awaited<ReturnType<FileSystem["open"]>>;
    try {
      folder = await this.#files.open(path);
    } catch (error) {
      // A folder of a sharded directory in which nothing was ever written.
      if (isMissing(error)) return;
      throw error;
    }
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
