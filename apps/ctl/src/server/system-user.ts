// Who talks to the system account: a user made for one command, or one from the store. As nsc does.
import {
  type AccountClaims,
  encodeClaims,
  newUserClaims,
  type OperatorClaims,
  type Signer,
  type UserClaims,
} from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";
import { newKey } from "../store/new-key.ts";
import { accountSigningKeys, scopeOf } from "../store/signers.ts";
import type { Workplace } from "../store/workplace.ts";
import type { Login } from "./connect.ts";

/** Clocks differ; a command that waits long for many accounts must not be cut off either. */
const USER_LIFE_SECONDS = 120;

export interface SystemLogin {
  readonly accountName: string;
  readonly login: Login;
  readonly inboxPrefix: string;
}

/** `subjects` = what the user may publish on. */
export function systemLogin(place: Workplace, subjects: readonly string[]): SystemLogin {
  const { words, store } = place;
  const operator = store.operator();
  const accountName = systemAccountName(place, operator);
  const account = store.account(accountName);
  const named = words.text("system-user");
  const signer = named === undefined ? plainSigner(place, account, operator) : undefined;
  if (signer !== undefined) return temporaryUser(place, accountName, account, signer, subjects);
  const names = named === undefined ? store.userNames(accountName) : [named];
  for (const name of names) {
    const { subject } = store.user(accountName, name);
    const seed = place.keys.seedOf(subject);
    if (seed === undefined) continue;
    const login = { user: { token: store.userToken(accountName, name), seed } };
    return { accountName, login, inboxPrefix: "_INBOX" };
  }
  throw new Failure(
    `system account "${accountName}": neither the seed of a signing key nor that of a user is here`,
  );
}

function systemAccountName(place: Workplace, operator: OperatorClaims): string {
  const named = place.words.text("system-account");
  if (named !== undefined) return place.accountNamed(named);
  const key = operator.nats.systemAccount;
  if (key === "") throw new Failure(`operator "${place.store.name}" names no system account`);
  return place.accountNamed(key);
}

/** A key without a scope: a scope would say what the user may do. */
function plainSigner(
  place: Workplace,
  account: AccountClaims,
  operator: OperatorClaims,
): Signer | undefined {
  for (const key of accountSigningKeys(account, operator)) {
    if (scopeOf(account, key) !== undefined) continue;
    const signer = place.keys.signerOf(key);
    if (signer !== undefined) return signer;
  }
  return undefined;
}

function temporaryUser(
  place: Workplace,
  accountName: string,
  account: AccountClaims,
  signer: Signer,
  subjects: readonly string[],
): SystemLogin {
  const key = newKey("user");
  const inboxPrefix = `_INBOX_${key.publicKey}`;
  const empty = newUserClaims(key.publicKey);
  const claims: UserClaims = {
    ...empty,
    name: "weftctl temporary user",
    expiresAtSeconds: place.nowSeconds + USER_LIFE_SECONDS,
    nats: {
      ...empty.nats,
      publish: { allow: subjects, deny: undefined },
      subscribe: { allow: [`${inboxPrefix}.>`], deny: undefined },
      issuerAccount: signer.publicKey === account.subject ? "" : account.subject,
    },
  };
  const encoded = encodeClaims(claims, signer, place.nowSeconds);
  if (!encoded.ok) throw new Failure(encoded.error.message);
  return { accountName, login: { user: { token: encoded.token, seed: key.seed } }, inboxPrefix };
}
