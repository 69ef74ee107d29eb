// A21 to A24 and advisories about what tokens say: whoever has none, a forged one, or somebody else's,
// does not get in, and nobody is more than the token of the account says.
import { createHmac } from "node:crypto";
import { newUserScope } from "@weft/jwt";
import { newKey, TestAccount } from "../../conformance/operator-world.ts";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import {
  allKeptOut,
  altered,
  attempt,
  ClaimsDesk,
  claimsIn,
  forged,
  HEADER,
  keptOut,
  knownAccount,
  letIn,
  OPERATOR,
} from "../token-world.ts";
import { secureTwins } from "../twins.ts";
import { check } from "./expect.ts";

/** A21. */
async function algorithms(world: AttackWorld): Promise<void> {
  const account = await knownAccount(world);
  const good = account.user();
  const claims = claimsIn(good.token);
  const [header = "", body = "", signature = ""] = good.token.split(".");
  const names = [
    "none",
    "None",
    "NONE",
    "HS256",
    "RS256",
    "EdDSA",
    "ed25519",
    "ED25519-NKEY",
    "",
    0,
  ];
  const bad = names.map((alg): [string, string] => [
    `alg ${alg}`,
    forged({ typ: "JWT", alg }, claims, account.key),
  ]);
  const none = Buffer.from('{"typ":"JWT","alg":"none"}').toString("base64url");
  const hmac = Buffer.from('{"typ":"JWT","alg":"HS256"}').toString("base64url");
  for (const secret of [account.id, Buffer.from(account.id.slice(1)), ""]) {
    const mac = createHmac("sha256", secret).update(`${hmac}.${body}`).digest("base64url");
    bad.push(["HMAC with the public key", `${hmac}.${body}.${mac}`]);
  }
  bad.push(
    ["no algorithm", forged({ typ: "JWT" }, claims, account.key)],
    [
      "two algorithms",
      forged('{"typ":"JWT","alg":"none","alg":"ed25519-nkey"}', claims, account.key),
    ],
    ["no signature", `${header}.${body}.`],
    ["no signature and no algorithm", `${none}.${body}.`],
    ["another header", `${none}.${body}.${signature}`],
    ["two parts", `${header}.${body}`],
    ["four parts", `${good.token}.${signature}`],
    ["padding", `${good.token}=`],
    ["zeros", `${header}.${body}.${Buffer.alloc(64).toString("base64url")}`],
    ["no token", ""],
  );
  await allKeptOut(world, good, bad);
}

/** A22, 2026-23. */
async function issuerKeys(world: AttackWorld): Promise<void> {
  const account = await knownAccount(world);
  const good = account.user();
  const { id } = account;
  const lastBits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const last = lastBits[lastBits.indexOf(id.at(-1) as string) ^ 1] as string;
  const texts: readonly (readonly [string, unknown])[] = [
    ...[0, 1, 2, 8, 54, 55].map((length) => [`${length} characters`, id.slice(0, length)] as const),
    ["57 characters", `${id}A`],
    ["padded", `${id}====`],
    ["lower case", id.toLowerCase()],
    ["wrong kind", `U${id.slice(1)}`],
    ["wrong sum", `${id.slice(0, -4)}AAAA`],
    ["other last bits", id.slice(0, -1) + last],
    ["digits that are none", `${id.slice(0, 20)}018${id.slice(23)}`],
    ["a seed", account.key.seed],
    ["a long text", id.repeat(20)],
    ["NUL", `${id}\u0000`],
    ["a number", 7],
    ["nothing", null],
    ["a list", [id]],
    ["zeros", "A".repeat(56)],
  ];
  const bad = texts.flatMap(([what, text]): [string, string][] => [
    [`issuer: ${what}`, altered(good.token, { iss: text }, account.key)],
    [`subject: ${what}`, altered(good.token, { sub: text }, account.key)],
  ]);
  const nats = claimsIn(good.token)["nats"] as object;
  for (const [what, text] of texts) {
    if (text === "") continue;
    const other = { nats: { ...nats, issuer_account: text } };
    if (text !== null) bad.push([`account: ${what}`, altered(good.token, other, account.key)]);
  }
  await allKeptOut(world, good, bad);
}

