// add user, edit user, delete user.
import {
  type AccountClaims,
  newScopedUserClaims,
  newUserClaims,
  type Signer,
  type UserClaims,
} from "@weft/jwt";
import { ACCOUNT_OPTION, type Command, type OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure } from "../command-line/failure.ts";
import { lowered } from "../edit/lists.ts";
import { editPermissions, PERMISSION_OPTIONS } from "../edit/permissions.ts";
import {
  BEARER_OPTION,
  editUserLimits,
  NETWORK_OPTION,
  USER_LIMIT_OPTIONS,
} from "../edit/user-limits.ts";
import { editTags, editTimes, TAG_OPTION, TAG_OPTIONS, TIME_OPTIONS } from "../edit/validity.ts";
import { checkName } from "../store/names.ts";
import { accountSigner, keyOfEntity, scopeOf, userSigner } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";
import { withRevoked } from "./account.ts";
import { removeUserFiles, USER_FILE_OPTIONS } from "./remove-user-files.ts";

const NAME: OptionSpec = { name: "name", short: "n", value: "NAME", help: "name of the user" };

/** Options that a user of a scoped signing key cannot have: its role says them. */
const ADDED_LIMITS: readonly OptionSpec[] = [...PERMISSION_OPTIONS, BEARER_OPTION, NETWORK_OPTION];

function checkScope(place: Workplace, signer: Signer, account: AccountClaims): boolean {
  const scope = scopeOf(account, signer.publicKey);
  if (scope === undefined) return false;
  const limits = USER_LIMIT_OPTIONS.map(({ name }) => name);
  const given = limits.filter((name) => ADDED_LIMITS.some((it) => it.name === name));
  const wrong = given.find((name) => place.words.has(name));
  if (wrong !== undefined) {
    throw new Failure(`--${wrong}: role "${scope.role}" says what its users may do`);
  }
  return true;
}

function checkBearer(account: AccountClaims, user: UserClaims): void {
  if (account.nats.limits.disallowBearer && user.nats.bearerToken) {
    throw new Failure(`account "${account.name}" disallows bearer tokens`);
  }
}

const addUser: Command = {
  words: ["add", "user"],
  summary: "Make a user of an account, with its creds file",
  operand: "name",
  options: [
    NAME,
    ACCOUNT_OPTION,
    { name: "public-key", short: "k", value: "KEY", help: "its key; else one is generated" },
    ...TIME_OPTIONS,
    TAG_OPTION,
    ...ADDED_LIMITS,
  ],
  examples: [
    "add user alice --account ORDERS --allow-pub orders.new",
    "add user bob --account ORDERS -K clerk",
    "add user printer --account ORDERS --bearer --expiry 90d",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const accountName = place.accountName();
    const name = checkName("user", words.wanted("name"));
    if (place.store.hasUser(accountName, name)) {
      throw new Failure(`user "${name}" is already in account "${accountName}"`);
    }
    const account = place.store.account(accountName);
    const signer = userSigner(place, account);
    const isScoped = checkScope(place, signer, account);
    const key = keyOfEntity(place, "user", "public-key");
    const start = isScoped
      ? newScopedUserClaims(key.publicKey, account.subject)
      : unscoped(place, key.publicKey, signer, account);
    const timed = editTimes({ ...start, name }, words, host.nowMs());
    const claims = editTags(timed, words, false);
    checkBearer(account, claims);
    if (key.seed !== undefined) place.keepLater({ publicKey: key.publicKey, seed: key.seed });
    const path = place.saveUser(accountName, claims, signer);
    host.print(`added user "${name}" ${key.publicKey} to account "${accountName}"`);
    host.print(path === undefined ? "no creds file: the seed is not here" : `creds: ${path}`);
    return EXIT.done;
  },
};

