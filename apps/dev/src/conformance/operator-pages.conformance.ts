// What is shown and told of tokens (AN-57, MO-20, MO-25, SY-12, SY-36, GP-5), and accounts that a web
// server knows (AC-81).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { headers } from "@nats-io/transport-node";
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
import { describeWithWorkers, isOtherServer, itWeft, serverForTest } from "./server-under-test.ts";

describeWithWorkers("tokens on pages and in events", (workers) => {
  it("AN-57, SY-12, SY-36: who the user is, without what signs", async () => {
    const world = new OperatorWorld();
    const a = new TestAccount("ALPHA");
    const signer = newKey("account");
    a.edit({ signingKeys: new Map([[signer.publicKey, undefined]]) });
    const server = await serverForTest({ config: world.memoryConfig([a]), workers });
    const system = await login(server, world.systemUser);
    const events: string[] = [];
    system.subscribe(`$SYS.ACCOUNT.${a.id}.CONNECT`, {
      callback: (_error, message) => void events.push(message.string()),
    });
    await system.flush();
    const user = a.user({ name: "ann", tags: ["team:red"], signer, expires: nowSeconds() + 600 });
    const client = await login(server, user);
    await expect.poll(() => events.length).toBe(1);
    const shown = {
      issuer_key: signer.publicKey,
      name_tag: "ALPHA",
      tags: ["team:red"],
    };
    expect(JSON.parse(events[0] ?? "")).toMatchObject({
      client: { acc: a.id, user: user.key.publicKey, ...shown },
    });
    const info = JSON.parse((await client.request("$SYS.REQ.USER.INFO")).string());
    expect(info.data).toMatchObject({
      user: user.key.publicKey,
      account: a.id,
      account_name: "ALPHA",
      user_name: "ann",
    });
    expect(info.data.expires / 1e9).toBeGreaterThan(500);
    expect(info.data.expires / 1e9).toBeLessThanOrEqual(600);
    const page = await system.request(
      "$SYS.REQ.SERVER.PING.CONNZ",
      JSON.stringify({ auth: true, acc: a.id }),
    );
    const [connection] = JSON.parse(page.string()).data.connections;
    expect(connection).toMatchObject({
      account: a.id,
      authorized_user: user.key.publicKey,
      ...shown,
    });
    // The reference shows all of it.
    const [head, body, signature = ""] = user.token.split(".");
    expect(connection.jwt.split(".").slice(0, 2)).toEqual([head, body]);
    if (!isOtherServer) expect(page.string()).not.toContain(signature);
    const bearer = a.user({ name: "bea", body: { bearerToken: true } });
    const second = await login(server, bearer);
    const shownOf = async (one: typeof user, state: number) => {
      const ask = JSON.stringify({ auth: true, state, user: one.key.publicKey });
      const answer = await system.request("$SYS.REQ.SERVER.PING.CONNZ", ask);
      return { text: answer.string(), connections: JSON.parse(answer.string()).data.connections };
    };
    expect((await shownOf(bearer, 0)).connections[0]).not.toHaveProperty("jwt");

    for (const one of [client, second]) await one.close();
    await expect.poll(async () => (await shownOf(user, 1)).connections).toHaveLength(1);
    const ended = await shownOf(user, 1);
    expect(ended.connections[0].jwt.split(".").slice(0, 2)).toEqual([head, body]);
    if (!isOtherServer) expect(ended.text).not.toContain(signature);
    await expect.poll(async () => (await shownOf(bearer, 1)).connections).toHaveLength(1);
    expect((await shownOf(bearer, 1)).connections[0]).not.toHaveProperty("jwt");
  });

  it("AN-55, AC-56, AC-65, AC-70: what else the tokens of accounts do, and how it is shown", async () => {
    const world = new OperatorWorld();
    const [shop, buyer] = [new TestAccount("SHOP"), new TestAccount("BUYER")];
    const stranger = new TestAccount("STRANGER");
    const latency = { sampling: 100, results: "measured" };
    shop.edit({ exports: [{ ...exportOf("orders", "service"), latency }] });
    shop.edit({ trace: { destination: "traced", sampling: 100 } });
    buyer.edit({
      imports: [
        importOf(shop, "orders", "service", "orders"),
        importOf(shop, "secrets", "service", "private"),
      ],
    });
    const pins = `resolver_pinned_accounts: [${shop.id}, ${buyer.id}]`;
    const config = world.memoryConfig([shop, buyer, stranger], pins);
    const server = await serverForTest({ config, workers });
    const system = await login(server, world.systemUser);
    const page = async (name: string, options: object = {}) => {
      const answer = await system.request(`$SYS.REQ.SERVER.PING.${name}`, JSON.stringify(options));
      return JSON.parse(answer.string()).data;
    };

    const varz = await page("VARZ");
    expect(varz).not.toHaveProperty("pinned_account_fails");
    expect(varz).toMatchObject({
      auth_required: true,
      trusted_operators_jwt: [expect.stringContaining(world.token.split(".")[1] ?? "")],
      trusted_operators_claim: [{ sub: world.operator.publicKey, name: "OP" }],
    });
    const signature = world.token.split(".")[2];
    if (!isOtherServer) expect(JSON.stringify(varz)).not.toContain(signature);
    const unpinned = await rawLogin(server, stranger.user());
    expect(await verdictOf(unpinned)).toBe("Authorization Violation");
    await expect.poll(() => page("VARZ")).toMatchObject({ pinned_account_fails: 1 });

    const seller = await login(server, shop.user());
    const client = await login(server, buyer.user());
    const { account_detail: detail } = await page("ACCOUNTZ", { account: buyer.id });
    const broken = { subject: "secrets", account: shop.id, type: "service", invalid: true };
    const shown = { to: "private", local_subject: "private", share: false, tracking: false };
    expect(detail).toMatchObject({ complete: false });
    // The reference does not list what could not be imported.
    if (!isOtherServer) {
      expect(detail.imports).toContainEqual({ ...broken, ...shown });
      expect(detail.problems).toEqual([expect.stringMatching(/"secrets" from/)]);
    }

    seller.subscribe("orders", { callback: (_error, message) => void message.respond("done") });
    const told: string[] = [];
    for (const subject of ["measured", "traced"]) {
      seller.subscribe(subject, {
        callback: (_error, message) => {
          const body = JSON.parse(message.string());
          told.push(`${subject} ${body.type ?? body.request.header["traceparent"]?.length}`);
        },
      });
    }
    await seller.flush();
    expect((await client.request("orders", "")).string()).toBe("done");
    const parent = headers();
    parent.set("traceparent", `00-${"a".repeat(32)}-${"b".repeat(16)}-01`);
    seller.publish("anything", "", { headers: parent });
    await expect
      .poll(() => told.sort())
      .toEqual(["measured io.nats.server.metric.v1.service_latency", "traced 1"]);
  });

  it("AC-34, AC-61, AC-65: who asked and who answered, by their tokens", async () => {
    const world = new OperatorWorld();
    const [shop, buyer] = [new TestAccount("SHOP"), new TestAccount("BUYER")];
    const signer = newKey("account");
    buyer.edit({ signingKeys: new Map([[signer.publicKey, undefined]]) });
    const latency = { sampling: 100, results: "measured" };
    shop.edit({ exports: ["orders", "open"].map((s) => ({ ...exportOf(s, "service"), latency })) });
    const shared = { ...importOf(shop, "open", "service", "open"), share: true };
    buyer.edit({ imports: [importOf(shop, "orders", "service", "orders"), shared] });
    const server = await serverForTest({ config: world.memoryConfig([shop, buyer]), workers });
    const serves = shop.user({ name: "sam", tags: ["team:blue"] });
    const seller = await login(server, serves);
    const asks = buyer.user({ name: "ann", tags: ["team:red"], signer });
    const client = await login(server, asks);
    const told: Record<string, unknown>[] = [];
    seller.subscribe("measured", {
      callback: (_error, message) => void told.push(message.json<Record<string, unknown>>()),
    });
    for (const subject of ["orders", "open"]) {
      seller.subscribe(subject, {
        callback: (_error, message) =>
          void message.respond(message.headers?.get("Nats-Request-Info")),
      });
    }
    await seller.flush();
    const infoOf = async (subject: string) => (await client.request(subject, "")).json<object>();
    const requestor = {
      acc: buyer.id,
      user: asks.key.publicKey,
      issuer_key: signer.publicKey,
      name_tag: "ann",
      tags: ["team:red"],
    };
    expect(await infoOf("open")).toMatchObject(requestor);
    expect(Object.keys(await infoOf("orders")).sort()).toEqual(["acc", "rtt"]);
    await expect.poll(() => told.length).toBe(2);
    const responder = {
      acc: shop.id,
      user: serves.key.publicKey,
      issuer_key: shop.id,
      name_tag: "sam",
      tags: ["team:blue"],
    };
    expect(told[0]).toMatchObject({ requestor, responder });
    expect(told[1]).toMatchObject({ requestor: { acc: buyer.id }, responder });
    expect(told[1]).not.toHaveProperty("requestor.name_tag");
    // The reference shows the tokens.
    if (!isOtherServer) expect(JSON.stringify(told)).not.toContain('"jwt"');
  });

  it("AC-54, AC-56, MO-25: an import whose activation is revoked is shown whole", async () => {
    const world = new OperatorWorld();
    const [a, b] = [new TestAccount("A"), new TestAccount("B")];
    const secret = { ...exportOf("secret", "stream"), tokenRequired: true };
    a.edit({ exports: [secret] });
    const token = a.activation(b.id, "secret", "stream", { issued: nowSeconds() - 60 });
    b.edit({ imports: [{ ...importOf(a, "secret", "stream", ""), to: "from", token }] });
    const server = await serverForTest({ config: world.memoryConfig([a, b]), workers });
    await login(server, b.user());
    const system = await login(server, world.systemUser);
    const shown = async (): Promise<unknown> => {
      const ask = JSON.stringify({ account: b.id });
      const page = await system.request("$SYS.REQ.SERVER.PING.ACCOUNTZ", ask);
      const { imports } = JSON.parse(page.string()).data.account_detail;
      return imports.filter(({ account }: { account: string }) => account === a.id);
    };
    const row = {
      subject: "secret",
      account: a.id,
      local_subject: "from.secret",
      type: "stream",
      share: false,
      tracking: false,
    };
    expect(await shown()).toEqual([{ ...row, invalid: false }]);
    a.edit({ exports: [{ ...secret, revocations: new Map([[b.id, nowSeconds() - 30]]) }] });
    await system.request(`$SYS.REQ.ACCOUNT.${a.id}.CLAIMS.UPDATE`, world.tokenOf(a));
    await expect.poll(shown).toEqual([{ ...row, invalid: true }]);
  });

  it("MO-25: an account with its claims and how they stand", async () => {
    const world = new OperatorWorld();
    const a = new TestAccount("ALPHA");
    const revoked = newKey("user").publicKey;
    const other = newKey("account").publicKey;
    const revocations = new Map([[other, nowSeconds() - 60]]);
    a.edit({
      revocations: new Map([[revoked, nowSeconds() - 60]]),
      exports: [{ ...exportOf("given", "stream"), tokenRequired: true, revocations }],
    });
    const server = await serverForTest({ config: world.memoryConfig([a]), workers });
    await login(server, a.user());
    const system = await login(server, world.systemUser);
    const ask = JSON.stringify({ account: a.id });
    const page = await system.request("$SYS.REQ.SERVER.PING.ACCOUNTZ", ask);
    const { account_detail: detail } = JSON.parse(page.string()).data;
    expect(detail).toMatchObject({
      account_name: a.id,
      name_tag: "ALPHA",
      issuer_key: world.operator.publicKey,
      expired: false,
      complete: true,
      decoded_jwt: { sub: a.id, name: "ALPHA", nats: { type: "account", version: 2 } },
    });
    expect(Object.keys(detail.revoked_user)).toEqual([revoked]);
    const [given] = detail.exports;
    expect(given).toMatchObject({ subject: "given", type: "stream", token_req: true });
    expect(Object.keys(given.revoked_activations)).toEqual([other]);
    expect(detail.jwt).toMatch(/^eyJ[\w-]+\.[\w-]+\./);
  });

  itWeft("GP-5: claims that change are told, and no signature is", async () => {
    const world = new OperatorWorld();
    const a = new TestAccount("ALPHA");
    const server = await serverForTest({ config: world.memoryConfig([a]), workers });
    await login(server, a.user());
    const system = await login(server, world.systemUser);
    const events: string[] = [];
    system.subscribe("$SYS.ACCOUNT.*.CLAIMS.*", {
      callback: (_error, message) => void events.push(message.subject),
    });
    await system.flush();
    const token = world.tokenOf(a.edit({ description: "more" }));
    await system.request(`$SYS.REQ.ACCOUNT.${a.id}.CLAIMS.UPDATE`, token);
    await expect.poll(() => events).toEqual([`$SYS.ACCOUNT.${a.id}.CLAIMS.REFRESHED`]);
    const ask = JSON.stringify({ account: a.id });
    const page = await system.request("$SYS.REQ.SERVER.PING.ACCOUNTZ", ask);
    expect(page.string()).not.toContain(token.split(".")[2]);
    expect(server.stderr).not.toContain(token.split(".")[2]);
  });
});

