// push, pull: accounts between the store and servers that keep them (full and cache resolvers).
import { isPublicKey } from "@weft/auth";
import {
  type AccountClaims,
  decodeTokenOf,
  encodeClaims,
  isBlocking,
  newGenericClaims,
  trustOperators,
  validateClaims,
} from "@weft/jwt";
import { ACCOUNT_OPTION, type Command, type OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { boundedNumber } from "../command-line/values.ts";
import { clean } from "../describe/rows.ts";
import { answerText, CLAIMS, ClaimClient, type ServerAnswer } from "../server/claim-client.ts";
import { clientProblem, connectTo, parseAddresses } from "../server/connect.ts";
import { TLS_OPTIONS } from "../server/connection-options.ts";
import { systemLogin } from "../server/system-user.ts";
import { nameProblem } from "../store/names.ts";
import { operatorSigningKeys } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";

const SERVER_OPTIONS: readonly OptionSpec[] = [
  {
    name: "account-jwt-server-url",
    short: "u",
    value: "URL",
    help: "server; else the operator's, such as nats://localhost:4222",
  },
  { name: "system-account", value: "NAME", help: "system account; else the operator's" },
  {
    name: "system-user",
    value: "NAME",
    help: "user of it; else one is made for this command alone",
  },
  { name: "timeout", value: "SECONDS", help: "how long to wait for servers, 1-60; else 1" },
  ...TLS_OPTIONS,
];
const MS_PER_SECOND = 1_000;
const TIMEOUT_SECONDS_MAX = 60;

/** Runs something with a connection of the system account. Resolves with the exit code. */
async function withServer(
  place: Workplace,
  subjects: readonly string[],
  act: (client: ClaimClient) => Promise<number>,
): Promise<number> {
  const { words, host } = place;
  const url = words.text("account-jwt-server-url") ?? place.store.operator().nats.accountServerUrl;
  if (url === "") throw usageFailure("no server: name one with -u, or in the operator");
  if (/^https?:/i.test(url)) {
    throw new Failure("account servers by HTTP are not supported: name a NATS server with -u");
  }
  const seconds = boundedNumber(words, "timeout", 1, TIMEOUT_SECONDS_MAX) ?? 1;
  const timeoutMs = seconds * MS_PER_SECOND;
  const addresses = parseAddresses(url);
  const { login, inboxPrefix } = systemLogin(place, subjects);
  const settings = { addresses, login, inboxPrefix, timeoutMs: Math.max(timeoutMs, 5_000) };
  let connection: Awaited<ReturnType<typeof connectTo>>;
  try {
    connection = await connectTo(settings, words, host);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`cannot connect to ${addresses.servers.join(", ")}: ${clientProblem(error)}`);
  }
  try {
    return await act(new ClaimClient(connection, inboxPrefix, timeoutMs));
  } finally {
    await connection.close();
  }
}

/** Prints answers; true if all servers did what was asked. */
function report(place: Workplace, what: string, answers: readonly ServerAnswer[]): boolean {
  let isDone = true;
  for (const answer of answers) {
    const { server, problem } = answer;
    if (problem === undefined) {
      place.host.print(clean(`${what}: server ${server}: ${answerText(answer)}`));
    } else {
      isDone = false;
      place.host.warn(clean(`error: ${what}: server ${server}: ${problem}`));
    }
  }
  return isDone;
}

const push: Command = {
  words: ["push"],
  summary: "Bring accounts to servers, or remove them there",
  options: [
    ACCOUNT_OPTION,
    { name: "all", short: "A", help: "all accounts of the operator" },
    { name: "diff", short: "D", help: "only list the accounts of servers" },
    { name: "prune", short: "P", help: "remove from servers what is not in the store" },
    { name: "account-removal", short: "R", value: "ACCOUNT", help: "remove one account there" },
    { name: "force", short: "F", help: "also accounts with errors" },
    ...SERVER_OPTIONS,
  ],
  examples: [
    "push --all --account-jwt-server-url nats://localhost:4222",
    "push -a ORDERS",
    "push --prune",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const others = ["diff", "prune", "account-removal"].filter((name) => words.has(name));
    if (others.length > 1) throw usageFailure(`--${others.join(" and --")} exclude each other`);
    if (words.has("all") && words.has("account")) {
      throw usageFailure("--all and --account exclude each other");
    }
    const isNamed = words.has("all") || words.has("account");
    const names = words.flag("all")
      ? place.store.accountNames()
      : isNamed || others.length === 0
        ? [place.accountName()]
        : [];
    if (!words.flag("force")) for (const name of names) checkPushable(place, name);
    const removal = words.text("account-removal");
    const removed = removal === undefined ? undefined : place.accountKey(removal);
    const subjects = [CLAIMS.list, CLAIMS.update, CLAIMS.remove];
    return withServer(place, subjects, async (client) => {
      let isDone = true;
      for (const name of names) {
        const answers = await client.ask(CLAIMS.update, place.store.accountToken(name));
        isDone = report(place, `account "${name}"`, answers) && isDone;
      }
      if (words.flag("diff")) isDone = (await compare(place, client)).isDone && isDone;
      if (words.flag("prune")) isDone = (await prune(place, client)) && isDone;
      if (removed !== undefined) isDone = (await remove(place, client, [removed])) && isDone;
      return isDone ? EXIT.done : EXIT.failed;
    });
  },
};

