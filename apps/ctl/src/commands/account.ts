// add account, edit account, delete account.
import {
  type AccountBody,
  type AccountClaims,
  newAccountClaims,
  revoke,
  type Signer,
  signerFromSeed,
} from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import type { Command, OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { boundedNumber } from "../command-line/values.ts";
import {
  ACCOUNT_LIMIT_OPTIONS,
  asksForJetStream,
  editAccountLimits,
} from "../edit/account-limits.ts";
import { editAccount } from "../edit/edit-account.ts";
import { editPermissions, PERMISSION_OPTIONS, PERMISSION_REMOVALS } from "../edit/permissions.ts";
import { editTags, editTimes, TAG_OPTION, TAG_OPTIONS, TIME_OPTIONS } from "../edit/validity.ts";
import { checkName } from "../store/names.ts";
import { accountSigner, keyOfEntity, keyOfRole, resolveKey } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";
import { removeUserFiles, USER_FILE_OPTIONS } from "./remove-user-files.ts";

const NAME: OptionSpec = { name: "name", short: "n", value: "NAME", help: "name of the account" };

const addAccount: Command = {
  words: ["add", "account"],
  summary: "Make an account",
  operand: "name",
  options: [
    NAME,
    { name: "public-key", short: "k", value: "KEY", help: "its key; else one is generated" },
    ...TIME_OPTIONS,
    TAG_OPTION,
    ...PERMISSION_OPTIONS,
  ],
  examples: ["add account --name ORDERS", 'add account ORDERS --deny-pub "admin.>"'],
  run(words, host) {
    const place = new Workplace(words, host);
    const name = checkName("account", words.wanted("name"));
    const names = place.store.accountNames();
    if (names.some((known) => known.toLowerCase() === name.toLowerCase())) {
      throw new Failure(`account "${name}" is already under operator "${place.store.name}"`);
    }
    const key = keyOfEntity(place, "account", "public-key");
    const signer = signerOfNew(place, key);
    const empty = newAccountClaims(key.publicKey);
    const defaults = editPermissions(empty.nats.defaultPermissions, words, false);
    const nats = { ...empty.nats, defaultPermissions: defaults };
    const timed = editTimes({ ...empty, name, nats }, words, host.nowMs());
    if (key.seed !== undefined) place.keepLater({ publicKey: key.publicKey, seed: key.seed });
    place.saveAccount(name, editTags(timed, words, false), signer);
    host.print(`added account "${name}" ${key.publicKey}`);
    return EXIT.done;
  },
};

/** Where the operator's key is elsewhere, an account signs itself until its operator does. */
function signerOfNew(place: Workplace, key: ReturnType<typeof keyOfEntity>): Signer {
  const isOwn = place.store.isManaged && !place.words.has("private-key");
  const own = isOwn && key.seed !== undefined ? signerFromSeed(key.seed) : undefined;
  return own ?? accountSigner(place, key.publicKey);
}

const editAccountCommand: Command = {
  words: ["edit", "account"],
  summary: "Change an account: limits, signing keys, default permissions, tracing",
  operand: "name",
  options: [
    NAME,
    ...TIME_OPTIONS,
    ...TAG_OPTIONS,
    ...ACCOUNT_LIMIT_OPTIONS,
    {
      name: "sk",
      value: "KEY",
      isList: true,
      help: 'add a signing key: public key, file with a seed, or "generate"',
    },
    { name: "rm-sk", value: "KEY", isList: true, help: "remove a signing key: public key or role" },
    ...PERMISSION_OPTIONS,
    ...PERMISSION_REMOVALS,
    { name: "description", value: "TEXT", help: "what the account is for" },
    { name: "info-url", value: "URL", help: "where more is said" },
    {
      name: "trace-context-subject",
      value: "SUBJECT",
      help: 'where traces of messages go; "" = nowhere',
    },
    { name: "trace-context-sampling", value: "PERCENT", help: "share of messages; 0 = all" },
    { name: "host-cluster-traffic", help: "JetStream traffic between servers in this account" },
  ],
  examples: [
    "edit account ORDERS --conns 100 --payload 64KiB",
    "edit account ORDERS --sk generate --tag region:eu",
    "edit account ORDERS --js-tier 3 --js-disk-storage 10GiB --js-streams 20",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const { name } = editAccount(place, (claims) => edited(place, claims), "name");
    host.print(`edited account "${name}"`);
    return EXIT.done;
  },
};

function edited(place: Workplace, before: AccountClaims): AccountClaims {
  const { words, host, store } = place;
  const isSystem = store.operator().nats.systemAccount === before.subject;
  if (isSystem && asksForJetStream(words)) {
    throw new Failure("the system account cannot have JetStream");
  }
  if (words.flag("disallow-bearer")) checkBearers(place, before.name);
  const claims = editTags(editTimes(before, words, host.nowMs()), words, true);
  const { nats } = claims;
  const traffic = words.truth("host-cluster-traffic");
  return {
    ...claims,
    nats: {
      ...nats,
      limits: editAccountLimits(nats.limits, words),
      signingKeys: editSigningKeys(place, before),
      defaultPermissions: editPermissions(nats.defaultPermissions, words, true),
      trace: editTrace(nats.trace, words),
      clusterTraffic: traffic === undefined ? nats.clusterTraffic : traffic ? "owner" : "system",
      description: words.text("description") ?? nats.description,
      infoUrl: words.text("info-url") ?? nats.infoUrl,
    },
  };
}

function checkBearers(place: Workplace, account: string): void {
  for (const name of place.store.userNames(account)) {
    if (place.store.user(account, name).nats.bearerToken) {
      throw new Failure(`user "${name}" has a bearer token: change or delete it first`);
    }
  }
}

function editSigningKeys(place: Workplace, claims: AccountClaims): AccountBody["signingKeys"] {
  const { words } = place;
  const keys = new Map(claims.nats.signingKeys);
  for (const text of words.list("sk")) {
    const key = resolveKey(place, "account", "sk", text);
    if (!keys.has(key)) keys.set(key, undefined);
  }
  for (const text of words.list("rm-sk")) {
    const key = keyOfRole(claims, text) ?? text;
    if (!keys.delete(key)) throw new Failure(`--rm-sk: ${text} is no signing key of the account`);
  }
  return keys;
}

function editTrace(before: AccountBody["trace"], words: Arguments): AccountBody["trace"] {
  const destination = words.text("trace-context-subject");
  const sampling = boundedNumber(words, "trace-context-sampling", 0, 100);
  if (destination === "") return undefined;
  const to = destination ?? before?.destination;
  if (to === undefined) {
    if (sampling === undefined) return undefined;
    throw usageFailure("--trace-context-sampling needs --trace-context-subject");
  }
  return { destination: to, sampling: sampling ?? before?.sampling ?? 0 };
}

const deleteAccount: Command = {
  words: ["delete", "account"],
  summary: "Remove an account and its users from the store; push -R removes it from servers",
  operand: "name",
  options: [
    NAME,
    ...USER_FILE_OPTIONS,
    { name: "force", short: "F", help: "also the system account" },
  ],
  examples: ["delete account ORDERS --rm-creds --rm-nkey"],
  run(words, host) {
    const place = new Workplace(words, host);
    const name = place.accountNamed(words.wanted("name"));
    const { store } = place;
    const account = store.account(name);
    const operator = store.operator();
    if (operator.nats.systemAccount === account.subject && !words.flag("force")) {
      throw new Failure(`"${name}" is the system account: use --force`);
    }
    for (const user of store.userNames(name)) {
      removeUserFiles(place, name, user, store.user(name, user).subject);
    }
    if (words.flag("rm-nkey")) {
      for (const key of [account.subject, ...account.nats.signingKeys.keys()]) {
        place.keys.remove(key);
      }
    }
    store.removeAccount(name);
    host.print(`deleted account "${name}" ${account.subject}`);
    return EXIT.done;
  },
};

/** An account that refuses a user from now on. */
export function withRevoked(account: AccountClaims, key: string, atSeconds: number): AccountClaims {
  const revocations = revoke(account.nats.revocations, key, atSeconds);
  return { ...account, nats: { ...account.nats, revocations } };
}

export const ACCOUNT_COMMANDS: readonly Command[] = [addAccount, editAccountCommand, deleteAccount];
