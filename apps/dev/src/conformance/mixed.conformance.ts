// Several mechanisms of authentication on one listener (GP-1, SA-22, SA-28, SA-29): SHOP by users of the
// configuration, BANK by tokens, CRM by a callout; what is asked of each, and what crosses between them.
import { type NatsConnection, nkeyAuthenticator } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import {
  accountOf,
  byAuthenticator,
  byPassword,
  MixedWorld,
  serveSentinel,
} from "./mixed-world.ts";
import { login, newKey, nowSeconds, rawLogin, TestAccount, verdictOf } from "./operator-world.ts";
import { type RawClient, rawForTest } from "./raw-client.ts";
import { describeWithWorkers, type ServerUnderTest, useServer } from "./server-under-test.ts";

const VIOLATION = "Authorization Violation";

async function verdict(server: ServerUnderTest, fields: Readonly<Record<string, unknown>>) {
  const client = await rawForTest(server.port);
  await client.info();
  client.sendConnect(fields);
  client.send("PING\r\n");
  return verdictOf(client);
}

function answer(connection: NatsConnection, subject: string, text: string): void {
  connection.subscribe(subject, {
    callback: (_error, message) => {
      message.respond(text);
    },
  });
}

describeWithWorkers("mixed authentication", (workers) => {
  describe("on one listener", () => {
    const self = new TestAccount("SELF");
    const selfService = self.user({ name: "service" });
    const sentinel = self.user({ name: "sentinel", body: { bearerToken: true } });
    const world = new MixedWorld([self]);
    const { bank } = world;
    const authUsers = [selfService.key.publicKey];
    self.edit({ authorization: { authUsers, allowedAccounts: [bank.id], xkey: "" } });
    const server = useServer({ workers, config: world.file() });
    const teller = bank.user({ name: "teller" });

    it("SA-28 SA-29: each mechanism leads into its accounts, and nowhere else", async () => {
      const { requests } = await world.serve(server());
      const key = nkeyAuthenticator(new TextEncoder().encode(world.userKey.seed));
      const accounts = await Promise.all(
        [
          byPassword(server(), "ann", "ann-pw"),
          byPassword(server(), "bob", "hashed-pw"),
          byAuthenticator(server(), key),
          connectForTest(server()),
          login(server(), teller),
          byPassword(server(), "CRM-joe", "right"),
        ].map(async (opening) => accountOf(await opening)),
      );
      expect(accounts).toEqual(["SHOP", "SHOP", "SHOP", "SHOP", bank.id, "CRM"]);
      expect(requests.map(({ nats }) => nats.connect_opts["user"])).toEqual(["CRM-joe"]);
      // The service names accounts of other mechanisms, or none.
      for (const user of ["SHOP-joe", "AUTH-joe", "$G-joe", `${bank.id}-joe`, "NONE-joe"]) {
        expect(await verdict(server(), { user, pass: "right" })).toBe(VIOLATION);
      }
      await server().waitForLog(/Account "SHOP" is not among the allowed accounts/);
      // A token for an account of the configuration.
      const forged = new TestAccount("SHOP", {}, world.shopKeys);
      expect(await verdictOf(await rawLogin(server(), forged.user()))).toBe(VIOLATION);
      await server().waitForLog(/mechanism not allowed/);
    });

    it("SA-29: what is wrong is refused alike, and never shown to the service", async () => {
      const { requests } = await world.serve(server());
      const wrong = [
        { user: "ann", pass: "wrong" },
        { user: "bob", pass: "wrong" },
        { user: "stranger", pass: "wrong" },
        { auth_token: "wrong" },
        { nkey: world.userKey.publicKey, sig: "A".repeat(86) },
        { jwt: "garbage" },
        { jwt: teller.token, sig: "A".repeat(86) },
        { jwt: bank.user({ signer: newKey("account") }).token, sig: "A".repeat(86) },
      ];
      for (const fields of wrong) expect(await verdict(server(), fields)).toBe(VIOLATION);
      const shown = requests.map(({ nats }) => nats.connect_opts);
      expect(shown).toMatchObject([
        { user: "ann", pass: "?????" },
        { user: "bob", pass: "?????" },
        { user: "stranger", pass: "wrong" },
        { auth_token: "wrong" },
        { nkey: world.userKey.publicKey, sig: "?".repeat(86) },
      ]);
    });

    it("SA-29: a known name stays refused although the service would let it in", async () => {
      await world.serve(server(), (_claims, answers) => answers.user("CRM"));
      expect(await verdict(server(), { user: "ann", pass: "wrong" })).toBe(VIOLATION);
      expect(await verdict(server(), { user: "service", pass: "wrong" })).toBe(VIOLATION);
      expect(await verdict(server(), { user: "stranger", pass: "wrong" })).toBe("PONG");
      expect(await verdict(server(), { user: "ann", pass: "ann-pw" })).toBe("PONG");
    });

    it("SA-22 AN-70: a sentinel's service places users into its own account alone", async () => {
      await serveSentinel(server(), self, selfService, (user) => (user === "bank" ? bank : self));
      const opened = await verdictOf(await rawLogin(server(), sentinel, { user: "self" }));
      expect(opened).toBe("PONG");
      expect(await verdictOf(await rawLogin(server(), sentinel, { user: "bank" }))).toBe(VIOLATION);
      await server().waitForLog(/has the mechanism jwt, not callout/);
    });

    it("SA-28 SA-25: accounts of all three import from each other", async () => {
      await world.serve(server());
      const [shop, crm, bankUser] = await Promise.all([
        byPassword(server(), "ann", "ann-pw"),
        byPassword(server(), "CRM-joe", "right"),
        login(server(), teller),
      ]);
      answer(shop, "shop.price", "7");
      answer(bankUser, "bank.balance", "100");
      const atShop = new MessageLog(shop, "bank.events.*");
      const atCrm = new MessageLog(crm, "shop.events.*");
      const atBank = new MessageLog(bankUser, "crm.events.*");
      await Promise.all([shop.flush(), crm.flush(), bankUser.flush()]);
      shop.publish("shop.events.a", "from shop");
      crm.publish("crm.events.b", "from crm");
      bankUser.publish("bank.events.c", "from bank");
      await Promise.all([atShop, atCrm, atBank].map((log) => log.waitForCount(1)));
      expect([atShop, atCrm, atBank].flatMap(({ texts }) => texts)).toEqual([
        "from bank",
        "from shop",
        "from crm",
      ]);
      expect((await bankUser.request("price")).string()).toBe("7");
      expect((await crm.request("balance")).string()).toBe("100");
    });

    it("AC-93: claims that change take effect beside accounts of the configuration", async () => {
      const system = await login(server(), world.operators.systemUser);
      const [shop, bankUser] = await Promise.all([
        byPassword(server(), "ann", "ann-pw"),
        login(server(), teller),
      ]);
      answer(shop, "shop.price", "7");
      await shop.flush();
      const { imports } = bank.claims.nats;
      const price = () =>
        bankUser.request("price").then(
          (message) => message.string(),
          (error: Error) => error.message,
        );
      const says = (wanted: RegExp) =>
        eventually(async () => wanted.exec(await price())?.[0], String(wanted));
      const push = async (change: typeof imports): Promise<void> => {
        const token = world.operators.tokenOf(bank.edit({ imports: change }));
        await system.request(`$SYS.REQ.ACCOUNT.${bank.id}.CLAIMS.UPDATE`, token);
      };
      await says(/^7$/);
      await push([]);
      await says(/no responders/);
      await push(imports);
      await says(/^7$/);
      // A token for an account that the configuration has changes nothing.
      const forged = world.operators.tokenOf(new TestAccount("SHOP", {}, world.shopKeys));
      await system.request(`$SYS.REQ.ACCOUNT.${world.shopKey}.CLAIMS.UPDATE`, forged);
      expect(await verdict(server(), { user: "ann", pass: "ann-pw" })).toBe("PONG");
    });
  });

  describe("with the service of an account by token", () => {
    const self = new TestAccount("SELF");
    const selfService = self.user({ name: "service" });
    const sentinel = self.user({ name: "sentinel", body: { bearerToken: true } });
    const world = new MixedWorld([self]);
    const authUsers = [selfService.key.publicKey];
    self.edit({ authorization: { authUsers, allowedAccounts: [], xkey: "" } });
    const server = useServer({ workers, config: world.file() });

    it("AC-93 AN-49: whom it placed goes when he is revoked", async () => {
      await serveSentinel(server(), self, selfService, () => self);
      const client = await rawLogin(server(), sentinel, { user: "x" });
      expect(await verdictOf(client)).toBe("PONG");
      const system = await login(server(), world.operators.systemUser);
      // The service was issued at the same time, and goes as well.
      self.edit({ revocations: new Map([["*", nowSeconds()]]) });
      const token = world.operators.tokenOf(self);
      await system.request(`$SYS.REQ.ACCOUNT.${self.id}.CLAIMS.UPDATE`, token);
      await client.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m);
      await client.closed;
    });
  });

  describe("reloaded", () => {
    const world = new MixedWorld();
    const server = useServer({ workers, config: world.file() });

    it("GP-1 RL-13: a mechanism that changes cuts whose login is not right any more", async () => {
      await world.serve(server());
      const open = async (): Promise<RawClient[]> => {
        const clients = [
          { user: "ann", pass: "ann-pw" },
          { user: "CRM-joe", pass: "right" },
        ].map(async (fields) => (await rawForTest(server().port)).login(fields));
        return Promise.all(clients);
      };
      const [ann, joe] = await open();
      const teller = await rawLogin(server(), world.bank.user());
      expect(await verdictOf(teller)).toBe("PONG");
      const crm = "users: [ { user: carl, password: carl-pw } ]";
      const callout = "allowed_accounts: [ SHOP2 ]";
      const accounts = "SHOP2 {}";
      const said = await server().reload(world.file({ crm, callout, accounts }));
      expect(said).toContain("Reloaded server configuration");
      await joe?.waitForClose();
      await ann?.ping();
      await teller.ping();
      expect(await verdict(server(), { user: "carl", pass: "carl-pw" })).toBe("PONG");
      expect(await verdict(server(), { user: "CRM-joe", pass: "right" })).toBe(VIOLATION);
      expect(await verdict(server(), { user: "SHOP2-joe", pass: "right" })).toBe("PONG");
      const users = "{ user: bert, password: bert-pw }, { user: guest, password: pw }";
      await server().reload(world.file({ users }));
      await ann?.waitForClose();
      await teller.ping();
      expect(await verdict(server(), { user: "CRM-joe", pass: "right" })).toBe("PONG");
      const again = await byPassword(server(), "bert", "bert-pw");
      const log = new MessageLog(again, "bank.events.*");
      await again.flush();
      teller.send("PUB bank.events.x 2\r\nhi\r\n");
      await log.waitForCount(1);
    });

    it("GP-1: what contradicts itself changes nothing", async () => {
      const crm = "mechanism: callout, users: [ { user: carl, password: carl-pw } ]";
      const said = await server().reload(world.file({ crm }));
      expect(said).toMatch(
        /Failed.*server\.conf:\d+:\d+: account "CRM" has the mechanism callout \(.*:\d+:\d+\), not users/,
      );
      expect(await server().reload(world.file().replace("mixed_authentication: true", ""))).toMatch(
        /Failed/,
      );
    });

    it("SB-28: roles follow a reload", async () => {
      const roles = (allow: string) => `roles { talker { publish: [ ${allow} ] } }`;
      const users = "{ user: ann, password: ann-pw, role: talker }, { user: guest, password: pw }";
      await server().reload(world.file({ users, top: roles("a.>") }));
      const ann = await (await rawForTest(server().port)).login({ user: "ann", pass: "ann-pw" });
      ann.send("PUB b.x 0\r\n\r\n");
      await ann.waitFor(/Permissions Violation for Publish to "b.x"/);
      await server().reload(world.file({ users, top: roles("b.>") }));
      ann.send("PUB b.y 0\r\n\r\nPUB a.x 0\r\n\r\n");
      await ann.waitFor(/Permissions Violation for Publish to "a.x"/);
      expect(ann.received).not.toContain('"b.y"');
    });
  });
});
