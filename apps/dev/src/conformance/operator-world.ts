// An operator with its accounts and users, made for one test, and clients that log in by tokens.
// Must stay true: keys are new each time; nothing here is shared with how the server judges tokens but
// the writer of tokens itself.
import { randomBytes } from "node:crypto";
import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { encodeSeed, type KeyKind } from "@weft/auth";
import {
  type AccountBody,
  type AccountClaims,
  type ActivationClaims,
  type Claims,
  encodeClaims,
  newAccountClaims,
  newActivationClaims,
  newExport,
  newOperatorClaims,
  newScopedUserClaims,
  newUserClaims,
  type OperatorBody,
  type Signer,
  signerFromSeed,
  type UserBody,
} from "@weft/jwt";
import { onTestFinished } from "vitest";
import { type RawClient, rawForTest } from "./raw-client.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

export interface Key extends Signer {
  readonly seed: string;
}

export function newKey(kind: KeyKind): Key {
  const seed = encodeSeed(kind, randomBytes(32));
  const signer = signerFromSeed(seed) as Signer;
  return { publicKey: signer.publicKey, sign: (bytes) => signer.sign(bytes), seed };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

/** Standard claims that tests set by themselves. */
interface Times {
  readonly expires?: number | undefined;
  readonly issued?: number | undefined;
}

export function signed(claims: Claims, signer: Signer, { expires, issued }: Times = {}): string {
  const timed = expires === undefined ? claims : { ...claims, expiresAtSeconds: expires };
  const result = encodeClaims(timed, signer, issued ?? nowSeconds());
  if (!result.ok) throw new Error(result.error.message);
  return result.token;
}

/** A user with what it takes to log in. */
export interface TestUser {
  readonly key: Key;
  readonly token: string;
}

export interface UserWish extends Times {
  readonly name?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly body?: Partial<UserBody> | undefined;
  /** Undefined = the account's own key. */
  readonly signer?: Signer | undefined;
  /** Of a scoped signing key: says nothing. */
  readonly scoped?: boolean | undefined;
  readonly key?: Key | undefined;
}

export class TestAccount {
  readonly key: Key;
  readonly name: string;
  #claims: AccountClaims;
  #issued = nowSeconds() - 60;

  constructor(name: string, body: Partial<AccountBody> = {}, key = newKey("account")) {
    this.name = name;
    this.key = key;
    const fresh = newAccountClaims(this.key.publicKey);
    this.#claims = { ...fresh, name, nats: { ...fresh.nats, ...body } };
  }

  get id(): string {
    return this.key.publicKey;
  }

  get claims(): AccountClaims {
    return this.#claims;
  }

  /** Each token is issued a second later than the one before. */
  token(operator: Signer, times: Times = {}): string {
    this.#issued += 1;
    return signed(this.#claims, operator, { issued: this.#issued, ...times });
  }

  edit(change: Partial<AccountBody>): this {
    this.#claims = { ...this.#claims, nats: { ...this.#claims.nats, ...change } };
    return this;
  }

  user({ name = "user", tags = [], body = {}, signer, scoped, key, ...times }: UserWish = {}) {
    const own = key ?? newKey("user");
    const isOther = signer !== undefined && signer.publicKey !== this.id;
    const fresh =
      scoped === true ? newScopedUserClaims(own.publicKey, this.id) : newUserClaims(own.publicKey);
    const issuerAccount = isOther ? this.id : "";
    const claims = { ...fresh, name, tags, nats: { ...fresh.nats, issuerAccount, ...body } };
    const issued = nowSeconds() - 30;
    return { key: own, token: signed(claims, signer ?? this.key, { issued, ...times }) };
  }

  activation(importer: string, subject: string, kind: "stream" | "service", times: Times = {}) {
    const fresh: ActivationClaims = newActivationClaims(importer);
    const nats = { ...fresh.nats, importSubject: subject, importType: kind };
    return signed({ ...fresh, nats }, this.key, times);
  }
}

export class OperatorWorld {
  readonly operator = newKey("operator");
  readonly system = new TestAccount("SYS");
  readonly systemUser = this.system.user({ name: "sys" });
  readonly token: string;

  constructor(body: Partial<OperatorBody> = {}) {
    const fresh = newOperatorClaims(this.operator.publicKey);
    const nats = { ...fresh.nats, systemAccount: this.system.id, ...body };
    this.token = signed({ ...fresh, name: "OP", nats }, this.operator);
  }

  tokenOf(account: TestAccount, times: Times = {}): string {
    return account.token(this.operator, times);
  }

  /** Operator, memory resolver, and these accounts preloaded. */
  memoryConfig(accounts: readonly TestAccount[], more = ""): string {
    const lines = [this.system, ...accounts].map(
      (account) => `  ${account.id}: "${this.tokenOf(account)}"`,
    );
    return `operator: "${this.token}"
resolver: MEMORY
resolver_preload {
${lines.join("\n")}
}
${more}`;
  }

  /** Operator and a directory with the system account in it. */
  directoryConfig(
    directory: string,
    keys = 'type: full, allow_delete: true, interval: "1m"',
  ): string {
    return `operator: "${this.token}"
resolver { ${keys}, dir: "${directory}" }
resolver_preload { ${this.system.id}: "${this.tokenOf(this.system)}" }
`;
  }
}

/** A connection of the client library; closed with the test. */
export async function login(
  server: Pick<ServerUnderTest, "port">,
  { key, token }: TestUser,
): Promise<NatsConnection> {
  const authenticator = jwtAuthenticator(token, new TextEncoder().encode(key.seed));
  const connection = await connect({
    port: server.port,
    authenticator,
    reconnect: false,
    timeout: 8_000,
  });
  onTestFinished(() => connection.close());
  return connection;
}

/** CONNECT of a socket without a library, with a good signature unless fields say otherwise. */
export async function rawLogin(
  server: ServerUnderTest,
  { key, token }: TestUser,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<RawClient> {
  const client = await rawForTest(server.port);
  const info = await client.info();
  const nonce = Buffer.from(String(info["nonce"]));
  const sig = Buffer.from(key.sign(nonce)).toString("base64url");
  client.sendConnect({ jwt: token, sig, ...fields });
  client.send("PING\r\n");
  return client;
}

/** What the server says: `PONG`, or the text of its error. */
export async function verdictOf(client: RawClient): Promise<string> {
  const [, text = "PONG"] = await client.waitFor(/^(?:PONG|-ERR '([^']*)')\r\n/m);
  return text;
}

export function exportOf(subject: string, type: "stream" | "service") {
  return { ...newExport(type, subject), name: subject };
}

export function importOf(
  exporter: TestAccount,
  subject: string,
  type: "stream" | "service",
  localSubject: string,
) {
  return {
    name: subject,
    subject,
    account: exporter.id,
    token: "",
    to: "",
    localSubject,
    type,
    share: false,
    allowTrace: false,
  };
}