/** A server would refuse it, or its users would be locked out. */
function checkPushable(place: Workplace, name: string): void {
  const account = place.store.account(name);
  const findings = validateClaims(account, place.nowSeconds, place.verifier);
  const blocking = findings.filter((finding) => isBlocking([finding], true));
  if (blocking.length > 0) {
    const texts = blocking.map(({ text }) => text).join("; ");
    throw new Failure(`account "${name}" is not pushed: ${texts}`);
  }
  const { keys } = trustOperators([place.store.operator()]);
  if (!keys.has(account.issuer) && !place.store.isManaged) {
    throw new Failure(`account "${name}" is not pushed: no key of the operator has issued it`);
  }
}

interface Comparison {
  readonly isDone: boolean;
  /** Keys that only servers have. */
  readonly strangers: readonly string[];
}

/** Lists what servers have beside what the store has. */
async function compare(place: Workplace, client: ClaimClient): Promise<Comparison> {
  const names = place.accountNamesByKey();
  const strangers = new Set<string>();
  const answers = await client.ask(CLAIMS.list, "");
  let isDone = true;
  for (const answer of answers) {
    const { server, data, problem } = answer;
    if (problem !== undefined || !Array.isArray(data)) {
      isDone = false;
      place.host.warn(clean(`error: server ${server}: ${problem ?? "the answer is no list"}`));
      continue;
    }
    place.host.print(clean(`server ${server} has ${data.length} accounts`));
    for (const key of data) {
      if (typeof key !== "string" || !isPublicKey(key, "account")) continue;
      const name = names.get(key);
      if (name === undefined) strangers.add(key);
      place.host.print(`  ${key} ${name === undefined ? "only on the server" : `"${name}"`}`);
    }
    const present = new Set<unknown>(data);
    for (const [key, name] of names) {
      if (!present.has(key)) place.host.print(`  ${key} "${name}" only in the store`);
    }
  }
  return { isDone, strangers: [...strangers] };
}

async function prune(place: Workplace, client: ClaimClient): Promise<boolean> {
  const { isDone, strangers } = await compare(place, client);
  if (strangers.length === 0) {
    place.host.print("nothing to remove");
    return isDone;
  }
  return (await remove(place, client, strangers)) && isDone;
}

/** Deletions are signed by a key of the operator, which servers check. */
async function remove(
  place: Workplace,
  client: ClaimClient,
  keys: readonly string[],
): Promise<boolean> {
  const signingKeys = operatorSigningKeys(place.store.operator());
  for (const key of signingKeys) {
    const signer = place.keys.signerOf(key);
    if (signer === undefined) continue;
    const claims = { ...newGenericClaims(key), nats: new Map([["accounts", keys]]) };
    const encoded = encodeClaims(claims, signer, place.nowSeconds);
    if (!encoded.ok) throw new Failure(encoded.error.message);
    return report(place, "removal", await client.ask(CLAIMS.remove, encoded.token));
  }
  throw new Failure(
    `removal: no seed of these keys is in ${place.keys.folder}: ${signingKeys.join(", ")}`,
  );
}

const pull: Command = {
  words: ["pull"],
  summary: "Bring the accounts that a server has to the store",
  options: [
    ACCOUNT_OPTION,
    { name: "all", short: "A", help: "all accounts" },
    { name: "overwrite-newer", short: "F", help: "also over newer tokens in the store" },
    ...SERVER_OPTIONS,
  ],
  examples: ["pull --all"],
  run(words, host) {
    const place = new Workplace(words, host);
    if (words.has("all") === words.has("account")) {
      throw usageFailure("--all or --account is required, and not both");
    }
    const only = words.has("account") ? place.accountKey(words.wanted("account")) : undefined;
    return withServer(place, [CLAIMS.pack], async (client) => {
      const tokens = await client.pull();
      const outcomes = tokens.map((token) => keep(place, token, only));
      if (only !== undefined && !outcomes.includes("kept") && !outcomes.includes("refused")) {
        throw new Failure(`the server does not have account ${only}`);
      }
      return outcomes.includes("refused") ? EXIT.failed : EXIT.done;
    });
  },
};

/** Stores a token that a server sent, if it is one of this operator under a name of its own. */
function keep(
  place: Workplace,
  token: string,
  only: string | undefined,
): "kept" | "refused" | "not meant" {
  const decoded = decodeTokenOf("account", token, place.verifier);
  if (!decoded.ok) {
    place.host.warn(clean(`error: a token of the server is not used: ${decoded.error.message}`));
    return "refused";
  }
  const { claims } = decoded;
  if (only !== undefined && claims.subject !== only) return "not meant";
  const problem = pullProblem(place, claims);
  if (problem !== undefined) {
    place.host.warn(clean(`error: account "${claims.name}" ${claims.subject}: ${problem}`));
    return "refused";
  }
  place.store.writeAccount(claims.name, token);
  place.host.print(`account "${claims.name}": stored`);
  return "kept";
}

function pullProblem(place: Workplace, claims: AccountClaims): string | undefined {
  const { store, words } = place;
  const wrongName = nameProblem(claims.name);
  if (wrongName !== undefined) return `its name ${wrongName}`;
  const { keys } = trustOperators([store.operator()]);
  if (!keys.has(claims.issuer)) return "no key of the operator has issued it";
  const knownName = place.accountNamesByKey().get(claims.subject);
  if (knownName !== undefined && knownName !== claims.name) {
    return `it is called "${knownName}" in the store: rename one of them`;
  }
  if (!store.hasAccount(claims.name)) return undefined;
  const known = store.account(claims.name);
  if (known.subject !== claims.subject) return `the store has another key: ${known.subject}`;
  if (known.issuedAtSeconds > claims.issuedAtSeconds && !words.flag("overwrite-newer")) {
    return "the store has a newer token: use --overwrite-newer";
  }
  return undefined;
}

export const PUSH_COMMANDS: readonly Command[] = [push, pull];
