// Accounts by tokens whose users a callout places among users with tokens (SA-22, SA-32). Control thread;
// pure. An account whose claims name a callout takes no users with tokens but the service's own; one
// whose claims do not is one of users with tokens.
import { hasCallout, type TrustedAccount } from "@weft/jwt";

/** Lines of one change; of more only the number is told. */
const TEXTS_MAX = 100;
const ANYWHERE = "*";

export class CalloutOverlaps {
  /** Accounts with a callout: where it places users, but for the account itself. */
  readonly #placesOf = new Map<string, ReadonlySet<string>>();
  /** By place: the accounts that name it. A change looks at those alone that it concerns. */
  readonly #namedBy = new Map<string, Set<string>>();

  forget(key: string): void {
    for (const place of this.#placesOf.get(key) ?? []) {
      const names = this.#namedBy.get(place);
      names?.delete(key);
      if (names?.size === 0) this.#namedBy.delete(place);
    }
    this.#placesOf.delete(key);
  }

  /** What the accounts that have changed share with others; `find` gives those in use. */
  note(
    changed: readonly TrustedAccount[],
    find: (key: string) => TrustedAccount | undefined,
    isRefused: boolean,
  ): string[] {
    for (const account of changed) {
      this.forget(account.key);
      if (hasCallout(account)) this.#put(account);
    }
    const texts = new Set<string>();
    for (const { key } of changed) {
      for (const place of this.#placesOf.get(key) ?? []) {
        if (place !== ANYWHERE && !isByTokens(find(place))) continue;
        texts.add(textOf(key, place, isRefused));
      }
      if (!isByTokens(find(key))) continue;
      for (const other of this.#namedBy.get(key) ?? []) texts.add(textOf(other, key, isRefused));
    }
    if (texts.size <= TEXTS_MAX) return [...texts];
    const left = texts.size - TEXTS_MAX;
    const told = [...texts].slice(0, TEXTS_MAX);
    return [...told, `${left} more accounts into which a callout may place users`];
  }

  #put({ key, claims }: TrustedAccount): void {
    const places = new Set(claims.nats.authorization.allowedAccounts);
    places.delete(key);
    this.#placesOf.set(key, places);
    for (const place of places) {
      const names = this.#namedBy.get(place) ?? new Set();
      this.#namedBy.set(place, names.add(key));
    }
  }
}

function isByTokens(account: TrustedAccount | undefined): boolean {
  return account !== undefined && !hasCallout(account);
}

function textOf(key: string, place: string, isRefused: boolean): string {
  const where = place === "*" ? "any account" : `account ${place}, which takes user JWTs`;
  return isRefused
    ? `Account ${key}: its callout cannot place users into ${where}: one mechanism per account`
    : `Account ${key}: its callout may place users into ${where}: an account should have one mechanism`;
}
