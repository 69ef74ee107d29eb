// What claims of accounts and users mean for who is connected: rights, limits, mappings, an end. With a
// directory, and claims that are pushed as nsc does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { expect, it, onTestFinished } from "vitest";
import {
  exportOf,
  importOf,
  login,
  newKey,
  nowSeconds,
  OperatorWorld,
  rawLogin,
  TestAccount,
  verdictOf,
} from "./operator-world.ts";
import type { RawClient } from "./raw-client.ts";
import { describeWithWorkers, type ServerUnderTest, serverForTest } from "./server-under-test.ts";

/** From the answer to the effect. */
const EFFECT_MS = 1_000;

interface Stage {
  readonly server: ServerUnderTest;
  readonly world: OperatorWorld;
  readonly system: NatsConnection;
  /** Brings the account's token; the answer. */
  push(account: TestAccount, seconds?: number): Promise<string>;
}

async function start(workers: number): Promise<Stage> {
  const world = new OperatorWorld();
  const directory = mkdtempSync(join(tmpdir(), "weft-claims-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const server = await serverForTest({ config: world.directoryConfig(directory), workers });
  const system = await login(server, world.systemUser);
  const push = async (account: TestAccount, seconds?: number): Promise<string> => {
    const times = seconds === undefined ? {} : { expires: nowSeconds() + seconds };
    const token = account.token(world.operator, times);
    return (await system.request("$SYS.REQ.CLAIMS.UPDATE", token)).string();
  };
  return { server, world, system, push };
}

async function connected(stage: Stage, account: TestAccount, wish = {}): Promise<RawClient> {
  const client = await rawLogin(stage.server, account.user(wish));
  expect(await verdictOf(client)).toBe("PONG");
  return client;
}

describeWithWorkers("what claims mean", (workers) => {
  it("AZ-13: the right to answer by a user's claims, how often and how long", async () => {
    const stage = await start(workers);
    const a = new TestAccount("A");
    await stage.push(a);
    const subscribe = { allow: ["ask"], deny: undefined };
    const rights = (messagesMax: number, milliseconds: number) => ({
      body: { subscribe, responses: { messagesMax, expiresNanos: milliseconds * 1_000_000 } },
    });
    const often = await connected(stage, a, rights(2, 60_000));
    const brief = await connected(stage, a, rights(2, 50));
    for (const client of [often, brief]) client.send("SUB ask 1\r\n");
    await Promise.all([often.ping(), brief.ping()]);
    const asker = await connected(stage, a);
    asker.send("SUB answers.> 1\r\nPUB ask answers.one 0\r\n\r\n");
    for (const client of [often, brief]) await client.waitFor(/^MSG ask 1 answers\.one 0\r\n/m);
    often.send("PUB answers.one 1\r\na\r\nPUB answers.one 1\r\nb\r\nPUB answers.one 1\r\nc\r\n");
    await often.waitFor(/^-ERR 'Permissions Violation for Publish to "answers\.one"'\r\n/m);
    await asker.waitFor(/MSG answers\.one 1 1\r\na\r\nMSG answers\.one 1 1\r\nb\r\n/);
    await new Promise((resolve) => setTimeout(resolve, 100));
    brief.send("PUB answers.one 1\r\nd\r\n");
    await brief.waitFor(/^-ERR 'Permissions Violation for Publish to "answers\.one"'\r\n/m);
    await asker.ping();
    expect(asker.received).not.toMatch(/\r\n[cd]\r\n/);
  });

  it("AZ-28, AC-42: a user asks for his rights, and for what his account has", async () => {
    const stage = await start(workers);
    const a = new TestAccount("A");
    await stage.push(a);
    const publish = { allow: ["$SYS.REQ.>", "a"], deny: undefined };
    const client = await login(stage.server, a.user({ body: { publish } }));
    const ask = async (subject: string) =>
      JSON.parse((await client.request(subject)).string()).data;
    expect(await ask("$SYS.REQ.USER.INFO")).toMatchObject({
      account: a.id,
      permissions: { publish: { allow: ["$SYS.REQ.>", "a"] } },
    });
    for (const subject of ["$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.SERVER.PING.CONNZ"]) {
      expect(await ask(subject)).toMatchObject({ total: 1, connections: [{ lang: "nats.js" }] });
    }
    expect(await ask("$SYS.REQ.ACCOUNT.PING.STATZ")).toMatchObject({
      account_statz: [{ acc: a.id, conns: 1 }],
    });
  });

  it("AC-07: limits of an account by its claims", async () => {
    const stage = await start(workers);
    const a = new TestAccount("A");
    const { limits } = a.claims.nats;
    const limit = (change: Partial<typeof limits>) => a.edit({ limits: { ...limits, ...change } });
    limit({ subscriptionsMax: 1, payloadBytesMax: 4, connectionsMax: 2, disallowBearer: true });
    await stage.push(a);
    const client = await connected(stage, a);
    client.send("SUB a 1\r\nSUB b 2\r\n");
    await client.waitFor(/^-ERR 'maximum subscriptions exceeded'\r\n/m);
    const bearer = await rawLogin(stage.server, a.user({ body: { bearerToken: true } }));
    expect(await verdictOf(bearer)).toBe("Authorization Violation");
    const second = await connected(stage, a);
    const third = await rawLogin(stage.server, a.user());
    expect(await verdictOf(third)).toBe("maximum account active connections exceeded");
    second.send("PUB x 5\r\n12345\r\n");
    await second.waitFor(/^-ERR 'Maximum Payload Violation'\r\n/m);
    const wide = exportOf("wide.>", "stream");
    const other = new TestAccount("B", { exports: [wide] });
    const two = ["x", "y"].map((subject) => importOf(other, "wide.a", "stream", subject));
    for (const tooMuch of [
      new TestAccount("C", { exports: [wide], limits: { ...limits, exportsMax: 0 } }),
      new TestAccount("D", {
        exports: [wide],
        limits: { ...limits, exportsMax: 1, wildcardExports: false },
      }),
      new TestAccount("E", { imports: two, limits: { ...limits, importsMax: 1 } }),
    ]) {
      expect(JSON.parse(await stage.push(tooMuch))).toMatchObject({ error: { code: 500 } });
    }
  });

  it("AN-59: a signing key that goes takes those with it whom it signed", async () => {
    const stage = await start(workers);
    const signer = newKey("account");
    const a = new TestAccount("A", { signingKeys: new Map([[signer.publicKey, undefined]]) });
    await stage.push(a);
    const [own, signed] = [await connected(stage, a), await connected(stage, a, { signer })];
    a.edit({ signingKeys: new Map() });
    await stage.push(a);
    await signed.closed;
    await own.ping();
    const again = await rawLogin(stage.server, a.user({ signer }));
    expect(await verdictOf(again)).toBe("Authorization Violation");
  });

  it("AC-10: a lower limit sends as many away as are above it", async () => {
    const stage = await start(workers);
    const a = new TestAccount("A");
    await stage.push(a);
    const clients: RawClient[] = [];
    for (let count = 0; count < 4; count += 1) clients.push(await connected(stage, a));
    a.edit({ limits: { ...a.claims.nats.limits, connectionsMax: 3 } });
    await stage.push(a);
    const isCut = ({ received }: RawClient): boolean =>
      received.includes("-ERR 'maximum account active connections exceeded'\r\n");
    await expect.poll(() => clients.filter(isCut).length, { timeout: EFFECT_MS }).toBe(1);
    await Promise.all(clients.filter((one) => !isCut(one)).map((one) => one.ping()));
  });

  it("SU-37: mappings of an account by its claims change under who is connected", async () => {
    const stage = await start(workers);
    const a = new TestAccount("A");
    await stage.push(a);
    const client = await connected(stage, a);
    client.send("SUB > 1\r\nPUB from.x 0\r\n\r\n");
    await client.waitFor(/^MSG from\.x 1 0\r\n/m);
    const to = (subject: string, weight: number) => ({ subject, weight, cluster: "" });
    a.edit({ mappings: new Map([["from.*", [to("left.$1", 50), to("right.$1", 50)]]]) });
    await stage.push(a);
    await expect
      .poll(
        () => {
          client.send("PUB from.y 0\r\n\r\n");
          return ["left.y", "right.y"].every((one) => client.received.includes(`MSG ${one} `));
        },
        { timeout: EFFECT_MS },
      )
      .toBe(true);
  });

  it("AC-93: measured latencies and traces begin with a claim", async () => {
    const stage = await start(workers);
    const plain = { ...exportOf("price", "service") };
    const shop = new TestAccount("SHOP", { exports: [plain] });
    await stage.push(shop);
    const buyer = new TestAccount("BUYER", {
      imports: [importOf(shop, "price", "service", "price")],
    });
    await stage.push(buyer);
    const [seller, client] = [await connected(stage, shop), await connected(stage, buyer)];
    const service = await login(stage.server, shop.user());
    service.subscribe("price", { callback: (_error, message) => void message.respond("7") });
    await service.flush();
    seller.send("SUB measured 1\r\nSUB traced 2\r\n");
    await seller.ping();
    const header = `NATS/1.0\r\ntraceparent: 00-${"a".repeat(32)}-${"b".repeat(16)}-01\r\n\r\n`;
    const ask = (): void => {
      client.send("PUB price in 0\r\n\r\n");
      seller.send(`HPUB x ${header.length} ${header.length}\r\n${header}\r\n`);
    };
    client.send("SUB in 1\r\n");
    const told = (): boolean[] =>
      ["measured", "traced"].map((subject) => seller.received.includes(`MSG ${subject} `));
    ask();
    await client.waitFor(/^MSG in 1 1\r\n7\r\n/m);
    await seller.ping();
    expect(told()).toEqual([false, false]);
    shop.edit({
      exports: [{ ...plain, latency: { sampling: 100, results: "measured" } }],
      trace: { destination: "traced", sampling: 100 },
    });
    await stage.push(shop);
    const askAndLook = (): boolean[] => {
      ask();
      return told();
    };
    await expect.poll(askAndLook, { timeout: EFFECT_MS }).toEqual([true, true]);
  });

  it("AC-12: an account that has expired is shown as that, and gives nothing any more", async () => {
    const stage = await start(workers);
    const shop = new TestAccount("SHOP", { exports: [exportOf("price", "service")] });
    const buyer = new TestAccount("BUYER", {
      imports: [importOf(shop, "price", "service", "price")],
    });
    await stage.push(shop, 2);
    await stage.push(buyer);
    const seller = await connected(stage, shop);
    const asker = await connected(stage, buyer, {});
    asker.send("SUB in 1\r\nPUB price in 0\r\n\r\n");
    seller.send("SUB price 1\r\n");
    await seller.waitFor(/^-ERR 'Account Authentication Expired'\r\n/m, 4_000);
    await seller.closed;
    const ask = JSON.stringify({ account: shop.id });
    const page = await stage.system.request("$SYS.REQ.SERVER.PING.ACCOUNTZ", ask);
    expect(JSON.parse(page.string()).data.account_detail).toMatchObject({ expired: true });
    expect(await verdictOf(await rawLogin(stage.server, shop.user()))).toBe(
      "Authorization Violation",
    );
    const client = await login(stage.server, buyer.user());
    await expect(client.request("price", "", { timeout: 500 })).rejects.toThrow(
      /no responders|timeout/,
    );
  });
});