function unscoped(
  place: Workplace,
  key: string,
  signer: Signer,
  account: AccountClaims,
): UserClaims {
  const { words } = place;
  const empty = newUserClaims(key);
  const networks = lowered(words.list("source-network"));
  return {
    ...empty,
    nats: {
      ...empty.nats,
      ...editPermissions(empty.nats, words, false),
      sourceNetworks: networks.length === 0 ? undefined : networks,
      bearerToken: words.flag("bearer"),
      issuerAccount: signer.publicKey === account.subject ? "" : account.subject,
    },
  };
}

const editUser: Command = {
  words: ["edit", "user"],
  summary: "Change a user: permissions, limits, tags; its creds file is written anew",
  operand: "name",
  options: [NAME, ACCOUNT_OPTION, ...TIME_OPTIONS, ...TAG_OPTIONS, ...USER_LIMIT_OPTIONS],
  examples: [
    "edit user alice -a ORDERS --allow-sub 'orders.>' --rm orders.new",
    "edit user alice -a ORDERS --conn-type WEBSOCKET --time 08:00:00-18:00:00 --locale Europe/Berlin",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const accountName = place.accountName();
    const name = words.wanted("name");
    const account = place.store.account(accountName);
    const before = place.store.user(accountName, name);
    const signer = userSigner(place, account, before.issuer);
    const scope = scopeOf(account, signer.publicKey);
    const limitNames = USER_LIMIT_OPTIONS.map((option) => option.name);
    if (scope !== undefined && words.hasAny(limitNames)) {
      throw new Failure(`role "${scope.role}" says what user "${name}" may do: edit the role`);
    }
    const timed = editTags(editTimes(before, words, host.nowMs()), words, true);
    const body =
      scope === undefined
        ? editUserLimits(limited(timed, place), words)
        : newScopedUserClaims(timed.subject, account.subject).nats;
    const issuerAccount = signer.publicKey === account.subject ? "" : account.subject;
    const claims: UserClaims = { ...timed, nats: { ...body, issuerAccount } };
    checkBearer(account, claims);
    const path = place.saveUser(accountName, claims, signer);
    host.print(`edited user "${name}" of account "${accountName}"`);
    if (path !== undefined) host.print(`creds: ${path}`);
    return EXIT.done;
  },
};

/** A user that a role gave everything has zeros for limits; under a plain key they mean nothing. */
function limited(claims: UserClaims, place: Workplace): UserClaims["nats"] {
  const { nats, subject } = claims;
  const isScoped =
    nats.subscriptionsMax === 0 && nats.dataBytesMax === 0 && nats.payloadBytesMax === 0;
  if (!isScoped) return nats;
  place.host.warn("warning: the user had a role; without it, it has only what this command says");
  return { ...newUserClaims(subject).nats, issuerAccount: nats.issuerAccount };
}

const deleteUser: Command = {
  words: ["delete", "user"],
  summary: "Remove users from an account; with --revoke they are refused by servers",
  operand: "name",
  options: [
    { ...NAME, isList: true },
    ACCOUNT_OPTION,
    { name: "revoke", short: "R", help: "revoke them: takes effect when the account is pushed" },
    ...USER_FILE_OPTIONS,
  ],
  examples: ["delete user alice --account ORDERS --revoke --rm-creds --rm-nkey"],
  run(words, host) {
    const place = new Workplace(words, host);
    const accountName = place.accountName();
    const names = words.list("name");
    if (names.length === 0) words.wanted("name");
    const { store } = place;
    const before = store.account(accountName);
    const users = names.map((name) => ({ name, key: store.user(accountName, name).subject }));
    if (words.flag("revoke")) {
      let account = before;
      for (const { key } of users) account = withRevoked(account, key, place.nowSeconds);
      const signer = accountSigner(place, account.subject, account.issuer);
      place.saveAccount(accountName, account, signer, before);
    } else {
      host.warn("warning: servers go on to accept the creds of a user that is not revoked");
    }
    for (const { name, key } of users) {
      removeUserFiles(place, accountName, name, key);
      store.removeUser(accountName, name);
      host.print(`deleted user "${name}" ${key} of account "${accountName}"`);
    }
    return EXIT.done;
  },
};

export const USER_COMMANDS: readonly Command[] = [addUser, editUser, deleteUser];
