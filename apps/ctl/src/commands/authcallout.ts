// edit authcallout: who logs in the users of an account.
import { isPublicKey } from "@weft/auth";
import type { ExternalAuthorization } from "@weft/jwt";
import { ACCOUNT_OPTION, type Command } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { editAccountBody } from "../edit/edit-account.ts";
import { editedList } from "../edit/lists.ts";
import { resolveKey } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";

const EDITS = [
  "auth-user",
  "rm-auth-user",
  "allowed-account",
  "rm-allowed-account",
  "curve",
  "rm-curve",
];
const NO_CALLOUT: ExternalAuthorization = { authUsers: [], allowedAccounts: [], xkey: "" };

const editAuthCallout: Command = {
  words: ["edit", "authcallout"],
  summary: "Let a service decide about logins to an account",
  options: [
    ACCOUNT_OPTION,
    {
      name: "auth-user",
      value: "USER",
      isList: true,
      help: "user of the service itself: public key, or name of a user of the account",
    },
    { name: "rm-auth-user", value: "USER", isList: true, help: "remove such a user" },
    {
      name: "allowed-account",
      value: "ACCOUNT",
      isList: true,
      help: 'account that the service may put users into: key, name, or "*"',
    },
    { name: "rm-allowed-account", value: "ACCOUNT", isList: true, help: "remove such an account" },
    {
      name: "curve",
      short: "x",
      value: "KEY",
      help: 'requests are encrypted for this key: key, file with a seed, or "generate"',
    },
    { name: "rm-curve", help: "encrypt no longer" },
    { name: "disable", help: "no such service" },
  ],
  examples: [
    "edit authcallout -a AUTH --auth-user gatekeeper --allowed-account '*' --curve generate",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    if (!words.has("disable") && !words.hasAny(EDITS)) throw usageFailure("nothing to change");
    if (words.flag("disable") && words.hasAny(EDITS)) throw usageFailure("--disable stands alone");
    const { name } = editAccountBody(place, (body) => ({
      ...body,
      authorization: words.flag("disable") ? NO_CALLOUT : edited(place, body.authorization),
    }));
    host.print(`edited the login service of account "${name}"`);
    return EXIT.done;
  },
};

function edited(place: Workplace, before: ExternalAuthorization): ExternalAuthorization {
  const { words } = place;
  const users = (name: string) => words.list(name).map((text) => userKey(place, name, text));
  const accounts = (name: string) =>
    words.list(name).map((text) => (text === "*" ? text : place.accountKey(text)));
  const curve = words.text("curve");
  const xkey = curve === undefined ? before.xkey : resolveKey(place, "curve", "curve", curve);
  return {
    authUsers: editedList(before.authUsers, users("auth-user"), users("rm-auth-user")),
    allowedAccounts: editedList(
      before.allowedAccounts,
      accounts("allowed-account"),
      accounts("rm-allowed-account"),
    ),
    xkey: words.flag("rm-curve") ? "" : xkey,
  };
}

function userKey(place: Workplace, option: string, text: string): string {
  if (isPublicKey(text, "user")) return text;
  const account = place.accountName();
  if (!place.store.hasUser(account, text)) {
    throw new Failure(`--${option}: "${text}" is no public key and no user of "${account}"`);
  }
  return place.store.user(account, text).subject;
}

export const CALLOUT_COMMANDS: readonly Command[] = [editAuthCallout];
