// Everything a command works with: the store of the chosen operator, the keys, the clock, and the
// rules of signing. Opened once per command.
import { isPublicKey, SignatureVerifier } from "@weft/auth";
import {
  type AccountClaims,
  type Claims,
  encodeClaims,
  type Finding,
  formatCreds,
  type OperatorClaims,
  type Signer,
  type UserClaims,
  validateClaims,
} from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import type { Host } from "../command-line/command.ts";
import { Failure, usageFailure } from "../command-line/failure.ts";
import { KeyStore } from "./key-store.ts";
import type { SeedAndKey } from "./new-key.ts";
import { OperatorStore, operatorNames } from "./operator-store.ts";
import { type Places, placesOf } from "./places.ts";

export class Workplace {
  readonly words: Arguments;
  readonly host: Host;
  readonly places: Places;
  readonly keys: KeyStore;
  readonly verifier = new SignatureVerifier();
  #store: OperatorStore | undefined;
  readonly #newKeys: { readonly key: SeedAndKey; readonly note: string | undefined }[] = [];

  constructor(words: Arguments, host: Host) {
    this.words = words;
    this.host = host;
    this.places = placesOf(words, host);
    this.keys = new KeyStore(this.places.keysFolder, (text) => host.warn(text));
  }

  get nowSeconds(): number {
    return Math.floor(this.host.nowMs() / 1_000);
  }

  /** Of the operator that is named, or the only one. */
  get store(): OperatorStore {
    this.#store ??= this.#open();
    return this.#store;
  }

  #open(): OperatorStore {
    const { operatorsFolder } = this.places;
    const wanted = this.words.text("operator") ?? this.host.environment["WEFTCTL_OPERATOR"];
    if (wanted !== undefined && wanted !== "") {
      return OperatorStore.open(operatorsFolder, wanted, this.verifier);
    }
    const names = operatorNames(operatorsFolder);
    const only = names[0];
    if (only === undefined) throw new Failure(`no operator in ${operatorsFolder}`);
    if (names.length > 1) {
      throw usageFailure(`several operators (${names.join(", ")}): choose one with --operator`);
    }
    return OperatorStore.open(operatorsFolder, only, this.verifier);
  }

  createStore(name: string, isManaged: boolean): OperatorStore {
    const { operatorsFolder } = this.places;
    this.#store = OperatorStore.create(operatorsFolder, name, isManaged, this.verifier);
    return this.#store;
  }

  /** The account that is meant: by an option, a variable, or as the only one. */
  accountName(option = "account"): string {
    const wanted = this.words.text(option) ?? this.host.environment["WEFTCTL_ACCOUNT"];
    if (wanted !== undefined && wanted !== "") return this.accountNamed(wanted);
    const names = this.store.accountNames();
    const only = names[0];
    if (only === undefined) throw new Failure(`operator "${this.store.name}" has no accounts`);
    if (names.length > 1) {
      throw usageFailure(`several accounts (${names.join(", ")}): choose one with --${option}`);
    }
    return only;
  }

  /** The name of an account that is given by name or by public key. */
  accountNamed(nameOrKey: string): string {
    const { store } = this;
    if (!isPublicKey(nameOrKey, "account") || store.hasAccount(nameOrKey)) {
      store.account(nameOrKey);
      return nameOrKey;
    }
    const found = store.accountNames().find((name) => store.account(name).subject === nameOrKey);
    if (found === undefined) {
      throw new Failure(`account ${nameOrKey} is not under operator "${store.name}"`);
    }
    return found;
  }

  /** The public key of an account that is given by name or by public key, also of a foreign one. */
  accountKey(nameOrKey: string): string {
    if (isPublicKey(nameOrKey, "account")) return nameOrKey;
    return this.store.account(nameOrKey).subject;
  }

  /** Names of accounts by public key. */
  accountNamesByKey(): ReadonlyMap<string, string> {
    const { store } = this;
    return new Map(store.accountNames().map((name) => [store.account(name).subject, name]));
  }

  /** Signs claims that have just been made or edited. `before` = what was found of them already. */
  sign<C extends Claims>(claims: C, signer: Signer, before: readonly Finding[] = []): string {
    const known = new Set(before.map(({ text }) => text));
    const isNew = ({ level, text }: Finding): boolean => level === "error" && !known.has(text);
    const found = validateClaims(
      { ...claims, issuer: signer.publicKey },
      this.nowSeconds,
      this.verifier,
    );
    const problems = found.filter(isNew).map(({ text }) => text);
    if (problems.length > 0) throw new Failure(problems.join("; "));
    const encoded = encodeClaims(claims, signer, this.nowSeconds);
    if (!encoded.ok) throw new Failure(encoded.error.message);
    return encoded.token;
  }

  /**
   * A key that is stored when the claims that need it are: what is refused leaves no keys behind.
   * `note` = what to say when it is.
   */
  keepLater(key: SeedAndKey, note?: string): void {
    this.#newKeys.push({ key, note });
  }

  /** Before the claims: a crash between the two must not lose the only seed. */
  #keepKeys(): void {
    for (const { key, note } of this.#newKeys.splice(0)) {
      this.keys.store(key);
      if (note !== undefined) this.host.print(note);
    }
  }

  saveOperator(claims: OperatorClaims, signer: Signer): void {
    const token = this.sign(claims, signer);
    this.#keepKeys();
    this.store.writeOperator(token);
  }

  /** Findings that the account had before the edit do not stop it. */
  saveAccount(name: string, claims: AccountClaims, signer: Signer, before?: AccountClaims): void {
    const known =
      before === undefined ? [] : validateClaims(before, this.nowSeconds, this.verifier);
    const token = this.sign(claims, signer, known);
    this.#keepKeys();
    this.store.writeAccount(name, token);
  }

  /** Writes the user, and its creds file if its seed is here; resolves with the file's path. */
  saveUser(account: string, claims: UserClaims, signer: Signer): string | undefined {
    const token = this.sign(claims, signer);
    this.#keepKeys();
    this.store.writeUser(account, claims.name, token);
    return this.writeCreds(account, claims.name, claims.subject, token);
  }

  /** The text of a creds file; undefined if the seed is not here. A secret. */
  credsText(publicKey: string, token: string): string | undefined {
    const seed = this.keys.seedOf(publicKey);
    if (seed === undefined) return undefined;
    const creds = formatCreds(token, seed, this.verifier);
    if (!creds.ok) throw new Failure(creds.error);
    return creds.value;
  }

  writeCreds(account: string, user: string, key: string, token: string): string | undefined {
    const text = this.credsText(key, token);
    if (text === undefined) return undefined;
    return this.keys.storeCreds(this.store.name, account, user, text);
  }
}
