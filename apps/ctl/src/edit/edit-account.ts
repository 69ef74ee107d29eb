// The common course of commands that change one account: read, change, sign, write.
import type { AccountClaims } from "@weft/jwt";
import { accountSigner } from "../store/signers.ts";
import type { Workplace } from "../store/workplace.ts";

/** The account as it was and as it is now on disk. */
export interface EditedAccount {
  readonly name: string;
  readonly before: AccountClaims;
  readonly after: AccountClaims;
}

/** `option` = the option that names the account. */
export function editAccount(
  place: Workplace,
  change: (claims: AccountClaims) => AccountClaims,
  option = "account",
): EditedAccount {
  const name = place.accountName(option);
  const before = place.store.account(name);
  // The signer comes first: without one, nothing is generated either.
  const signer = accountSigner(place, before.subject, before.issuer);
  const after = change(before);
  place.saveAccount(name, after, signer, before);
  return { name, before, after };
}

/** The same for the body of the claims alone. */
export function editAccountBody(
  place: Workplace,
  change: (body: AccountClaims["nats"], claims: AccountClaims) => AccountClaims["nats"],
  option = "account",
): EditedAccount {
  return editAccount(place, (claims) => ({ ...claims, nats: change(claims.nats, claims) }), option);
}
