// generate nkey, generate creds, generate activation.
import type { KeyKind } from "@weft/auth";
import { type ActivationClaims, decorateToken, newActivationClaims } from "@weft/jwt";
import { subjectIsSubsetMatch } from "@weft/subjects";
import {
  ACCOUNT_OPTION,
  type Command,
  type Host,
  JSON_OPTION,
  type OptionSpec,
} from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { editTimes, TIME_OPTIONS } from "../edit/validity.ts";
import { writeFile } from "../store/files.ts";
import { newKey } from "../store/new-key.ts";
import { userSigner } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";

const STANDARD_OUTPUT = "--";
const OUTPUT: OptionSpec = {
  name: "output-file",
  short: "o",
  value: "FILE",
  help: `where to; ${STANDARD_OUTPUT} = standard output`,
};

/** Writes a text to a file of mode 0600, or prints it. */
function deliver(text: string, file: string, host: Host): void {
  if (file === STANDARD_OUTPUT) host.print(text.replace(/\n$/, ""));
  else {
    writeFile(file, text);
    host.print(`wrote ${file}`);
  }
}

const KINDS: readonly KeyKind[] = ["operator", "account", "user", "server", "cluster", "curve"];

const generateNkey: Command = {
  words: ["generate", "nkey"],
  summary: "Make a key",
  options: [
    { name: "operator-key", short: "o", help: "of an operator" },
    { name: "account", short: "a", help: "of an account" },
    { name: "user", short: "u", help: "of a user" },
    { name: "server", help: "of a server" },
    { name: "cluster", help: "of a cluster" },
    { name: "curve", short: "x", help: "for encryption" },
    { name: "store", short: "S", help: "keep the seed in the key store" },
    { name: "show-seeds", help: "print the seed" },
    JSON_OPTION,
  ],
  examples: ["generate nkey --user --store", "generate nkey --curve --show-seeds"],
  run(words, host) {
    const place = new Workplace(words, host);
    const wanted = KINDS.filter((kind) => words.flag(kind === "operator" ? "operator-key" : kind));
    const kind = wanted[0];
    if (kind === undefined || wanted.length > 1) {
      throw usageFailure("say one kind: --operator-key, --account, --user, --server, …");
    }
    const isShown = words.flag("show-seeds");
    if (!isShown && !words.flag("store")) {
      throw usageFailure("the seed would be lost: use --store, --show-seeds, or both");
    }
    const key = newKey(kind);
    if (words.flag("store")) place.keys.store(key);
    if (words.flag("json")) {
      const { publicKey, seed } = key;
      host.print(JSON.stringify(isShown ? { publicKey, seed } : { publicKey }, undefined, 2));
    } else {
      if (isShown) host.print(key.seed);
      host.print(key.publicKey);
    }
    return EXIT.done;
  },
};

const generateCreds: Command = {
  words: ["generate", "creds"],
  summary: "Write the creds file of a user: to its place in the key store, or elsewhere",
  operand: "name",
  options: [
    ACCOUNT_OPTION,
    { name: "name", short: "n", value: "NAME", help: "the user" },
    { ...OUTPUT, help: `${OUTPUT.help}, which shows the seed` },
  ],
  examples: ["generate creds -a ORDERS --name alice -o alice.creds"],
  run(words, host) {
    const place = new Workplace(words, host);
    const account = place.accountName();
    const name = words.wanted("name");
    const { subject } = place.store.user(account, name);
    const token = place.store.userToken(account, name);
    const file = words.text("output-file");
    if (file === undefined) {
      const path = place.writeCreds(account, name, subject, token);
      if (path === undefined) throw missingSeed(place, subject);
      host.print(`wrote ${path}`);
      return EXIT.done;
    }
    const text = place.credsText(subject, token);
    if (text === undefined) throw missingSeed(place, subject);
    deliver(text, file, host);
    return EXIT.done;
  },
};

function missingSeed(place: Workplace, key: string): Failure {
  return new Failure(`the seed of ${key} is not in ${place.keys.folder}`);
}

const generateActivation: Command = {
  words: ["generate", "activation"],
  summary: "Let one account import a private export",
  options: [
    ACCOUNT_OPTION,
    { name: "subject", short: "s", value: "SUBJECT", help: "the export, or a part of it" },
    {
      name: "target-account",
      short: "t",
      value: "ACCOUNT",
      help: "who may import: public key, or name of an account of this operator",
    },
    ...TIME_OPTIONS,
    OUTPUT,
  ],
  examples: [
    "generate activation -a ORDERS --subject orders.price --target-account SHOP -o price.jwt",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const account = place.store.account(place.accountName());
    const isPrivate = account.nats.exports.filter(({ tokenRequired }) => tokenRequired);
    const only = isPrivate.length === 1 ? isPrivate[0]?.subject : undefined;
    const subject = words.text("subject") ?? only ?? words.wanted("subject");
    const found = isPrivate.find((it) => subjectIsSubsetMatch(subject, it.subject));
    if (found === undefined) {
      throw new Failure(`account "${account.name}" has no private export of "${subject}"`);
    }
    const signer = userSigner(place, account);
    const empty = newActivationClaims(place.accountKey(words.wanted("target-account")));
    const claims: ActivationClaims = {
      ...empty,
      name: subject,
      nats: {
        importSubject: subject,
        importType: found.type,
        issuerAccount: signer.publicKey === account.subject ? "" : account.subject,
      },
    };
    const token = place.sign(editTimes(claims, words, host.nowMs()), signer);
    const text = decorateToken(token, place.verifier);
    if (!text.ok) throw new Failure(text.error);
    deliver(text.value, words.text("output-file") ?? STANDARD_OUTPUT, host);
    return EXIT.done;
  },
};

export const GENERATE_COMMANDS: readonly Command[] = [
  generateNkey,
  generateCreds,
  generateActivation,
];