/** A23. */
async function wrongKinds(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const account = await knownAccount(world, desk);
  const other = await knownAccount(world, desk);
  const unknown = new TestAccount("X");
  const good = account.user();
  const { key } = good;
  const userOf = (signer: Parameters<typeof altered>[2], iss: string): string =>
    altered(good.token, { iss }, signer);
  const nats = claimsIn(good.token)["nats"] as object;
  const named = { nats: { ...nats, issuer_account: account.id } };
  await allKeptOut(world, good, [
    ["the account's token", OPERATOR.tokenOf(account)],
    ["the operator's token", OPERATOR.token],
    ["an activation", account.activation(other.id, "a", "stream")],
    ["signed by the user", userOf(key, key.publicKey)],
    ["signed by the operator", userOf(OPERATOR.operator, OPERATOR.operator.publicKey)],
    ["the user's signature under the account's name", userOf(key, account.id)],
    ["another account's signature", userOf(other.key, account.id)],
    ["of an account that nobody knows", unknown.user({ key }).token],
    [
      "another account's user in this one",
      altered(good.token, { ...named, iss: other.id }, other.key),
    ],
    [
      "an unknown key's user in this one",
      altered(good.token, { ...named, iss: unknown.id }, unknown.key),
    ],
    ["no kind", altered(good.token, { nats: { ...nats, type: undefined } }, account.key)],
    ["a kind that is none", altered(good.token, { nats: { ...nats, type: "root" } }, account.key)],
    ["a version that is none", altered(good.token, { nats: { ...nats, version: 3 } }, account.key)],
  ]);
  // Accounts: of another operator, of themselves, of a user's key, under another's name.
  const stranger = newKey("operator");
  const victim = new TestAccount("V");
  const text = OPERATOR.tokenOf(victim);
  const forgeries: readonly (readonly [string, string])[] = [
    ["another operator", altered(text, { iss: stranger.publicKey }, stranger)],
    ["another operator under this one's name", altered(text, {}, stranger)],
    ["the account itself", altered(text, { iss: victim.id }, victim.key)],
    ["a user", altered(text, { iss: key.publicKey }, key)],
    ["an account of this operator", altered(text, { iss: other.id }, other.key)],
    ["a user's token", good.token],
    ["the operator's token", OPERATOR.token],
  ];
  for (const [what, token] of forgeries) {
    const { code, text: said } = await desk.bring(token);
    check(code >= 400, `an account by ${what} was answered ${said}`);
    await keptOut(world, `a user of an account by ${what}`, victim.user());
  }
}

