// describe operator, account, user, jwt.
import type { Claims } from "@weft/jwt";
import {
  ACCOUNT_OPTION,
  type Command,
  JSON_OPTION,
  type OptionSpec,
} from "../command-line/command.ts";
import { EXIT, usageFailure } from "../command-line/failure.ts";
import { describeClaims, type NamesByKey } from "../describe/describe-claims.ts";
import { claimsText, fieldText } from "../describe/json-text.ts";
import { readClaimsFile } from "../store/read-claims-file.ts";
import { Workplace } from "../store/workplace.ts";

const NAME: OptionSpec = { name: "name", short: "n", value: "NAME", help: "which one" };
const FORM_OPTIONS: readonly OptionSpec[] = [
  JSON_OPTION,
  { name: "raw", short: "R", help: "print the token itself" },
  { name: "field", short: "F", value: "PATH", help: "print one value: nats.limits.conn" },
];

function show(place: Workplace, claims: Claims, token: () => string, names: NamesByKey): void {
  const { words, host } = place;
  const field = words.text("field");
  if (["json", "raw", "field"].filter((name) => words.has(name)).length > 1) {
    throw usageFailure("--json, --raw and --field exclude each other");
  }
  if (words.flag("raw")) host.print(token());
  else if (field !== undefined) host.print(fieldText(claims, field));
  else if (words.flag("json")) host.print(claimsText(claims));
  else for (const line of describeClaims(claims, names)) host.print(line);
}

const describeOperator: Command = {
  words: ["describe", "operator"],
  summary: "Show the operator",
  options: FORM_OPTIONS,
  examples: ["describe operator", "describe operator --raw"],
  run(words, host) {
    const place = new Workplace(words, host);
    const { store } = place;
    show(place, store.operator(), () => store.operatorToken(), place.accountNamesByKey());
    return EXIT.done;
  },
};

const describeAccount: Command = {
  words: ["describe", "account"],
  summary: "Show an account",
  operand: "name",
  options: [NAME, ...FORM_OPTIONS],
  examples: ["describe account ORDERS", "describe account ORDERS --field nats.limits.conn"],
  run(words, host) {
    const place = new Workplace(words, host);
    const name = place.accountName("name");
    const { store } = place;
    show(place, store.account(name), () => store.accountToken(name), place.accountNamesByKey());
    return EXIT.done;
  },
};

const describeUser: Command = {
  words: ["describe", "user"],
  summary: "Show a user",
  operand: "name",
  options: [NAME, ACCOUNT_OPTION, ...FORM_OPTIONS],
  examples: ["describe user alice --account ORDERS --json"],
  run(words, host) {
    const place = new Workplace(words, host);
    const account = place.accountName();
    const name = words.wanted("name");
    const { store } = place;
    const claims = store.user(account, name);
    show(place, claims, () => store.userToken(account, name), place.accountNamesByKey());
    return EXIT.done;
  },
};

const describeJwt: Command = {
  words: ["describe", "jwt"],
  summary: "Show a token of any kind, from a file or a creds file",
  operand: "file",
  options: [
    { name: "file", short: "f", value: "FILE", help: "the file; - = standard input" },
    ...FORM_OPTIONS,
  ],
  examples: ["describe jwt --file alice.creds"],
  run(words, host) {
    const place = new Workplace(words, host);
    const { claims, token } = readClaimsFile(words.wanted("file"), place.verifier);
    show(place, claims, () => token, new Map());
    return EXIT.done;
  },
};

export const DESCRIBE_COMMANDS: readonly Command[] = [
  describeOperator,
  describeAccount,
  describeUser,
  describeJwt,
];
