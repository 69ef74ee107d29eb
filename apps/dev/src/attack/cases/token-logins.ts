// A25 to A27: who holds a good token that is over or revoked, cannot prove that it is theirs, or may not
// do without proof, does not get in, and goes when that becomes true. A71: the log keeps tokens secret.
import { randomBytes } from "node:crypto";
import {
  newKey,
  nowSeconds,
  TestAccount,
  type TestUser,
} from "../../conformance/operator-world.ts";
import type { AttackCase, AttackWorld } from "../attack-case.ts";
import {
  allKeptOut,
  altered,
  attempt,
  ClaimsDesk,
  type Fields,
  keptOut,
  knownAccount,
  letIn,
  OPERATOR,
} from "../token-world.ts";
import { secureTwins } from "../twins.ts";
import { check, refused } from "./expect.ts";

/** From the answer of the desk to the end of a connection. */
const EFFECT_MS = 1_000;

/** A25, CVE-2020-26892: what is over counts for nothing, and ends what is open. */
async function outOfDate(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const account = await knownAccount(world, desk);
  const good = account.user();
  const now = nowSeconds();
  const short = (await knownAccount(world, desk)).user({ expires: now + 2 });
  const dated = (change: Fields): string => altered(good.token, change, account.key);
  await allKeptOut(world, good, [
    ["expired", dated({ exp: now - 1 })],
    ["expired long ago", dated({ exp: 1 })],
    ["expired before it was issued", dated({ exp: -1 })],
    ["not yet", dated({ nbf: now + 60 })],
    ["never yet", dated({ nbf: 2 ** 53 })],
    ["an end that is no number", dated({ exp: "never" })],
    ["an end that is too large", dated({ exp: 1e300 })],
  ]);
  const ending = await letIn(world, short);
  await revocations(world, desk, account);
  check(await ending.sees(/-ERR 'User Authentication Expired'/, 4_000), "a token outlives its end");
  check(nowSeconds() - (now + 2) <= 1, "a token outlives its end by more than a second");
  await keptOut(world, "a token that has ended meanwhile", short);
  // The account's own end.
  const brief = new TestAccount("SHORT");
  const until = nowSeconds() + 1;
  await desk.bring(OPERATOR.tokenOf(brief, { expires: until }));
  const member = brief.user();
  const inside = await letIn(world, member);
  check(
    await inside.sees(/-ERR '\w+ Authentication Expired'/, 3_000),
    "an account outlives its end",
  );
  await keptOut(world, "a user of an account that has ended", member);
}

async function revocations(
  world: AttackWorld,
  desk: ClaimsDesk,
  account: TestAccount,
): Promise<void> {
  const key = newKey("user");
  const at = nowSeconds() - 20;
  const issued = (offset: number): TestUser => account.user({ key, issued: at + offset });
  const [older, same, newer] = [issued(-1), issued(0), issued(1)];
  for (const name of [key.publicKey, "*"]) {
    account.edit({ revocations: new Map() });
    await desk.push(account);
    const open = await Promise.all([older, same, newer].map((user) => letIn(world, user)));
    account.edit({ revocations: new Map([[name, at]]) });
    await desk.push(account);
    const [first, second, third] = open;
    for (const client of [first, second]) {
      const isTold = await client?.sees(/-ERR 'User Authentication Revoked'/, EFFECT_MS);
      check(isTold === true, `who is revoked by ${name} stays`);
    }
    check((await third?.ping()) === true, "who was not revoked is gone");
    await keptOut(world, "revoked, issued before", older);
    await keptOut(world, "revoked, issued then", same);
    await letIn(world, newer);
  }
  account.edit({ revocations: new Map() });
  await desk.push(account);
}

