// One configuration with every mechanism: SHOP by users of the file, BANK by tokens of an operator, CRM
// by a callout service; each imports from the other two. Test thread. Must stay true: keys are new for
// each server.
import type { Authenticator, NatsConnection } from "@nats-io/transport-node";
import {
  CALLOUT_SUBJECT,
  type Decide,
  type RunningService,
  startCallout,
} from "./callout-service.ts";
import { readToken, responseClaims, signToken, type TokenSigner } from "./callout-tokens.ts";
import { type ConnectOptions, connectForTest } from "./client-library.ts";
import {
  exportOf,
  importOf,
  login,
  newKey,
  OperatorWorld,
  TestAccount,
  type TestUser,
} from "./operator-world.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

/** Of "hashed-pw". */
const HASH = "$2b$04$3eRsUqKc/HnRuriZuvTOwuu6cl/n1cdEQH4R.DixYzDMGrKQfXqWK";

export interface FileWish {
  /** Users of SHOP, in place of ann, bob and the key. */
  readonly users?: string | undefined;
  /** Of CRM. */
  readonly crm?: string | undefined;
  /** Accounts beside those. */
  readonly accounts?: string | undefined;
  readonly top?: string | undefined;
  /** Undefined = the user `service`. */
  readonly service?: string | undefined;
  /** Undefined = the user `guest`; "" = nobody. */
  readonly guest?: string | undefined;
  readonly callout?: string | undefined;
}

export class MixedWorld {
  readonly operators = new OperatorWorld();
  readonly bank = new TestAccount("BANK");
  readonly shopKeys = newKey("account");
  readonly crmKey = newKey("account").publicKey;
  readonly userKey = newKey("user");
  readonly issuerKey = newKey("account");
  readonly #others: readonly TestAccount[];

  constructor(others: readonly TestAccount[] = []) {
    this.#others = others;
    const [shop, crm] = [this.shopKeys.publicKey, this.crmKey].map((id) => ({ id }) as TestAccount);
    if (shop === undefined || crm === undefined) throw new Error("accounts");
    this.bank.edit({
      exports: [exportOf("bank.balance", "service"), exportOf("bank.events.*", "stream")],
      imports: [
        importOf(shop, "shop.price", "service", "price"),
        importOf(crm, "crm.events.*", "stream", "crm.events.$1"),
      ],
    });
  }

  get shopKey(): string {
    return this.shopKeys.publicKey;
  }

  get issuer(): TokenSigner {
    const { publicKey, sign } = this.issuerKey;
    return { getPublicKey: () => publicKey, sign };
  }

  /** The configuration. */
  file(wish: FileWish = {}): string {
    const users =
      wish.users ??
      `{ user: ann, password: ann-pw }, { user: bob, password: "${HASH}" }
       { nkey: ${this.userKey.publicKey} }, { user: guest, password: guest-pw }`;
    const service =
      wish.service === undefined
        ? "{ user: service, password: service-pw }"
        : `{ user: '${wish.service}' }`;
    return `${this.operators.memoryConfig([this.bank, ...this.#others])}
mixed_authentication: true
${wish.guest === "" ? "" : "no_auth_user: guest"}
accounts {
  SHOP {
    nkey: ${this.shopKey}
    users: [ ${users} ]
    exports: [
      { service: "shop.price", accounts: [ ${this.bank.id}, CRM ] }
      { stream: "shop.events.*" }
    ]
    imports: [ { stream: { account: ${this.bank.id}, subject: "bank.events.*" } } ]
  }
  CRM {
    nkey: ${this.crmKey}
    ${wish.crm ?? ""}
    exports: [ { stream: "crm.events.*" } ]
    imports: [
      { stream: { account: SHOP, subject: "shop.events.*" } }
      { service: { account: ${this.bank.id}, subject: "bank.balance" }, to: "balance" }
    ]
  }
  AUTH { users: [ ${service} ] }
  ${wish.accounts ?? ""}
}
authorization {
  timeout: 5
  auth_callout {
    issuer: ${this.issuerKey.publicKey}
    account: AUTH
    auth_users: [ '${wish.service ?? "service"}' ]
    ${wish.callout ?? "allowed_accounts: [ CRM ]"}
  }
}
${wish.top ?? ""}
`;
  }

  /** A service that lets in who gives `right`, into the account called like the start of the name. */
  serve(
    server: ServerUnderTest,
    decide: Decide = byName,
    how: ConnectOptions = { user: "service", pass: "service-pw" },
  ): Promise<RunningService> {
    return startCallout(server, { login: how, issuer: this.issuer, decide });
  }
}

const byName: Decide = ({ nats }, answers) => {
  const { user, pass } = nats.connect_opts;
  if (pass !== "right") return answers.error("wrong password");
  return answers.user(String(user).split("-")[0] ?? "");
};

export function byPassword(server: ServerUnderTest, user: string, pass: string) {
  return connectForTest(server, { user, pass });
}

/** Account of whoever is connected. */
export async function accountOf(connection: NatsConnection): Promise<string> {
  const info = await connection.request("$SYS.REQ.USER.INFO");
  return info.json<{ data: { account: string } }>().data.account;
}

export function byAuthenticator(
  server: ServerUnderTest,
  authenticator: Authenticator,
): Promise<NatsConnection> {
  return connectForTest(server, { authenticator });
}

/** The service of an account by token: places everybody into the account that `placeOf` says. */
export async function serveSentinel(
  server: ServerUnderTest,
  account: TestAccount,
  user: TestUser,
  placeOf: (user: string) => TestAccount,
): Promise<void> {
  const signer = {
    getPublicKey: () => account.id,
    sign: (bytes: Uint8Array) => account.key.sign(bytes),
  };
  const service = await login(server, user);
  service.subscribe(CALLOUT_SUBJECT, {
    callback: (_error, message) => {
      const { nats } = readToken(message.string());
      const { user_nkey: publicKey, server_id: id, connect_opts: sent } = nats;
      const key = { publicKey, seed: "", sign: () => new Uint8Array() };
      const { token: jwt } = placeOf(String(sent["user"])).user({ key });
      const claims = responseClaims(publicKey, id["id"] ?? "", { jwt });
      message.respond(signToken(claims, signer));
    },
  });
  await service.flush();
}
