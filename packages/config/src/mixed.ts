// Several mechanisms of authentication in one server (GP-1, GP-2; SA-22, SA-28, SA-29): which account
// has which, and what contradicts itself. Control thread. Must stay true: an account has one mechanism;
// whoever writes two for it is told where both stand.
import type { AccountSpec } from "@weft/accounts";
import { isPublicKey, type MixedAccount, type MixedSpec } from "@weft/auth";
import { formatPosition, type SourcePosition } from "@weft/base";
import type { ReadAccount } from "./accounts.ts";
import type { Findings } from "./findings.ts";
import type { MapNode } from "./node.ts";
import type { OptionsDraft } from "./option-row.ts";
import { DEFAULT_SYSTEM_ACCOUNT, GLOBAL_ACCOUNT } from "./options.ts";

/** Looked up before anything else is read: other keys mean something else with it. */
export function isMixedFile(root: MapNode): boolean {
  for (const { key, node } of root.entries.values()) {
    if (key.toLowerCase() !== "mixed_authentication") continue;
    if (node.kind === "boolean" && node.value) return true;
  }
  return false;
}

/** The table of mechanisms; undefined = there is one way to log in for all. */
export function finishMixed(draft: OptionsDraft, findings: Findings): MixedSpec | undefined {
  const { options, places } = draft;
  const place = places.get("one_mechanism_per_account");
  if (!options.mixedAuthentication) {
    const isAlone = draft.operator.claims.length + (draft.operator.trustedKeys?.length ?? 0) === 0;
    if (options.oneMechanismPerAccount && isAlone) {
      findings.advise(place, "one_mechanism_per_account has no meaning without operators");
    }
    return undefined;
  }
  if (place !== undefined && !options.oneMechanismPerAccount) {
    findings.error(place, "mixed_authentication has one mechanism per account");
  }
  options.oneMechanismPerAccount = true;
  const reader = new MechanismReader(draft, findings);
  return { accounts: reader.read() };
}

/** The configuration's own accounts by their names, also where they are named by their public keys. */
export function withAccountNames(specs: readonly AccountSpec[]): readonly AccountSpec[] {
  const names = new Map(specs.flatMap(({ name, nkey }) => (nkey ? [[nkey, name]] : [])));
  const nameOf = (account: string): string => names.get(account) ?? account;
  return specs.map((spec) => ({
    ...spec,
    ...(spec.imports && {
      imports: spec.imports.map((one) => ({ ...one, account: nameOf(one.account) })),
    }),
    ...(spec.exports && {
      exports: spec.exports.map((one) =>
        one.accounts === undefined ? one : { ...one, accounts: one.accounts.map(nameOf) },
      ),
    }),
  }));
}

class MechanismReader {
  readonly #draft: OptionsDraft;
  readonly #findings: Findings;
  readonly #allowed: ReadonlyMap<string, SourcePosition>;

  constructor(draft: OptionsDraft, findings: Findings) {
    this.#draft = draft;
    this.#findings = findings;
    this.#allowed = draft.authorization?.callout?.allowedAt ?? new Map();
  }

