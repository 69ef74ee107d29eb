// System calls that end at a given one, as if the process had been killed there. Test support. A write
// that is cut leaves half of its bytes.
import type { FileSystem, OpenFile } from "../file-system.ts";

/** What every call after the cut ends with. */
export class Killed extends Error {}

/** A system call that changes something, told by its name. */
export type Call = "create" | "write" | "sync" | "rename" | "unlink" | "makeFolder";

export class CutFileSystem implements FileSystem {
  /** Calls that change something. */
  calls = 0;
  readonly #real: FileSystem;
  readonly #cutAt: number;
  readonly #error: (() => Error) | undefined;

  /** Call number `cutAt` is not carried out. `error`: it fails, and later ones work again. */
  constructor(real: FileSystem, cutAt: number, error?: () => Error) {
    this.#real = real;
    this.#cutAt = cutAt;
    this.#error = error;
  }

  async create(path: string): Promise<OpenFile> {
    this.#count();
    return this.#wrap(await this.#real.create(path));
  }

  async open(path: string): Promise<OpenFile> {
    this.#check();
    return this.#wrap(await this.#real.open(path));
  }

  async rename(from: string, to: string): Promise<void> {
    this.#count();
    await this.#real.rename(from, to);
  }

  async unlink(path: string): Promise<void> {
    this.#count();
    await this.#real.unlink(path);
  }

  async makeFolder(path: string): Promise<boolean> {
    this.#count();
    return this.#real.makeFolder(path);
  }

  async list(path: string): ReturnType<FileSystem["list"]> {
    this.#check();
    return this.#real.list(path);
  }

  async kindOf(path: string): ReturnType<FileSystem["kindOf"]> {
    this.#check();
    return this.#real.kindOf(path);
  }

  #wrap(file: OpenFile): OpenFile {
    return {
      read: (bytesMax) => file.read(bytesMax),
      close: () => file.close(),
      write: async (bytes) => {
        try {
          this.#count();
        } catch (error) {
          await file.write(bytes.subarray(0, bytes.length / 2));
          throw error;
        }
        await file.write(bytes);
      },
      sync: async () => {
        this.#count();
        await file.sync();
      },
    };
  }

  #count(): void {
    this.calls += 1;
    if (this.calls === this.#cutAt && this.#error !== undefined) throw this.#error();
    this.#check();
  }

  #check(): void {
    if (this.#error === undefined && this.calls >= this.#cutAt) throw new Killed("killed");
  }
}
