// The operator of the attacks on tokens, tokens that no honest tool would write, and the desk at which
// account tokens are brought. Must stay true: what a case brings to a server is made for that run, so
// that the same case can be run against another server of the same operator.
import {
  type Key,
  OperatorWorld,
  TestAccount,
  type TestUser,
} from "../conformance/operator-world.ts";
import type { AttackWorld } from "./attack-case.ts";
import { check, refused } from "./cases/expect.ts";
import type { RawClient } from "./raw-client.ts";

export const OPERATOR = new OperatorWorld();
/** Of the bystander alone. */
export const WATCH = new TestAccount("WATCH");
const BYSTANDER = WATCH.user({ name: "watch", body: { bearerToken: true } });

/** Needs no signature, as the thread of the bystander has no keys. */
export const WATCH_TOKEN = BYSTANDER.token;

export const HEADER = { typ: "JWT", alg: "ed25519-nkey" };

const encoded = (part: unknown): string =>
  Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

/** A token of any header and claims, signed as today's are. Texts are taken as they stand. */
export function forged(header: unknown, claims: unknown, signer: Pick<Key, "sign">): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${Buffer.from(signer.sign(Buffer.from(text))).toString("base64url")}`;
}

/** The claims of a token as values; nothing is checked. */
export function claimsIn(token: string): Record<string, unknown> {
  const [, body = ""] = token.split(".");
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Record<string, unknown>;
}

/** The same token with other claims, signed by `signer`. */
export function altered(
  token: string,
  change: Readonly<Record<string, unknown>>,
  signer: Pick<Key, "sign">,
): string {
  return forged(HEADER, { ...claimsIn(token), ...change }, signer);
}

export type Fields = Readonly<Record<string, unknown>>;

/** Says CONNECT with a token and a good signature, unless `fields` say otherwise. */
export async function attempt(
  world: AttackWorld,
  user: TestUser,
  fields: Fields | ((nonce: string) => Fields) = {},
): Promise<RawClient> {
  const client = await world.openReady();
  client.answerPings();
  const nonce = String(client.info["nonce"]);
  const sig = Buffer.from(user.key.sign(Buffer.from(nonce))).toString("base64url");
  const own = typeof fields === "function" ? fields(nonce) : fields;
  const words = { verbose: false, headers: true, no_responders: true, jwt: user.token, sig };
  client.send(`CONNECT ${JSON.stringify({ ...words, ...own })}\r\nPING\r\n`);
  return client;
}

/** Whoever this is gets in. */
export async function letIn(
  world: AttackWorld,
  user: TestUser,
  fields: Fields = {},
): Promise<RawClient> {
  const client = await attempt(world, user, fields);
  const isIn = await client.sees(/^PONG\r\n/m);
  check(isIn, `not let in: ${client.received.replace(/^INFO .*\r\n/m, "").slice(-200)}`);
  return client;
}

/** Whoever this is does not get in; `what` names it. */
export async function keptOut(
  world: AttackWorld,
  what: string,
  user: TestUser,
  fields: Fields | ((nonce: string) => Fields) = {},
): Promise<void> {
  const client = await attempt(world, user, fields);
  await refused(client, /-ERR 'Authorization Violation'/).catch((error: unknown) => {
    throw new Error(`${what}: ${(error as Error).message}`);
  });
}

/** What a server answers to claim requests. */
export interface DeskAnswer {
  readonly code: number;
  readonly text: string;
}

/** A user of the system account that brings account tokens and takes them away. */
export class ClaimsDesk {
  readonly #client: RawClient;
  #asked = 0;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async open(world: AttackWorld): Promise<ClaimsDesk> {
    const client = await letIn(world, OPERATOR.systemUser);
    client.send("SUB _INBOX.desk.* 1\r\n");
    return new ClaimsDesk(client);
  }

  /** Brings what the account says now; throws unless it is taken. */
  async push(account: TestAccount): Promise<void> {
    const answer = await this.bring(OPERATOR.tokenOf(account));
    check(answer.code === 200, `a good account was refused: ${answer.text}`);
  }

  bring(token: string): Promise<DeskAnswer> {
    return this.ask("$SYS.REQ.CLAIMS.UPDATE", token);
  }

  /** Code 0: nobody listens to such a subject. */
  async ask(subject: string, body: string): Promise<DeskAnswer> {
    const client = this.#client;
    this.#asked += 1;
    const inbox = `_INBOX.desk.${this.#asked}`;
    client.forget();
    client.send(`PUB ${subject} ${inbox} ${Buffer.byteLength(body)}\r\n`);
    client.send(Buffer.from(body));
    client.send("\r\n");
    const isAnswered = await client.sees(new RegExp(`MSG ${inbox.replaceAll(".", "\\.")} 1 `));
    check(isAnswered, `no answer to ${subject}: ${client.received.slice(-200)}`);
    // Until the whole message is there.
    await client.ping();
    const message = client.messages().find((one) => one.subject === inbox);
    const text = message?.payload ?? "";
    if (message?.headers.includes("503") === true) return { code: 0, text: "no responders" };
    return { code: codeIn(text), text };
  }
}

function codeIn(text: string): number {
  try {
    const { data, error } = JSON.parse(text) as Record<string, { code?: number } | undefined>;
    return error?.code ?? data?.code ?? 0;
  } catch {
    return 0;
  }
}

/** An account that the server knows. */
export async function knownAccount(world: AttackWorld, desk?: ClaimsDesk): Promise<TestAccount> {
  const account = new TestAccount("A");
  await (desk ?? (await ClaimsDesk.open(world))).push(account);
  return account;
}

/** Tries all of them at once; the user with a good token gets in before and after. */
export async function allKeptOut(
  world: AttackWorld,
  good: TestUser,
  bad: readonly (readonly [string, string])[],
): Promise<void> {
  await letIn(world, good);
  await Promise.all(bad.map(([what, token]) => keptOut(world, what, { ...good, token })));
  await letIn(world, good);
}