  read(): MixedAccount[] {
    const { accounts, noAuthUser, operator, places } = this.#draft;
    const found = accounts.map((account) => this.#account(account));
    found.push(this.#global());
    this.#checkKeys();
    this.#checkAllowed(new Map(found.map((account) => [account.name, account])));
    if (noAuthUser !== undefined && operator.defaultSentinel !== undefined) {
      const text = "no_auth_user and default_sentinel both say who somebody without credentials is";
      this.#findings.error(places.get("default_sentinel"), text);
    }
    return found;
  }

  #account(account: ReadAccount): MixedAccount {
    const { spec, mechanism: written } = account;
    const { name, nkey: key } = spec;
    if (written?.value === "jwt") return this.#byTokens(account, written.at);
    const [user] = account.users;
    const derived = user === undefined && this.#isDelegated(name) ? "callout" : "static";
    const mechanism = written?.value ?? derived;
    const shown = JSON.stringify(name);
    if (mechanism === "callout" && written !== undefined) {
      if (user !== undefined) {
        const where = formatPosition(written.at);
        this.#error(user.at, `account ${shown} has the mechanism callout (${where}), not users`);
      }
      if (!this.#mayPlaceInto(name)) {
        this.#error(written.at, `no auth_callout may place users into account ${shown}`);
      }
    }
    for (const one of key === undefined ? [name] : [name, key]) this.#checkTokens(one, spec.at);
    return { name, key, mechanism };
  }

  /** An account that a resolver knows. */
  #byTokens({ spec, others }: ReadAccount, at: SourcePosition): MixedAccount {
    const { name } = spec;
    if (!isPublicKey(name, "account")) {
      const shown = JSON.stringify(name);
      this.#error(at, `mechanism jwt: account ${shown} has to be named by its public key`);
    } else if (others.length > 0) {
      const shown = others.map((key) => JSON.stringify(key)).join(", ");
      this.#error(at, `mechanism jwt: what the account has comes from its token, not ${shown}`);
    }
    return { name, mechanism: "jwt" };
  }

  #global(): MixedAccount {
    const { authorization } = this.#draft;
    const { users = [], user, token } = authorization ?? {};
    const isStatic = users.length > 0 || user !== undefined || token !== undefined;
    const mechanism = !isStatic && this.#isDelegated(GLOBAL_ACCOUNT) ? "callout" : "static";
    return { name: GLOBAL_ACCOUNT, mechanism };
  }

  /** Nothing is written about it, and the service may place users there. */
  #isDelegated(name: string): boolean {
    const { authorization, options } = this.#draft;
    const callout = authorization?.callout;
    if (callout === undefined) return false;
    if (this.#allowed.has(name)) return true;
    if (this.#allowed.size > 0 || name === callout.spec.account) return false;
    return name !== (this.#draft.systemAccount ?? options.systemAccount ?? DEFAULT_SYSTEM_ACCOUNT);
  }

  #mayPlaceInto(name: string): boolean {
    if (this.#draft.authorization?.callout === undefined) return false;
    return this.#allowed.size === 0 || this.#allowed.has(name);
  }

  #checkAllowed(accounts: ReadonlyMap<string, MixedAccount>): void {
    for (const [name, at] of this.#allowed) {
      const account = accounts.get(name);
      const shown = JSON.stringify(name);
      if (account === undefined && !isPublicKey(name, "account")) {
        this.#error(at, `auth_callout allowed account ${shown} not found in configured accounts`);
      } else if (account?.mechanism !== "callout") {
        const mechanism = account?.mechanism ?? "jwt";
        const text = `account ${shown} has the mechanism ${mechanism}, not callout`;
        this.#error(at, `${text}: each account has one`);
      }
    }
  }

  /** Tokens and services name accounts by these: each has to mean one. */
  #checkKeys(): void {
    const { accounts } = this.#draft;
    const known = new Map(accounts.map(({ spec: { name } }) => [name, name]));
    for (const { spec } of accounts) {
      const { name, nkey, at } = spec;
      if (nkey === undefined) continue;
      const other = known.get(nkey) ?? name;
      known.set(nkey, name);
      if (other === name) continue;
      const [one, two] = [other, name].map((shown) => JSON.stringify(shown));
      this.#error(at, `account key ${nkey} stands for ${one} and for ${two}`);
    }
  }

  /** An account by token with the same key. */
  #checkTokens(key: string, at: SourcePosition | undefined): void {
    const { operator, systemAccount } = this.#draft;
    const { preloads, claims, trustedKeys = [] } = operator;
    if (preloads.has(key)) {
      const text = "stands in resolver_preload too: each account has one mechanism";
      this.#error(at, `account ${key} ${text}`);
    }
    if (!isPublicKey(key, "account") || claims.length + trustedKeys.length === 0) return;
    const named = [systemAccount, ...claims.map(({ nats }) => nats.systemAccount)];
    if (named.includes(key)) this.#error(at, `account ${key} is the operators' system account`);
  }

  #error(at: SourcePosition | undefined, text: string): void {
    this.#findings.error(at, text);
  }
}
