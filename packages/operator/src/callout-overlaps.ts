// Accounts by tokens whose users a callout places among users with tokens (SA-22, SA-32). Control thread;
// pure. An account whose claims name a callout takes no users with tokens but the service's own; one
// whose claims do not is one of users with tokens.
import { hasCallout, type TrustedAccount } from "@weft/jwt";

export class CalloutOverlaps {
  readonly #callouts = new Map<string, TrustedAccount>();

  forget(key: string): void {
    this.#callouts.delete(key);
  }

  /** What the accounts that have changed share with others; `find` gives those in use. */
  note(
    changed: readonly TrustedAccount[],
    find: (key: string) => TrustedAccount | undefined,
    isRefused: boolean,
  ): string[] {
    for (const account of changed) {
      if (hasCallout(account)) this.#callouts.set(account.key, account);
      else this.#callouts.delete(account.key);
    }
    const keys = new Set(changed.map(({ key }) => key));
    return [...this.#callouts.values()].flatMap((account) =>
      placesOf(account)
        .filter((place) => keys.has(account.key) || keys.has(place))
        .filter((place) => place === "*" || isByTokens(find(place)))
        .map((place) => textOf(account.key, place, isRefused)),
    );
  }
}

function placesOf({ key, claims }: TrustedAccount): readonly string[] {
  return claims.nats.authorization.allowedAccounts.filter((place) => place !== key);
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
