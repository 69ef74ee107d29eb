// list operators, accounts, users, keys.
import { decodePublicKey } from "@weft/auth";
import {
  ACCOUNT_OPTION,
  type Command,
  type Host,
  JSON_OPTION,
  type OptionSpec,
} from "../command-line/command.ts";
import { EXIT } from "../command-line/failure.ts";
import { formatTime } from "../command-line/values.ts";
import { formatTable } from "../describe/rows.ts";
import { OperatorStore, operatorNames } from "../store/operator-store.ts";
import { Workplace } from "../store/workplace.ts";

type Entry = Readonly<Record<string, string | number | boolean>>;

function printEntries(entries: readonly Entry[], isJson: boolean, host: Host): void {
  if (isJson) {
    host.print(JSON.stringify(entries, undefined, 2));
    return;
  }
  const rows = entries.map((entry) =>
    Object.entries(entry).map(([name, value]) => {
      if (name.endsWith("AtSeconds")) return formatTime(value as number);
      if (typeof value === "boolean") return value ? name : "";
      return String(value);
    }),
  );
  for (const line of formatTable(rows)) host.print(line);
}

const listOperators: Command = {
  words: ["list", "operators"],
  summary: "List the operators",
  options: [JSON_OPTION],
  examples: ["list operators"],
  run(words, host) {
    const place = new Workplace(words, host);
    const { operatorsFolder } = place.places;
    const entries = operatorNames(operatorsFolder).map((name) => {
      const store = OperatorStore.open(operatorsFolder, name, place.verifier);
      return { name, key: store.operator().subject, managed: store.isManaged };
    });
    printEntries(entries, words.flag("json"), host);
    return EXIT.done;
  },
};

const listAccounts: Command = {
  words: ["list", "accounts"],
  summary: "List the accounts of the operator",
  options: [JSON_OPTION],
  examples: ["list accounts --json"],
  run(words, host) {
    const { store } = new Workplace(words, host);
    const system = store.operator().nats.systemAccount;
    const entries = store.accountNames().map((name) => {
      const { subject, expiresAtSeconds } = store.account(name);
      return { name, key: subject, expiresAtSeconds, system: subject === system };
    });
    printEntries(entries, words.flag("json"), host);
    return EXIT.done;
  },
};

const listUsers: Command = {
  words: ["list", "users"],
  summary: "List the users of an account",
  options: [ACCOUNT_OPTION, JSON_OPTION],
  examples: ["list users --account ORDERS"],
  run(words, host) {
    const place = new Workplace(words, host);
    const { store } = place;
    const account = place.accountName();
    const entries = store.userNames(account).map((name) => {
      const { subject, expiresAtSeconds } = store.user(account, name);
      return { name, key: subject, expiresAtSeconds };
    });
    printEntries(entries, words.flag("json"), host);
    return EXIT.done;
  },
};

/** A key that the store refers to. */
interface KnownKey {
  readonly owner: string;
  readonly key: string;
  readonly signing: boolean;
}

function knownKeys({ store }: Workplace): KnownKey[] {
  const operator = store.operator();
  const found: KnownKey[] = [{ owner: store.name, key: operator.subject, signing: false }];
  for (const key of operator.nats.signingKeys)
    found.push({ owner: store.name, key, signing: true });
  for (const name of store.accountNames()) {
    const { subject, nats } = store.account(name);
    found.push({ owner: name, key: subject, signing: false });
    for (const key of nats.signingKeys.keys()) found.push({ owner: name, key, signing: true });
    const { xkey } = nats.authorization;
    if (xkey !== "") found.push({ owner: name, key: xkey, signing: false });
    for (const user of store.userNames(name)) {
      const key = store.user(name, user).subject;
      found.push({ owner: `${name}/${user}`, key, signing: false });
    }
  }
  return found;
}

const KIND_OPTIONS: readonly (OptionSpec & { readonly kind: string })[] = [
  { name: "operators", short: "o", help: "keys of operators", kind: "operator" },
  { name: "accounts", short: "a", help: "keys of accounts", kind: "account" },
  { name: "users", short: "u", help: "keys of users", kind: "user" },
  { name: "curves", short: "x", help: "keys for encryption", kind: "curve" },
];

const listKeys: Command = {
  words: ["list", "keys"],
  summary: "List keys, and whether their seeds are in the key store",
  options: [
    ...KIND_OPTIONS,
    { name: "all", short: "A", help: "keys of all kinds; also without any of these" },
    { name: "filter", short: "f", value: "TEXT", help: "only keys that have this in them" },
    { name: "not-referenced", help: "only keys in the key store that nothing here refers to" },
    { name: "show-seeds", short: "S", help: "print the seeds too" },
    JSON_OPTION,
  ],
  examples: ["list keys", "list keys --not-referenced"],
  run(words, host) {
    const place = new Workplace(words, host);
    const kinds = KIND_OPTIONS.filter(({ name }) => words.flag(name)).map(({ kind }) => kind);
    const known = knownKeys(place);
    const isKnown = new Set(known.map(({ key }) => key));
    const strangers = place.keys.all().filter((key) => !isKnown.has(key));
    const keys: readonly KnownKey[] = words.flag("not-referenced")
      ? strangers.map((key) => ({ owner: "", key, signing: false }))
      : known;
    const filter = words.text("filter")?.toUpperCase() ?? "";
    const entries = keys
      .filter(({ key }) => key.includes(filter) && isOfKinds(key, words.flag("all") ? [] : kinds))
      .map(({ owner, key, signing }) => {
        const entry = { owner, key, signing, stored: place.keys.has(key) };
        return words.flag("show-seeds") ? { ...entry, seed: place.keys.seedOf(key) ?? "" } : entry;
      });
    printEntries(entries, words.flag("json"), host);
    return EXIT.done;
  },
};

function isOfKinds(key: string, kinds: readonly string[]): boolean {
  const decoded = decodePublicKey(key);
  return kinds.length === 0 || (decoded.ok && kinds.includes(decoded.kind));
}

export const LIST_COMMANDS: readonly Command[] = [listOperators, listAccounts, listUsers, listKeys];
