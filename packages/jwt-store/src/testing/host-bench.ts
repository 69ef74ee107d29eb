// A directory host with everything that it needs, in a folder that goes away. Test support.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPrng, type Log } from "@weft/base";
import { type DirectoryNodeOptions, encodeClaimReply } from "@weft/resolver";
import { DirectoryHost } from "../directory-host.ts";
import { type FileSystem, nodeFileSystem } from "../file-system.ts";
import { JwtDirectory } from "../jwt-directory.ts";
import { SYSTEM, signedReader } from "./signed-claims.ts";

export const FULL: DirectoryNodeOptions = {
  type: "full",
  sharded: false,
  limit: 1_000,
  ttlMs: 0,
  deletion: "soft",
  systemAccount: SYSTEM.publicKey,
  graveLifeMs: 30 * 86_400_000,
  syncIntervalMs: 60_000,
  fetchTimeoutMs: 500,
};

/** A folder that {@link removeFolders} takes away. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "weft-jwt-"));
  folders.push(path);
  return path;
}

const folders: string[] = [];

export function removeFolders(): void {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
}

export interface Mesh {
  readonly hosts: Map<string, HostBench>;
}

export class HostBench {
  readonly host: DirectoryHost;
  readonly path: string;
  readonly log: string[] = [];
  readonly changed: string[] = [];
  readonly deleted: string[] = [];
  readonly answers: string[] = [];

  constructor(
    path: string,
    options: Partial<DirectoryNodeOptions> = {},
    { files = nodeFileSystem, mesh, name = "N1" }: BenchOptions = {},
  ) {
    this.path = path;
    const lines = this.log;
    const log: Log = {
      write: (_level, text) => lines.push(text),
      debugEnabled: true,
      traceEnabled: false,
    };
    this.host = new DirectoryHost(
      new JwtDirectory(path, files),
      { ...FULL, ...options },
      {
        reader: signedReader,
        prng: createPrng(1),
        isLoaded: () => true,
        log,
        now: () => ({ monotonicMs: performance.now(), unixMs: Date.now() }),
        nodeName: name,
        reply: (_subject, body) => this.answers.push(encodeClaimReply(body, {})),
        replyRaw: (_subject, text) => {
          this.answers.push(text);
          return undefined;
        },
        sendMesh(to, payload) {
          for (const [peer, { host }] of mesh?.hosts ?? []) {
            if (peer !== name && (to === undefined || to === peer)) {
              setImmediate(() => host.onMeshPayload(Buffer.from(payload)));
            }
          }
        },
        peerCount: () => (mesh === undefined ? 0 : mesh.hosts.size - 1),
        changed: (key) => this.changed.push(key),
        deleted: (key) => this.deleted.push(key),
      },
    );
    mesh?.hosts.set(name, this);
  }

  /** Sends a request and waits until everything that it causes is done. */
  async ask(subject: string, text: string | Uint8Array): Promise<string[]> {
    this.answers.length = 0;
    this.host.onRequest({ subject, reply: "R", payload: Buffer.from(text) });
    await this.host.settled();
    return [...this.answers];
  }
}

interface BenchOptions {
  readonly files?: FileSystem | undefined;
  readonly mesh?: Mesh | undefined;
  readonly name?: string | undefined;
}
