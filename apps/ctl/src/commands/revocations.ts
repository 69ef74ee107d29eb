// revocations: users and activations that an account refuses, whatever their tokens say.
import { isPublicKey } from "@weft/auth";
import { EVERYBODY, type ExportClaim, type RevocationList, revoke } from "@weft/jwt";
import {
  ACCOUNT_OPTION,
  type Command,
  type Host,
  JSON_OPTION,
  type OptionSpec,
} from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { formatTime, revocationTime } from "../command-line/values.ts";
import { editAccount, editAccountBody } from "../edit/edit-account.ts";
import { Workplace } from "../store/workplace.ts";
import { withRevoked } from "./account.ts";
import { exportNamed } from "./export.ts";

const AT: OptionSpec = {
  name: "at",
  value: "WHEN",
  help: "what was issued until then is void: Unix seconds or a date; else now",
};
const USER_OPTIONS: readonly OptionSpec[] = [
  ACCOUNT_OPTION,
  { name: "name", short: "n", value: "NAME", help: "user of the account" },
  {
    name: "user-public-key",
    short: "u",
    value: "KEY",
    help: 'public key of a user; "*" = everybody',
  },
];
const EXPORT_OPTIONS: readonly OptionSpec[] = [
  ACCOUNT_OPTION,
  { name: "subject", short: "s", value: "SUBJECT", help: "the export; may be the only one" },
  { name: "service", help: "the export is a service" },
];
const TARGET: OptionSpec = {
  name: "target-account",
  short: "t",
  value: "ACCOUNT",
  help: 'account that has the activation: public key, name, or "*" = everybody',
};

function userKey(place: Workplace): string {
  const { words } = place;
  const key = words.text("user-public-key");
  const name = words.text("name");
  if ((key === undefined) === (name === undefined)) {
    throw usageFailure("--name or --user-public-key is required, and not both");
  }
  if (name !== undefined) return place.store.user(place.accountName(), name).subject;
  if (key !== EVERYBODY && !isPublicKey(key as string, "user")) {
    throw usageFailure(`--user-public-key: "${key}" is no public key of a user`);
  }
  return key as string;
}

function targetKey(place: Workplace): string {
  const text = place.words.wanted("target-account");
  return text === EVERYBODY ? text : place.accountKey(text);
}

function without(list: RevocationList, key: string): RevocationList {
  const rest = new Map(list);
  if (!rest.delete(key)) throw new Failure(`${key} is not revoked`);
  return rest;
}

const addUser: Command = {
  words: ["revocations", "add-user"],
  summary: "Refuse a user: what was issued for it until now is void",
  operand: "name",
  options: [...USER_OPTIONS, AT],
  examples: ["revocations add-user -a ORDERS --name alice"],
  run(words, host) {
    const place = new Workplace(words, host);
    const key = userKey(place);
    const at = revocationTime(words, host.nowMs());
    const { name } = editAccount(place, (claims) => withRevoked(claims, key, at));
    host.print(`account "${name}" refuses ${key} issued until ${formatTime(at)}`);
    return EXIT.done;
  },
};

const deleteUser: Command = {
  words: ["revocations", "delete-user"],
  summary: "Refuse a user no longer",
  operand: "name",
  options: USER_OPTIONS,
  examples: ["revocations delete-user -a ORDERS --name alice"],
  run(words, host) {
    const place = new Workplace(words, host);
    const key = userKey(place);
    const { name } = editAccountBody(place, (body) => ({
      ...body,
      revocations: without(body.revocations, key),
    }));
    host.print(`account "${name}" refuses ${key} no longer`);
    return EXIT.done;
  },
};

function printList(list: RevocationList, isJson: boolean, host: Host): void {
  const rows = [...list].map(([key, atSeconds]) => ({ key, atSeconds }));
  if (isJson) host.print(JSON.stringify(rows, undefined, 2));
  else for (const { key, atSeconds } of rows) host.print(`${key}  ${formatTime(atSeconds)}`);
}

const listUsers: Command = {
  words: ["revocations", "list-users"],
  summary: "List the users that an account refuses",
  options: [ACCOUNT_OPTION, JSON_OPTION],
  examples: ["revocations list-users -a ORDERS"],
  run(words, host) {
    const place = new Workplace(words, host);
    const { revocations } = place.store.account(place.accountName()).nats;
    printList(revocations, words.flag("json"), host);
    return EXIT.done;
  },
};

/** Changes the revocations of the export that the options name; the account's name. */
function editExport(
  place: Workplace,
  change: (list: RevocationList) => RevocationList,
): { readonly account: string; readonly changed: ExportClaim } {
  const { words } = place;
  let changed: ExportClaim | undefined;
  const { name } = editAccountBody(place, (body) => {
    const before = exportNamed(body.exports, words.text("subject"), words.truth("service"));
    const after = { ...before, revocations: change(before.revocations) };
    changed = after;
    return { ...body, exports: body.exports.map((it) => (it === before ? after : it)) };
  });
  return { account: name, changed: changed as unknown as ExportClaim };
}

const addActivation: Command = {
  words: ["revocations", "add-activation"],
  summary: "Refuse an activation: an account may not import any longer",
  options: [...EXPORT_OPTIONS, TARGET, AT],
  examples: ["revocations add-activation -a ORDERS --subject orders.price --target-account SHOP"],
  run(words, host) {
    const place = new Workplace(words, host);
    const key = targetKey(place);
    const at = revocationTime(words, host.nowMs());
    const { account, changed } = editExport(place, (list) => revoke(list, key, at));
    const what = `export "${changed.subject}" of account "${account}"`;
    host.print(`${what} refuses activations of ${key} issued until ${formatTime(at)}`);
    return EXIT.done;
  },
};

const deleteActivation: Command = {
  words: ["revocations", "delete-activation"],
  summary: "Refuse an activation no longer",
  options: [...EXPORT_OPTIONS, TARGET],
  examples: ["revocations delete-activation -a ORDERS -s orders.price --target-account SHOP"],
  run(words, host) {
    const place = new Workplace(words, host);
    const key = targetKey(place);
    const { account, changed } = editExport(place, (list) => without(list, key));
    const what = `export "${changed.subject}" of account "${account}"`;
    host.print(`${what} refuses activations of ${key} no longer`);
    return EXIT.done;
  },
};

const listActivations: Command = {
  words: ["revocations", "list-activations"],
  summary: "List the accounts whose activations an export refuses",
  options: [...EXPORT_OPTIONS, JSON_OPTION],
  examples: ["revocations list-activations -a ORDERS --subject orders.price"],
  run(words, host) {
    const place = new Workplace(words, host);
    const { exports } = place.store.account(place.accountName()).nats;
    const found = exportNamed(exports, words.text("subject"), words.truth("service"));
    printList(found.revocations, words.flag("json"), host);
    return EXIT.done;
  },
};

export const REVOCATION_COMMANDS: readonly Command[] = [
  addUser,
  deleteUser,
  listUsers,
  addActivation,
  deleteActivation,
  listActivations,
];
