// The tokens of one operator on disk, as nsc lays them out:
//
//   <operator>/.nsc                                   {"managed":…,"name":…,"kind":"operator","version":"1"}
//   <operator>/<operator>.jwt
//   <operator>/accounts/<account>/<account>.jwt
//   <operator>/accounts/<account>/users/<user>.jwt
//
// What must stay true: what is read is a token of the wanted kind with a good signature; what is
// written stands under the name that it carries, and is there whole or not at all.
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SignatureVerifier } from "@weft/auth";
import {
  type AccountClaims,
  type ClaimsOfKind,
  decodeTokenOf,
  type OperatorClaims,
  type UserClaims,
} from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";
import { makeFolder, readFileIfThere, readWanted, removeFile, writeFile } from "./files.ts";
import { checkName, nameProblem } from "./names.ts";

const INFO_FILE = ".nsc";
const TOKEN_ENDING = ".jwt";

interface StoreInfo {
  readonly name: string;
  /** Somebody else has the operator's key: accounts sign themselves. */
  readonly managed: boolean;
}

function infoOf(folder: string): StoreInfo | undefined {
  const text = readFileIfThere(join(folder, INFO_FILE));
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure(`${join(folder, INFO_FILE)} is not JSON`);
  }
  const { name, managed, kind } = (value ?? {}) as Record<string, unknown>;
  if (kind !== "operator" || typeof name !== "string" || nameProblem(name) !== undefined) {
    throw new Failure(`${join(folder, INFO_FILE)} describes no operator`);
  }
  return { name, managed: managed === true };
}

/** Folders and files that a folder has; nothing if it is not there. */
function entriesOf(folder: string): { readonly name: string; readonly isFolder: boolean }[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Names of the operators in a folder. */
export function operatorNames(operatorsFolder: string): string[] {
  return entriesOf(operatorsFolder)
    .filter(({ name, isFolder }) => isFolder && existsSync(join(operatorsFolder, name, INFO_FILE)))
    .map(({ name }) => name);
}

export class OperatorStore {
  readonly name: string;
  readonly isManaged: boolean;
  readonly folder: string;
  readonly #verifier: SignatureVerifier;

  private constructor(folder: string, info: StoreInfo, verifier: SignatureVerifier) {
    this.folder = folder;
    this.name = info.name;
    this.isManaged = info.managed;
    this.#verifier = verifier;
  }

  static open(operatorsFolder: string, name: string, verifier: SignatureVerifier): OperatorStore {
    const folder = join(operatorsFolder, checkName("operator", name));
    const info = infoOf(folder);
    if (info === undefined) throw new Failure(`operator "${name}" is not in ${operatorsFolder}`);
    return new OperatorStore(folder, info, verifier);
  }

  static create(
    operatorsFolder: string,
    name: string,
    isManaged: boolean,
    verifier: SignatureVerifier,
  ): OperatorStore {
    const folder = join(operatorsFolder, checkName("operator", name));
    if (entriesOf(folder).length > 0) {
      throw new Failure(`operator "${name}" is already in ${operatorsFolder}`);
    }
    makeFolder(join(folder, "accounts"));
    const info = { managed: isManaged, name, kind: "operator", version: "1" };
    writeFile(join(folder, INFO_FILE), JSON.stringify(info));
    return new OperatorStore(folder, { name, managed: isManaged }, verifier);
  }

  get operatorPath(): string {
    return join(this.folder, `${this.name}${TOKEN_ENDING}`);
  }

  accountPath(account: string): string {
    const name = checkName("account", account);
    return join(this.folder, "accounts", name, `${name}${TOKEN_ENDING}`);
  }

  userPath(account: string, user: string): string {
    const folder = join(this.folder, "accounts", checkName("account", account), "users");
    return join(folder, `${checkName("user", user)}${TOKEN_ENDING}`);
  }

  /** The claims of a token file; the text beside them is what the file holds. */
  #read<K extends "operator" | "account" | "user">(
    kind: K,
    path: string,
  ): { readonly claims: ClaimsOfKind<K>; readonly token: string } {
    const token = readWanted(path).trim();
    const decoded = decodeTokenOf(kind, token, this.#verifier);
    if (!decoded.ok) throw new Failure(`${path}: ${decoded.error.message}`);
    return { claims: decoded.claims, token };
  }

  operator(): OperatorClaims {
    return this.#read("operator", this.operatorPath).claims;
  }

  operatorToken(): string {
    return this.#read("operator", this.operatorPath).token;
  }

  writeOperator(token: string): void {
    writeFile(this.operatorPath, token);
  }

  accountNames(): string[] {
    return entriesOf(join(this.folder, "accounts"))
      .filter(({ name, isFolder }) => isFolder && nameProblem(name) === undefined)
      .filter(({ name }) => existsSync(this.accountPath(name)))
      .map(({ name }) => name);
  }

  hasAccount(account: string): boolean {
    return existsSync(this.accountPath(account));
  }

  account(account: string): AccountClaims {
    this.#checkAccount(account);
    return this.#read("account", this.accountPath(account)).claims;
  }

  accountToken(account: string): string {
    this.#checkAccount(account);
    return this.#read("account", this.accountPath(account)).token;
  }

  #checkAccount(account: string): void {
    if (this.hasAccount(account)) return;
    throw new Failure(`account "${account}" is not under operator "${this.name}"`);
  }

  writeAccount(account: string, token: string): void {
    writeFile(this.accountPath(account), token);
  }

  /** With its users. */
  removeAccount(account: string): void {
    rmSync(join(this.folder, "accounts", checkName("account", account)), { recursive: true });
  }

  userNames(account: string): string[] {
    return entriesOf(join(this.folder, "accounts", checkName("account", account), "users"))
      .filter(({ name, isFolder }) => !isFolder && name.endsWith(TOKEN_ENDING))
      .map(({ name }) => name.slice(0, -TOKEN_ENDING.length));
  }

  hasUser(account: string, user: string): boolean {
    return existsSync(this.userPath(account, user));
  }

  user(account: string, user: string): UserClaims {
    this.#checkUser(account, user);
    return this.#read("user", this.userPath(account, user)).claims;
  }

  userToken(account: string, user: string): string {
    this.#checkUser(account, user);
    return this.#read("user", this.userPath(account, user)).token;
  }

  #checkUser(account: string, user: string): void {
    this.#checkAccount(account);
    if (this.hasUser(account, user)) return;
    throw new Failure(`user "${user}" is not in account "${account}"`);
  }

  writeUser(account: string, user: string, token: string): void {
    writeFile(this.userPath(account, user), token);
  }

  removeUser(account: string, user: string): void {
    removeFile(this.userPath(account, user));
    const folder = join(this.folder, "accounts", account, "users");
    if (entriesOf(folder).length === 0) rmdirSync(folder);
  }
}
