// Accounts of the configuration beside those that come by tokens (GP-1): they import from each other.
// Control thread; pure. Must stay true: a name or key that the configuration has is never an account by
// token; tokens name an account of the configuration by its public key.
import type { AccountSpec, LiveAccounts, LiveChange } from "@weft/accounts";
import { isPublicKey } from "@weft/auth";

/** `$G` and the system account: their place is never given up. */
const RESERVED_INDEX_MAX = 1;

export class StaticAccounts {
  readonly #live: LiveAccounts;
  #specs: ReadonlyMap<string, AccountSpec> = new Map();
  /** Public keys, to names. */
  #names: ReadonlyMap<string, string> = new Map();
  #wanted: ReadonlySet<string> = new Set();
  /** What of each does not work, now and when it was last told. */
  readonly #problems = new Map<string, string>();
  readonly #told = new Map<string, string>();

  constructor(live: LiveAccounts) {
    this.#live = live;
  }

  /** Accounts by tokens that the configuration imports from. */
  get wanted(): ReadonlySet<string> {
    return this.#wanted;
  }

  /** Public keys of accounts of the configuration. */
  get keys(): Iterable<string> {
    return this.#names.keys();
  }

  has(nameOrKey: string): boolean {
    return this.#specs.has(nameOrKey) || this.#names.has(nameOrKey);
  }

  /** The account of the configuration with this public key. */
  nameOf(key: string): string | undefined {
    return this.#names.get(key) ?? (this.#specs.has(key) ? key : undefined);
  }

  /** In place of those before. What it did to accounts by tokens is for the caller to note. */
  replace(specs: readonly AccountSpec[]): LiveChange {
    const next = new Map(specs.map((spec) => [spec.name, spec]));
    const left = [...this.#specs.keys()].filter((name) => !next.has(name));
    const isReserved = (name: string): boolean =>
      (this.#live.indexOf(name) ?? 0) <= RESERVED_INDEX_MAX;
    const gone = left.filter((name) => !isReserved(name));
    const emptied = left.filter(isReserved).map((name): AccountSpec => ({ name }));
    this.#specs = next;
    this.#names = new Map(specs.flatMap(({ nkey, name }) => (nkey ? [[nkey, name]] : [])));
    const imports = specs.flatMap((spec) => spec.imports ?? []);
    this.#wanted = new Set(
      imports
        .map(({ account }) => account)
        .filter((account) => isPublicKey(account, "account") && !this.has(account)),
    );
    const change = this.#live.change([...specs, ...emptied], gone);
    const { problems, crowded } = change;
    for (const name of left) this.#problems.delete(name);
    this.note(problems);
    for (const name of crowded) this.#problems.set(name, "there is no room for one more account");
    return change;
  }

  /** What of theirs does not work any more, or does again. */
  note(problems: ReadonlyMap<string, readonly { readonly message: string }[]>): void {
    for (const [name, found] of problems) {
      if (!this.#specs.has(name)) continue;
      this.#problems.set(name, found.map(({ message }) => message).join("; "));
    }
  }

  /** The same for people, as far as it was not told. */
  untold(): string[] {
    const texts: string[] = [];
    for (const [name, said] of this.#problems) {
      if (said !== "" && this.#told.get(name) !== said) texts.push(`Account ${name}: ${said}`);
      this.#told.set(name, said);
    }
    return texts;
  }
}
