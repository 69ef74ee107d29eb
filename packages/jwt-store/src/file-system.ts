// The system calls that a directory of JWTs needs, as a port: tests count them, cut between any two,
// or let them fail. Control thread. The real ones are Node's, one call each.
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";

/** An open file or folder. */
export interface OpenFile {
  write(bytes: Uint8Array): Promise<void>;
  /** At most `bytesMax` bytes from the beginning, and whether there are more. */
  read(bytesMax: number): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A name in a folder. */
export interface FoundName {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface FileSystem {
  /** For writing from the beginning, mode 0600; never through a symbolic link. */
  create(path: string): Promise<OpenFile>;
  /** For reading; also a folder, to sync it. */
  open(path: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** With mode 0700; false = it was there. Missing parents are made too. */
  makeFolder(path: string): Promise<boolean>;
  /** Symbolic links count as what they lead to; what leads nowhere is left out. */
  list(path: string): Promise<FoundName[]>;
  /** "folder", "file", or undefined if there is nothing. */
  kindOf(path: string): Promise<"folder" | "file" | undefined>;
}

const { O_CREAT, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

async function openFile(path: string, flags: number): Promise<OpenFile> {
  const handle = await open(path, flags, 0o600);
  return {
    write: (bytes) => handle.writeFile(bytes),
    async read(bytesMax) {
      const { size } = await handle.stat();
      const bytes = Buffer.alloc(Math.min(size, bytesMax) + 1);
      let filled = 0;
      for (;;) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        filled += bytesRead;
        if (bytesRead === 0 || filled === bytes.length) break;
      }
      return { bytes: bytes.subarray(0, Math.min(filled, bytesMax)), isWhole: filled <= bytesMax };
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

async function listNames(path: string): Promise<FoundName[]> {
  const found: FoundName[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    let kind: { isFile(): boolean; isDirectory(): boolean } = entry;
    if (entry.isSymbolicLink()) {
      try {
        kind = await stat(`${path}/${entry.name}`);
      } catch {
        continue;
      }
    }
    const isFolder = kind.isDirectory();
    if (isFolder || kind.isFile()) found.push({ name: entry.name, isFolder });
  }
  return found;
}

/** Node's system calls. */
export const nodeFileSystem: FileSystem = {
  create: (path) => openFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW),
  open: (path) => openFile(path, O_RDONLY),
  rename,
  unlink,
  list: listNames,
  async makeFolder(path) {
    return (await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined;
  },
  async kindOf(path) {
    try {
      const link = await lstat(path);
      const found = link.isSymbolicLink() ? await stat(path) : link;
      return found.isDirectory() ? "folder" : "file";
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
};

/** ENOENT. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
