// Which account takes which kind of login, where one server has several (GP-1, SA-29). Any thread;
// immutable. Must stay true: an account of the configuration has one mechanism; an account that is not
// in it takes tokens.
import type { Identity } from "./identity.ts";
import type { Mechanism, MixedSpec } from "./spec.ts";

export class Mechanisms {
  /** By name, and by public key where there is one. */
  readonly #known = new Map<string, Mechanism>();

  constructor({ accounts }: MixedSpec) {
    for (const { name, key, mechanism } of accounts) {
      if (mechanism === "jwt") continue;
      this.#known.set(name, mechanism);
      if (key !== undefined) this.#known.set(key, mechanism);
    }
  }

  of(account: string): Mechanism {
    return this.#known.get(account) ?? "jwt";
  }

  /** May somebody who logged in like this be in his account? */
  fits({ kind, accountName }: Identity): boolean {
    const mechanism = this.of(accountName);
    if (kind === "jwt" || kind === "callout") return mechanism === kind;
    return mechanism === "static";
  }
}