/** Order of the group of ed25519: with it added, a signature is another text for the same thing. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function malleated(signature: Buffer): Buffer {
  const little = Buffer.from(signature.subarray(32)).reverse();
  const moved = (BigInt(`0x${little.toString("hex")}`) + GROUP_ORDER)
    .toString(16)
    .padStart(64, "0");
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(moved, "hex").reverse()]);
}

/** A26. */
async function nonces(world: AttackWorld): Promise<void> {
  const account = await knownAccount(world);
  const user = account.user();
  const sign = (text: string | Uint8Array): Buffer => Buffer.from(user.key.sign(Buffer.from(text)));
  let heard = "";
  await (
    await attempt(world, user, (nonce) => {
      heard = sign(nonce).toString("base64url");
      return { sig: heard };
    })
  ).sees(/^PONG\r\n/m);
  const rows: readonly (readonly [string, (nonce: string) => unknown])[] = [
    ["a signature of another connection", () => heard],
    ["none", () => undefined],
    ["an empty one", () => ""],
    ["of nothing", () => sign("").toString("base64url")],
    ["of another nonce", () => sign("AAAAAAAAAAAAAAA").toString("base64url")],
    [
      "of the bytes that the nonce encodes",
      (nonce) => sign(Buffer.from(nonce, "base64url")).toString("base64url"),
    ],
    ["of 63 bytes", (nonce) => sign(nonce).subarray(0, 63).toString("base64url")],
    ["of 65 bytes", (nonce) => `${sign(nonce).toString("base64url")}AA`],
    ["zeros", () => Buffer.alloc(64).toString("base64url")],
    [
      "by another key",
      (nonce) => Buffer.from(newKey("user").sign(Buffer.from(nonce))).toString("base64url"),
    ],
    ["with the group's order added", (nonce) => malleated(sign(nonce)).toString("base64url")],
    ["hexadecimal", (nonce) => sign(nonce).toString("hex")],
    ["random", () => randomBytes(64).toString("base64url")],
  ];
  await Promise.all(
    rows.map(([what, make]) => keptOut(world, what, user, (nonce) => ({ sig: make(nonce) }))),
  );
  await keptOut(world, "a nonce of the client's", user, {
    nonce: "x",
    sig: sign("x").toString("base64url"),
  });
  await letIn(world, user);
}

/** A27. */
async function bearers(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const account = await knownAccount(world, desk);
  const bearer = account.user({ body: { bearerToken: true } });
  const plain = account.user();
  const inside = await letIn(world, bearer, { sig: "" });
  await keptOut(world, "no bearer, no signature", plain, { sig: "" });
  const { limits } = account.claims.nats;
  account.edit({ limits: { ...limits, disallowBearer: true } });
  await desk.push(account);
  check(await inside.closes(EFFECT_MS), "a bearer stays where it is not allowed any more");
  await keptOut(world, "a bearer", bearer, { sig: "" });
  await keptOut(world, "a bearer with a signature", bearer);
  await letIn(world, plain);
}

/** A71. What proves who somebody is stands in no log, however talkative. */
async function tokensInLogs(world: AttackWorld): Promise<void> {
  const account = await knownAccount(world);
  const [good, bad] = [account.user(), new TestAccount("X").user()];
  let signature = "";
  const note = (user: TestUser) => (nonce: string) => {
    signature = Buffer.from(user.key.sign(Buffer.from(nonce))).toString("base64url");
    return { sig: signature };
  };
  const secrets: string[] = [];
  for (const user of [good, bad]) {
    const client = await attempt(world, user, note(user));
    await client.sees(/^PONG\r\n|-ERR/m);
    secrets.push(signature, user.key.seed, user.token.split(".")[2] as string);
  }
  const wrong = await attempt(world, good, {
    sig: "",
    jwt: `${good.token}x`,
    pass: account.key.seed,
  });
  await refused(wrong, /Authorization Violation/);
  secrets.push(account.key.seed, OPERATOR.tokenOf(account).split(".")[2] as string);
  const said = world.server.output();
  for (const secret of secrets) check(!said.includes(secret), "the log holds a secret of a token");
}

export const TOKEN_LOGINS: readonly AttackCase[] = secureTwins([
  {
    name: "A25, CVE-2020-26892: expired and revoked",
    profile: "tokens",
    shortWorkers: [2],
    run: outOfDate,
  },
  { name: "A26: signatures of other nonces", profile: "tokens", run: nonces },
  { name: "A27: bearers where none are allowed", profile: "tokens", run: bearers },
  { name: "A71: tokens and seeds in the log", profile: "tokens", run: tokensInLogs },
]);