describeWithWorkers("accounts of a web server", (workers) => {
  it("AC-81: one question for many logins, refusals for what it does not know", async () => {
    const world = new OperatorWorld();
    const [a, b] = [new TestAccount("A"), new TestAccount("B")];
    const known = new Map([world.system, a].map((one) => [one.id, world.tokenOf(one)]));
    const asked: string[] = [];
    const web = createServer((request, response) => {
      const key = (request.url ?? "").split("/").at(-1) ?? "";
      asked.push(key);
      const text = key === "" ? "" : known.get(key);
      response.statusCode = text === undefined ? 404 : 200;
      response.end(text);
    });
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void web.close());
    const { port } = web.address() as AddressInfo;
    const config = `operator: "${world.token}"
      resolver: URL("http://127.0.0.1:${port}/jwt/v1/accounts/")`;
    const server = await serverForTest({ config, workers });
    const users = Array.from({ length: 8 }, () => a.user());
    const clients = await Promise.all(users.map((user) => rawLogin(server, user)));
    expect(await Promise.all(clients.map(verdictOf))).toEqual(users.map(() => "PONG"));
    expect(await verdictOf(await rawLogin(server, b.user()))).toBe("Authorization Violation");
    expect(asked.filter((key) => key === a.id).length).toBeLessThanOrEqual(workers === 0 ? 8 : 1);
    const system = await login(server, world.systemUser);
    a.edit({ revocations: new Map([["*", nowSeconds()]]) });
    await system.request(`$SYS.REQ.ACCOUNT.${a.id}.CLAIMS.UPDATE`, world.tokenOf(a));
    await Promise.all(
      clients.map((client) => client.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m, 2_000)),
    );
  });

  itWeft("AC-81: a server whose accounts cannot be had does not start", async () => {
    const world = new OperatorWorld();
    const config = `operator: "${world.token}"
      resolver: URL("http://127.0.0.1:1/jwt/v1/accounts/")`;
    await expect(serverForTest({ config, workers })).rejects.toThrow(/could not fetch </);
  });
});
