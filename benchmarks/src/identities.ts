// Keys, tokens and configurations of the rows about logins. The keys are made of fixed texts, so that
// every run has the same ones; they are worth nothing anywhere else.
import { createHash } from "node:crypto";
import { encodeSeed, type KeyKind } from "@weft/auth";
import {
  type AccountClaims,
  type Claims,
  encodeClaims,
  newAccountClaims,
  newOperatorClaims,
  newScopedUserClaims,
  newUserClaims,
  newUserScope,
  type Signer,
  signerFromSeed,
} from "@weft/jwt";
import type { Login } from "./load/job.ts";

/** Users that log in, in turn. */
const USERS = 64;
export const ACCOUNTS_PRELOADED = 10_000;
/** All tokens were issued at the start of the run, a minute ago. */
const ISSUED_SECONDS = Math.floor(Date.now() / 1_000) - 60;
/** bcrypt with cost 11 of `COSTLY.password`. */
const COSTLY_HASH = "$2b$11$CJru6/19M03dC4rOscztaOzviWmcEwiiEjc4dIx0ASmU6LCG9dFpO";
const COSTLY: Login = { user: "costly", password: "costly-password" };
const PLAIN: Login = { user: "plain", password: "plain-password" };
const SERVICE: Login = { user: "service", password: "service-password" };

interface Key extends Signer {
  readonly seed: string;
}

function keyOf(kind: KeyKind, label: string): Key {
  const seed = encodeSeed(kind, createHash("sha256").update(`benchmark ${label}`).digest());
  const signer = signerFromSeed(seed) as Signer;
  return { publicKey: signer.publicKey, sign: (bytes) => signer.sign(bytes), seed };
}

function signed(claims: Claims, signer: Signer, issuedSeconds = ISSUED_SECONDS): string {
  const made = encodeClaims(claims, signer, issuedSeconds);
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

function numbered<T>(count: number, make: (number: number) => T): T[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

const operator = keyOf("operator", "operator");
const [system, app, scope] = ["system", "app", "scope"].map((label) => keyOf("account", label)) as [
  Key,
  Key,
  Key,
];
const issuer = keyOf("account", "callout issuer");

/** The entries that allow the traffic stand last among the fifty. */
export function fiftyEntries(name: string): string[] {
  const entries: string[] = [];
  for (let number = 0; entries.length < 48; number++) {
    entries.push(number % 4 === 3 ? `${name}.*.${number}.>` : `${name}.area${number}.unit.>`);
  }
  return [...entries, "_INBOX.>", "bench.>"];
}

function accountClaims(key: Key, name: string): AccountClaims {
  return { ...newAccountClaims(key.publicKey), name };
}

function appClaims(): AccountClaims {
  const claims = accountClaims(app, "APP");
  const fresh = newUserScope(scope.publicKey);
  const template = {
    ...fresh.template,
    publish: { allow: fiftyEntries("publish.{{name()}}"), deny: undefined },
    subscribe: { allow: fiftyEntries("subscribe.{{name()}}"), deny: undefined },
  };
  const signingKeys = new Map([[scope.publicKey, { ...fresh, template }]]);
  return { ...claims, nats: { ...claims.nats, signingKeys } };
}

function userOf(account: Key, label: string): Login {
  const key = keyOf("user", label);
  const claims = { ...newUserClaims(key.publicKey), name: label };
  return { jwt: signed(claims, account), seed: key.seed };
}

function scopedUser(): Login {
  const key = keyOf("user", "scoped");
  const claims = { ...newScopedUserClaims(key.publicKey, app.publicKey), name: "scoped" };
  return { jwt: signed(claims, scope), seed: key.seed };
}

const nkeys = numbered(USERS, (number) => keyOf("user", `nkey ${number}`));

export const IDENTITIES = {
  nkeys: nkeys.map(({ seed }): Login => ({ seed })),
  tokens: numbered(USERS, (number) => userOf(app, `user ${number}`)),
  costly: [COSTLY],
  plain: [PLAIN],
  /** Whom only the callout service knows. */
  strangers: numbered(USERS, (n): Login => ({ user: `guest${n}`, password: "guest-password" })),
  service: SERVICE,
  issuerSeed: issuer.seed,
  scoped: scopedUser(),
  system: userOf(system, "system user"),
  appKey: app.publicKey,
} as const;

/** A token of the account under which all users that were issued before now are revoked. */
export function revokingToken(): string {
  const claims = appClaims();
  const now = Math.floor(Date.now() / 1_000);
  const nats = { ...claims.nats, revocations: new Map([["*", now]]) };
  return signed({ ...claims, nats }, operator, now);
}

function operatorText(preloads: readonly string[]): string {
  const fresh = newOperatorClaims(operator.publicKey);
  const nats = { ...fresh.nats, systemAccount: system.publicKey };
  const line = (key: Key, claims: Claims) => `  ${key.publicKey}: ${signed(claims, operator)}`;
  return `operator: ${signed({ ...fresh, name: "BENCHMARK", nats }, operator)}
resolver: MEMORY
resolver_preload {
${line(system, accountClaims(system, "SYS"))}
${line(app, appClaims())}
${preloads.join("\n")}
}
`;
}

function manyAccounts(): string {
  const preloads = numbered(ACCOUNTS_PRELOADED, (number) => {
    const key = keyOf("account", `account ${number}`);
    return `  ${key.publicKey}: ${signed(accountClaims(key, `ACCOUNT${number}`), operator)}`;
  });
  return operatorText(preloads);
}

const userFields = (login: Login, password = login.password): string =>
  `{ user: ${login.user}, password: "${password}" }`;

/** Texts by the name of the configuration; made when they are asked for. */
export const IDENTITY_CONFIGS = {
  nkeys: () => `authorization {
  users [ ${nkeys.map(({ publicKey }) => `{ nkey: ${publicKey} }`).join("\n    ")} ]
}
`,
  tokens: () => operatorText([]),
  accounts: manyAccounts,
  hashes: () => `authorization {
  timeout: 20
  users [ ${userFields(COSTLY, COSTLY_HASH)}, ${userFields(PLAIN)} ]
}
`,
  callout: () => `accounts {
  AUTH { users [ ${userFields(SERVICE)} ] }
  GUESTS {}
  SYS {}
}
system_account: SYS
authorization {
  timeout: 10
  auth_callout { issuer: ${issuer.publicKey}, account: AUTH, auth_users: [ ${SERVICE.user} ] }
}
`,
} as const;
