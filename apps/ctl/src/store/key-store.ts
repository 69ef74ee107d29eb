// The folder of secrets, as nsc lays it out:
//
//   keys/<O|A|U|X>/<characters 2 and 3>/<public key>.nk      the seed alone
//   creds/<operator>/<account>/<user>.creds
//
// What must stay true: every file has mode 0600 in folders of 0700 and is written atomically; a seed
// leaves the store only as a signer, unless a command was asked to show it.
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodePublicKey } from "@weft/auth";
import { type Signer, signerFromSeed } from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";
import { makeFolder, readSecret, removeFile, writeFile } from "./files.ts";
import { publicKeyOf, type SeedAndKey } from "./new-key.ts";

const KEY_ENDING = ".nk";
const IGNORED = "# ignore all nk files\n**/*.nk\n\n# ignore all creds files\n**/*.creds\n";

export class KeyStore {
  readonly folder: string;
  readonly #warn: (text: string) => void;

  constructor(folder: string, warn: (text: string) => void) {
    this.folder = folder;
    this.#warn = warn;
  }

  /** Where the seed of a public key is, or would be. */
  pathOf(publicKey: string): string {
    if (!decodePublicKey(publicKey).ok) throw new Failure(`"${publicKey}" is no public key`);
    const kind = publicKey.slice(0, 1);
    return join(this.folder, "keys", kind, publicKey.slice(1, 3), `${publicKey}${KEY_ENDING}`);
  }

  has(publicKey: string): boolean {
    return existsSync(this.pathOf(publicKey));
  }

  /** The seed of a public key; undefined if it is not here. A secret. */
  seedOf(publicKey: string): string | undefined {
    const path = this.pathOf(publicKey);
    const seed = readSecret(path, this.#warn)?.trim();
    if (seed === undefined) return undefined;
    const actual = publicKeyOf(seed);
    if (actual === undefined) throw new Failure(`${path} holds no valid seed`);
    if (actual !== publicKey) throw new Failure(`${path} holds the seed of another key: ${actual}`);
    return seed;
  }

  /** Who signs for a public key; undefined if its seed is not here. */
  signerOf(publicKey: string): Signer | undefined {
    const seed = this.seedOf(publicKey);
    return seed === undefined ? undefined : signerFromSeed(seed);
  }

  store(key: SeedAndKey): void {
    this.#prepare();
    const path = this.pathOf(key.publicKey);
    if (this.seedOf(key.publicKey) === undefined) writeFile(path, key.seed);
  }

  /** False if it was not here. */
  remove(publicKey: string): boolean {
    const path = this.pathOf(publicKey);
    if (!removeFile(path)) return false;
    const folder = dirname(path);
    if (readdirSync(folder).length === 0) rmdirSync(folder);
    return true;
  }

  /** Public keys of all seeds, by the names of their files. */
  all(): string[] {
    const found: string[] = [];
    const keys = join(this.folder, "keys");
    if (!existsSync(keys)) return found;
    for (const name of readdirSync(keys, { recursive: true, encoding: "utf8" })) {
      const key = name.slice(name.lastIndexOf("/") + 1, -KEY_ENDING.length);
      if (name.endsWith(KEY_ENDING) && decodePublicKey(key).ok) found.push(key);
    }
    return found.sort();
  }

  credsPath(operator: string, account: string, user: string): string {
    return join(this.folder, "creds", operator, account, `${user}.creds`);
  }

  storeCreds(operator: string, account: string, user: string, text: string): string {
    this.#prepare();
    const path = this.credsPath(operator, account, user);
    writeFile(path, text);
    return path;
  }

  #prepare(): void {
    makeFolder(join(this.folder, "keys"));
    makeFolder(join(this.folder, "creds"));
    const ignore = join(this.folder, ".gitignore");
    if (!existsSync(ignore)) writeFile(ignore, IGNORED);
  }
}
