// A store on disk as a plain value, and claims without what differs from run to run. Test support.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { decodePublicKey } from "@weft/auth";
import type { RecordedFile } from "./bench.ts";

/** Files below a folder by path. */
export function readTree(folder: string): Record<string, RecordedFile> {
  const files: Record<string, RecordedFile> = {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((it) => it.isFile())) {
    const full = join(entry.parentPath, entry.name);
    const mode = (statSync(full).mode & 0o777).toString(8);
    files[relative(folder, full)] = { mode, text: readFileSync(full, "utf8") };
  }
  return Object.fromEntries(
    Object.entries(files).sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

/** Modes of all folders below one, each mode once. */
export function folderModes(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((it) => it.isDirectory()).map((it) => join(it.parentPath, it.name));
  const modes = paths.map((path) => (statSync(path).mode & 0o777).toString(8));
  return [...new Set(modes)];
}

const KEY = /\b[AOUX][A-Z2-7]{55}\b/g;
const TIMES: ReadonlySet<string> = new Set(["iat", "jti"]);

/** The body of a token, read without any of our own code. */
export function claimsOf(token: string): Record<string, unknown> {
  const body = token.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Record<string, unknown>;
}

const JETSTREAM_COUNTS = [
  "streams",
  "consumer",
  "max_ack_pending",
  "mem_max_stream_bytes",
  "disk_max_stream_bytes",
];

/** nsc sets these with every edit of an account, also where it has no JetStream or has tiers. */
function dropIdleJetStream(claims: Record<string, unknown>): void {
  const limits = (claims["nats"] as Record<string, unknown>)["limits"] as
    | Record<string, unknown>
    | undefined;
  if (limits === undefined || limits["mem_storage"] !== undefined) return;
  if (limits["disk_storage"] !== undefined) return;
  for (const name of JETSTREAM_COUNTS) delete limits[name];
}

/** They stand in the order of random keys: those without a role first. */
function sortSigningKeys(claims: Record<string, unknown>): void {
  const keys = (claims["nats"] as { signing_keys?: unknown[] }).signing_keys;
  keys?.sort((left, right) => Number(typeof left !== "string") - Number(typeof right !== "string"));
}

/** Gives keys names in the order in which they are met. */
export class KeyNames {
  readonly #names = new Map<string, string>();

  /** Claims with named keys, and without what says nothing. */
  named(claims: Record<string, unknown>): unknown {
    dropIdleJetStream(claims);
    sortSigningKeys(claims);
    const rest = Object.entries(claims).filter(([name]) => !TIMES.has(name));
    const text = JSON.stringify(Object.fromEntries(rest.sort()));
    return JSON.parse(text.replace(KEY, (key) => this.#nameOf(key))) as unknown;
  }

  #nameOf(key: string): string {
    if (!decodePublicKey(key).ok) return key;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `${key[0]}-${this.#names.size + 1}`;
    this.#names.set(key, name);
    return name;
  }
}