/** A24. */
async function scopes(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const [plain, scoped, foreign] = [newKey("account"), newKey("account"), newKey("account")];
  const scope = newUserScope(scoped.publicKey);
  const publish = { allow: ["allowed.{{name()}}", "_INBOX.>"], deny: ["allowed.secret"] };
  const template = { ...scope.template, publish, subscribe: { allow: ["in.>"], deny: undefined } };
  const signingKeys = new Map([
    [plain.publicKey, undefined],
    [scoped.publicKey, { ...scope, template }],
  ]);
  const account = new TestAccount("A", { signingKeys });
  await desk.push(account);
  const other = new TestAccount("B", { signingKeys: new Map([[foreign.publicKey, undefined]]) });
  await desk.push(other);
  const good = account.user({ signer: scoped, scoped: true, name: "x" });
  const nats = claimsIn(good.token)["nats"] as object;
  const more = (rights: object, signer = scoped): string =>
    altered(good.token, { iss: signer.publicKey, nats: { ...nats, ...rights } }, signer);
  await allKeptOut(world, good, [
    ["rights beside a scope", more({ pub: { allow: [">"] } })],
    ["an empty list beside a scope", more({ sub: { allow: ["a"] } })],
    ["a limit beside a scope", more({ subs: -1 })],
    ["answers beside a scope", more({ resp: { max: -1, ttl: 0 } })],
    ["a bearer beside a scope", more({ bearer_token: true })],
    ["networks beside a scope", more({ src: ["0.0.0.0/0"] })],
    ["a key of another account", more({}, foreign)],
    ["a key that nobody names", more({}, newKey("account"))],
    ["a scope in another account", more({ issuer_account: other.id })],
    ["no account", more({ issuer_account: "" })],
  ]);
  // A tag or a name may not widen what the template says.
  const named = ["secret", ">", "*", "x.>", "a b", "", "{{subject()}}", "x\r\nSUB > 1"];
  for (const name of named) {
    const user = account.user({ signer: scoped, scoped: true, name });
    const client = await attempt(world, user);
    if (!(await client.sees(/^PONG\r\n/m))) continue;
    for (const subject of ["allowed.secret", "allowed.y.z", "other", "in.x"]) {
      client.send(`PUB ${subject} 1\r\n.\r\n`);
    }
    client.send("SUB > 1\r\nSUB allowed.> 2\r\n");
    await client.ping();
    const { length } = client.errors();
    // `*` is a subject that the template may become: `allowed.*` takes in nothing of two tokens.
    check(length === (name === ">" ? 5 : 6), `${name}: ${client.errors().join(" | ")}`);
  }
}

/** Values that a field does not expect. */
const ODD = [
  null,
  true,
  -1,
  2 ** 53,
  1e300,
  "",
  "x",
  [],
  [[]],
  {},
  { a: null },
  ["\u0000"],
] as const;

/** CVE-2020-26521. Tokens of all shapes with good signatures, by whoever holds the account's key. */
async function handMade(world: AttackWorld): Promise<void> {
  const account = await knownAccount(world);
  const good = account.user();
  const claims = claimsIn(good.token);
  const nats = claims["nats"] as Record<string, unknown>;
  const tokens: string[] = ODD.map((value) => forged(HEADER, value, account.key));
  for (const odd of ODD) {
    for (const name of ["nats", "iss", "sub", "jti", "name", "aud", "iat", "exp", "nbf"]) {
      tokens.push(altered(good.token, { [name]: odd }, account.key));
    }
    const fields = [
      ...Object.keys(nats),
      "resp",
      "src",
      "times",
      "allowed_connection_types",
      "tags",
    ];
    for (const name of new Set(fields)) {
      tokens.push(altered(good.token, { nats: { ...nats, [name]: odd } }, account.key));
    }
    tokens.push(altered(good.token, { nats: { ...nats, pub: { allow: odd } } }, account.key));
  }
  const deep = `${'{"nats":'.repeat(400)}1${"}".repeat(400)}`;
  tokens.push(forged(HEADER, deep, account.key), forged(deep, claims, account.key));
  const every = Math.ceil(tokens.length / scaled(60, tokens.length));
  const chosen = tokens.filter((_, at) => at % every === 0);
  for (let at = 0; at < chosen.length; at += 20) {
    const clients = chosen.slice(at, at + 20).map((token) => attempt(world, { ...good, token }));
    for (const client of await Promise.all(clients)) {
      const isAnswered = await client.sees(/^PONG\r\n|-ERR '[^']*'\r\n/m);
      check(isAnswered, "a token of an odd shape is not answered");
      client.destroy();
    }
  }
  await letIn(world, good);
}

export const TOKENS: readonly AttackCase[] = secureTwins([
  { name: "A21: tokens by other algorithms", profile: "tokens", run: algorithms },
  { name: "A22, 2026-23: keys that are none", profile: "tokens", run: issuerKeys },
  { name: "A23: tokens of the wrong kind or hand", profile: "tokens", run: wrongKinds },
  { name: "A24: users who want more than their scope", profile: "tokens", run: scopes },
  { name: "CVE-2020-26521: tokens made by hand", profile: "tokens", run: handMade },
]);
