// add operator, edit operator.
import {
  type AccountClaims,
  decodeTokenOf,
  type ExportClaim,
  newAccountClaims,
  newExport,
  newOperatorClaims,
  newUserClaims,
  type OperatorClaims,
  parseDecoratedToken,
  type Signer,
  signerFromSeed,
} from "@weft/jwt";
import type { Command, OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { editedList } from "../edit/lists.ts";
import { editTags, editTimes, TAG_OPTIONS, TIME_OPTIONS } from "../edit/validity.ts";
import { readWanted } from "../store/files.ts";
import { checkName } from "../store/names.ts";
import { newKey } from "../store/new-key.ts";
import { namedSeed, operatorSigner, resolveKey } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";

const NAME: OptionSpec = { name: "name", short: "n", value: "NAME", help: "name of the operator" };
const SIGNING_KEY: OptionSpec = {
  name: "sk",
  value: "KEY",
  isList: true,
  help: 'add a signing key: public key, file with a seed, or "generate"',
};

function signerOf(seed: string): Signer {
  const signer = signerFromSeed(seed);
  if (signer?.publicKey.startsWith("O") !== true)
    throw new Failure("-K: an operator key is wanted");
  return signer;
}

const addOperator: Command = {
  words: ["add", "operator"],
  summary: "Make an operator, or take over somebody else's from a file",
  operand: "name",
  options: [
    NAME,
    ...TIME_OPTIONS,
    { name: "sys", short: "s", help: "with a system account and a user of it" },
    { name: "generate-signing-key", help: "with a signing key" },
    {
      name: "file",
      short: "u",
      value: "FILE",
      help: "token of an operator whose key is elsewhere",
    },
    { name: "force", help: "with --file: replace the token that is there" },
  ],
  examples: ["add operator --name ACME --sys --generate-signing-key"],
  run(words, host) {
    const place = new Workplace(words, host);
    if (words.has("file")) importOperator(place);
    else makeOperator(place);
    return EXIT.done;
  },
};

function makeOperator(place: Workplace): void {
  const { words, host } = place;
  const name = checkName("operator", words.wanted("name"));
  const named = words.text("private-key");
  const identity = named === undefined ? newKey("operator") : undefined;
  const signer = signerOf(identity?.seed ?? namedSeed(place, named as string));
  const start = editTimes(newOperatorClaims(signer.publicKey), words, host.nowMs());
  place.createStore(name, false);
  if (identity !== undefined) place.keys.store(identity);
  let operator: OperatorClaims = { ...start, name };
  let accountsSigner = signer;
  if (words.flag("generate-signing-key")) {
    const key = newKey("operator");
    place.keys.store(key);
    accountsSigner = signerOf(key.seed);
    operator = { ...operator, nats: { ...operator.nats, signingKeys: [key.publicKey] } };
  }
  if (words.flag("sys")) {
    const systemAccount = makeSystemAccount(place, accountsSigner);
    operator = { ...operator, nats: { ...operator.nats, systemAccount } };
  }
  place.saveOperator(operator, signer);
  host.print(`added operator "${name}" ${operator.subject}`);
  for (const key of operator.nats.signingKeys) host.print(`added signing key ${key}`);
  if (operator.nats.systemAccount !== "") {
    host.print(`added system account "SYS" ${operator.nats.systemAccount} with user "sys"`);
  }
}

const SYSTEM_INFORMATION = "https://docs.nats.io/nats-server/configuration/sys_accounts";
/** What nsc gives to a system account: figures of an account for whoever imports them. */
const SYSTEM_EXPORTS: readonly ExportClaim[] = [
  {
    ...newExport("service", "$SYS.REQ.ACCOUNT.*.*"),
    name: "account-monitoring-services",
    responseType: "Stream",
    accountTokenPosition: 4,
    description:
      "Request account specific monitoring services for: SUBSZ, CONNZ, LEAFZ, JSZ and INFO",
    infoUrl: SYSTEM_INFORMATION,
  },
  {
    ...newExport("stream", "$SYS.ACCOUNT.*.>"),
    name: "account-monitoring-streams",
    accountTokenPosition: 3,
    description: "Account specific monitoring stream",
    infoUrl: SYSTEM_INFORMATION,
  },
];

/** Makes account SYS with a signing key and user sys; the account's public key. */
function makeSystemAccount(place: Workplace, signer: Signer): string {
  const account = newKey("account");
  const signing = newKey("account");
  const user = newKey("user");
  for (const key of [account, signing, user]) place.keys.store(key);
  const empty = newAccountClaims(account.publicKey);
  const claims: AccountClaims = {
    ...empty,
    name: "SYS",
    nats: {
      ...empty.nats,
      exports: SYSTEM_EXPORTS,
      signingKeys: new Map([[signing.publicKey, undefined]]),
    },
  };
  place.saveAccount("SYS", claims, signer);
  const start = newUserClaims(user.publicKey);
  const nats = { ...start.nats, issuerAccount: account.publicKey };
  place.saveUser("SYS", { ...start, name: "sys", nats }, signerFromSeed(signing.seed) as Signer);
  return account.publicKey;
}

function importOperator(place: Workplace): void {
  const { words, host } = place;
  if (words.flag("sys") || words.flag("generate-signing-key")) {
    throw usageFailure("--sys and --generate-signing-key need the key of the operator");
  }
  const file = words.wanted("file");
  const token = parseDecoratedToken(readWanted(file));
  if (!token.ok) throw new Failure(`${file}: ${token.error}`);
  const decoded = decodeTokenOf("operator", token.value, place.verifier);
  if (!decoded.ok) throw new Failure(`${file}: ${decoded.error.message}`);
  const name = checkName("operator", words.text("name") ?? decoded.claims.name);
  if (words.flag("force")) {
    const known = new Workplace(words, host).store.operator();
    if (known.subject !== decoded.claims.subject) {
      throw new Failure(`operator "${name}" here has another key: ${known.subject}`);
    }
    place.store.writeOperator(token.value);
  } else place.createStore(name, true).writeOperator(token.value);
  host.print(`took over operator "${name}" ${decoded.claims.subject}`);
}

const editOperator: Command = {
  words: ["edit", "operator"],
  summary: "Change the operator",
  options: [
    ...TIME_OPTIONS,
    ...TAG_OPTIONS,
    SIGNING_KEY,
    { name: "rm-sk", value: "KEY", isList: true, help: "remove a signing key" },
    { name: "system-account", value: "NAME", help: "name or public key of the system account" },
    { name: "require-signing-keys", help: "identity keys sign nothing but themselves" },
    {
      name: "account-jwt-server-url",
      short: "u",
      value: "URL",
      help: "server that push and pull use, such as nats://localhost:4222",
    },
    { name: "rm-account-jwt-server-url", help: "remove that server" },
    {
      name: "service-url",
      value: "URL",
      isList: true,
      help: "add an address where clients connect",
    },
    { name: "rm-service-url", value: "URL", isList: true, help: "remove such an address" },
  ],
  examples: [
    "edit operator --sk generate --require-signing-keys",
    "edit operator --account-jwt-server-url nats://localhost:4222",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const signer = operatorSigner(place);
    const before = place.store.operator();
    const claims = editTags(editTimes(before, words, host.nowMs()), words, true);
    place.saveOperator({ ...claims, nats: editBody(place, claims) }, signer);
    host.print(`edited operator "${place.store.name}"`);
    return EXIT.done;
  },
};

const SERVER_URL = /^(?:nats|tls|wss?|https?):\/\//i;

function editBody(place: Workplace, { nats, subject }: OperatorClaims): OperatorClaims["nats"] {
  const { words } = place;
  const added = words.list("sk").map((key) => resolveKey(place, "operator", "sk", key));
  const signingKeys = editedList(nats.signingKeys, added, words.list("rm-sk"));
  const strict = words.truth("require-signing-keys") ?? nats.strictSigningKeyUsage;
  if (strict && signingKeys.length === 0) {
    throw new Failure("signing keys are demanded: add one with --sk generate");
  }
  if (strict && !nats.strictSigningKeyUsage) checkSigners(place, subject, signingKeys[0] ?? "");
  const system = words.text("system-account");
  const url = words.flag("rm-account-jwt-server-url") ? "" : words.text("account-jwt-server-url");
  if (url !== undefined && url !== "" && !SERVER_URL.test(url)) {
    throw usageFailure(
      `--account-jwt-server-url: "${url}" is no nats://, tls:// or https:// address`,
    );
  }
  return {
    ...nats,
    signingKeys,
    strictSigningKeyUsage: strict,
    systemAccount: system === undefined ? nats.systemAccount : place.accountKey(system),
    accountServerUrl: url ?? nats.accountServerUrl,
    operatorServiceUrls: editedList(
      nats.operatorServiceUrls,
      words.list("service-url"),
      words.list("rm-service-url"),
    ),
  };
}

/** Servers refuse what identity keys have signed once the operator demands signing keys. */
function checkSigners(place: Workplace, subject: string, signingKey: string): void {
  const { store, host } = place;
  for (const name of store.accountNames()) {
    const account = store.account(name);
    if (account.issuer === subject) {
      throw new Failure(
        `account "${name}" is signed by the identity key: sign it anew first, with ` +
          `edit account ${name} -K ${signingKey}`,
      );
    }
    const own = store.userNames(name).find((user) => {
      return store.user(name, user).issuer === account.subject;
    });
    if (own !== undefined) {
      host.warn(`warning: user "${own}" of "${name}" is signed by the account's identity key`);
    }
  }
}

export const OPERATOR_COMMANDS: readonly Command[] = [addOperator, editOperator];
