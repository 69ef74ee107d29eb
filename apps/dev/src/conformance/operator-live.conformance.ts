// Claims that change while users are connected (AC-86 to AC-93, AN-47, AN-49, AC-54): by a directory
// and by a memory resolver, told through the system account as nsc does.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { newGenericClaims, newUserScope } from "@weft/jwt";
import { expect, it, onTestFinished } from "vitest";
import {
  exportOf,
  importOf,
  login,
  newKey,
  nowSeconds,
  OperatorWorld,
  rawLogin,
  signed,
  TestAccount,
  verdictOf,
} from "./operator-world.ts";
import type { RawClient } from "./raw-client.ts";
import {
  describeWithWorkers,
  isOtherServer,
  itWeft,
  type ServerUnderTest,
  serverForTest,
} from "./server-under-test.ts";

/** From the answer to the effect. */
const EFFECT_MS = 1_000;
const NO_RULES = { allow: undefined, deny: undefined };

interface Stage {
  readonly server: ServerUnderTest;
  readonly world: OperatorWorld;
  readonly directory: string;
  readonly system: NatsConnection;
  /** Brings the account's token and resolves with the answer. */
  push(account: TestAccount): Promise<string>;
}

describeWithWorkers("claims that change", (workers) => {
  async function start(keys?: string): Promise<Stage> {
    const world = new OperatorWorld();
    const directory = mkdtempSync(join(tmpdir(), "weft-operator-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const server = await serverForTest({ config: world.directoryConfig(directory, keys), workers });
    const system = await login(server, world.systemUser);
    const push = async (account: TestAccount): Promise<string> => {
      const token = world.tokenOf(account);
      const answer = (await system.request("$SYS.REQ.CLAIMS.UPDATE", token)).string();
      expect(JSON.parse(answer)).toMatchObject({ data: { code: 200, account: account.id } });
      return answer;
    };
    return { server, world, directory, system, push };
  }

  async function connected(stage: Stage, account: TestAccount, wish = {}): Promise<RawClient> {
    const client = await rawLogin(stage.server, account.user(wish));
    expect(await verdictOf(client)).toBe("PONG");
    return client;
  }

  it("SY-37, AC-82, AC-86 to AC-90: update, lookup, list, pack, delete", async () => {
    const stage = await start();
    const { world, system, directory, push } = stage;
    const [a, b] = [new TestAccount("A"), new TestAccount("B")];
    const answer = JSON.parse(await push(a));
    expect(answer).toMatchObject({
      data: { account: a.id, code: 200, message: "jwt updated" },
      server: { id: stage.system.info?.server_id },
    });
    expect(readFileSync(join(directory, `${a.id}.jwt`), "utf8")).toContain("eyJ");
    const text = world.tokenOf(b);
    await system.request(`$SYS.REQ.ACCOUNT.${b.id}.CLAIMS.UPDATE`, text);
    const lookup = await system.request(`$SYS.REQ.ACCOUNT.${b.id}.CLAIMS.LOOKUP`);
    expect(lookup.string()).toBe(text);
    const none = await system.request(
      `$SYS.REQ.ACCOUNT.${newKey("account").publicKey}.CLAIMS.LOOKUP`,
    );
    expect(none.string()).toBe("");
    const list = JSON.parse((await system.request("$SYS.REQ.CLAIMS.LIST")).string());
    expect(list.data.sort()).toEqual([a.id, b.id, world.system.id].sort());
    const client = await connected(stage, b);
    const deletion = newGenericClaims(world.operator.publicKey);
    const nats = new Map([["accounts", [b.id]]]) as typeof deletion.nats;
    const request = signed({ ...deletion, nats }, world.operator);
    const deleted = JSON.parse((await system.request("$SYS.REQ.CLAIMS.DELETE", request)).string());
    expect(deleted).toMatchObject({ data: { code: 200, message: "deleted 1 accounts" } });
    await client.waitFor(/^-ERR 'Account Authentication Expired'\r\n/m, EFFECT_MS);
    await client.closed;
    expect(await verdictOf(await rawLogin(stage.server, b.user()))).toBe("Authorization Violation");
    expect(readdirSync(directory)).toContain(`${b.id}.jwt.deleted`);
  });

  itWeft("GP-8: what no trusted operator has signed is refused", async () => {
    const { system } = await start();
    const [stranger, a] = [new OperatorWorld(), new TestAccount("A")];
    const answer = await system.request("$SYS.REQ.CLAIMS.UPDATE", stranger.tokenOf(a));
    expect(JSON.parse(answer.string())).toMatchObject({ error: { code: 403 } });
  });

  it("AN-49, AN-52: revoked users, all before a time, and keys that sign no more", async () => {
    const stage = await start();
    const { push } = stage;
    const a = new TestAccount("A");
    const [plain, scoped] = [newKey("account"), newKey("account")];
    const scope = newUserScope(scoped.publicKey);
    const signingKeys = new Map([
      [plain.publicKey, undefined],
      [scoped.publicKey, scope],
    ]);
    a.edit({ signingKeys });
    await push(a);
    const key = newKey("user");
    const [revoked, stays, signedByKey, byScope] = await Promise.all([
      connected(stage, a, { key }),
      connected(stage, a),
      connected(stage, a, { signer: plain }),
      connected(stage, a, { signer: scoped, scoped: true }),
    ]);
    a.edit({ revocations: new Map([[key.publicKey, nowSeconds()]]) });
    await push(a);
    await revoked.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m, EFFECT_MS);
    await Promise.all([stays.ping(), signedByKey.ping(), byScope.ping()]);
    const publish = { allow: ["x"], deny: undefined };
    const altered = { ...scope, template: { ...scope.template, publish } };
    a.edit({ signingKeys: new Map([[scoped.publicKey, altered]]) });
    await push(a);
    await Promise.all([signedByKey.closed, byScope.closed]);
    expect(signedByKey.received + byScope.received).not.toContain("-ERR");
    await stays.ping();
    a.edit({ revocations: new Map([["*", nowSeconds()]]) });
    await push(a);
    await stays.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m, EFFECT_MS);
  });

  it("SY-03, SY-32, MO-26: figures name an account as its token does now", async () => {
    const stage = await start();
    const a = new TestAccount("ALPHA");
    await stage.push(a);
    const names = (body: string): unknown[] => {
      const { data = { account_statz: [JSON.parse(body)] } } = JSON.parse(body);
      return data.account_statz.map((one: { acc: string; name: string }) => {
        expect(one.acc).toBe(a.id);
        return one.name;
      });
    };
    const told: unknown[] = [];
    stage.system.subscribe(`$SYS.ACCOUNT.${a.id}.SERVER.CONNS`, {
      callback: (_error, message) => void told.push(...names(message.string())),
    });
    await stage.system.flush();
    const shown = async (): Promise<unknown[]> => {
      const only = JSON.stringify({ accounts: [a.id] });
      const answers = await Promise.all([
        stage.system.request("$SYS.REQ.ACCOUNT.PING.STATZ", only),
        stage.system.request(`$SYS.REQ.ACCOUNT.${a.id}.STATZ`),
        stage.system.request(`$SYS.REQ.ACCOUNT.${a.id}.CONNS`),
      ]);
      return answers.flatMap((answer) => names(answer.string()));
    };
    await connected(stage, a);
    expect(await shown()).toEqual(["ALPHA", "ALPHA", "ALPHA"]);
    await expect.poll(() => told).toEqual(["ALPHA"]);
    const renamed = signed({ ...a.claims, name: "BETA" }, stage.world.operator);
    await stage.system.request("$SYS.REQ.CLAIMS.UPDATE", renamed);
    await expect.poll(shown).toEqual(["BETA", "BETA", "BETA"]);
    await connected(stage, a);
    await expect.poll(() => told.at(-1)).toBe("BETA");
  });

  it("AC-93, RL-06: lower limits cut the newest, bearers and payloads follow", async () => {
    const stage = await start();
    const a = new TestAccount("A");
    await stage.push(a);
    const bearer = await connected(stage, a, { body: { bearerToken: true } });
    const clients = [];
    for (let at = 0; at < 3; at += 1) clients.push(await connected(stage, a));
    a.edit({ limits: { ...a.claims.nats.limits, disallowBearer: true } });
    await stage.push(a);
    await bearer.waitFor(/^-ERR 'Authorization Violation'\r\n/m, EFFECT_MS);
    a.edit({ limits: { ...a.claims.nats.limits, connectionsMax: 1, payloadBytesMax: 4 } });
    await stage.push(a);
    const cut = /^-ERR 'maximum account active connections exceeded'\r\n/m;
    const ends = clients.map((client) =>
      client.waitFor(cut, EFFECT_MS * 2).then(
        () => true,
        () => false,
      ),
    );
    expect((await Promise.all(ends)).filter(Boolean)).toHaveLength(2);
    const [left] = clients.filter((client) => !client.isClosed) as [RawClient];
    left.send("PUB x 5\r\n12345\r\n");
    await left.waitFor(/^-ERR 'Maximum Payload Violation'\r\n/m);
  });

  it("AC-93: default permissions, exports, imports, mappings, activations", async () => {
    const stage = await start();
    const { push } = stage;
    const [shop, billing] = [new TestAccount("SHOP"), new TestAccount("BILLING")];
    const needsToken = { ...exportOf("prices", "service"), tokenRequired: true };
    shop.edit({ exports: [needsToken, exportOf("events.>", "stream")] });
    billing.edit({
      imports: [
        {
          ...importOf(shop, "prices", "service", "cost"),
          token: shop.activation(billing.id, "prices", "service"),
        },
      ],
    });
    // The exporter comes second: the import works as soon as it is there.
    await push(billing);
    const buyer = await login(stage.server, billing.user());
    const asks = (subject: string): Promise<string> =>
      buyer.request(subject, "", { timeout: 3_000 }).then(
        (message) => message.string(),
        (error: Error) => error.message,
      );
    expect(await asks("cost")).toMatch(/no responders/);
    await push(shop);
    const seller = await login(stage.server, shop.user());
    seller.subscribe("prices", { callback: (_error, message) => void message.respond("7") });
    await seller.flush();
    await expect.poll(() => asks("cost"), { timeout: EFFECT_MS }).toBe("7");
    // A stream that is imported later.
    const imports = [...billing.claims.nats.imports, importOf(shop, "events.>", "stream", "in.>")];
    billing.edit({ imports });
    const got: string[] = [];
    buyer.subscribe("in.>", { callback: (_error, message) => void got.push(message.subject) });
    await buyer.flush();
    await push(billing);
    await expect
      .poll(
        () => {
          seller.publish("events.a");
          return got.length;
        },
        { timeout: EFFECT_MS },
      )
      .toBeGreaterThan(0);
    // The exporter takes the activation back.
    const revocations = new Map([[billing.id, nowSeconds()]]);
    shop.edit({ exports: [{ ...needsToken, revocations }, exportOf("events.>", "stream")] });
    await push(shop);
    await expect.poll(() => asks("cost"), { timeout: EFFECT_MS }).toMatch(/no responders/);
    shop.edit({ exports: [exportOf("prices", "service")] });
    shop.edit({
      mappings: new Map([["price", [{ subject: "prices", weight: 100, cluster: "" }]]]),
    });
    await push(shop);
    await expect.poll(() => asks("cost"), { timeout: EFFECT_MS }).toBe("7");
    expect((await seller.request("price")).string()).toBe("7");
  });

  itWeft("AC-93, AZ-18: default permissions follow while users are connected", async () => {
    const stage = await start();
    const shop = new TestAccount("SHOP");
    await stage.push(shop);
    const limited = await connected(stage, shop);
    const publish = { allow: ["price"], deny: undefined };
    shop.edit({ defaultPermissions: { publish, subscribe: NO_RULES, responses: undefined } });
    await stage.push(shop);
    const violation = /^-ERR 'Permissions Violation for Publish to "prices"'\r\n/m;
    await expect
      .poll(
        () => {
          limited.send("PUB prices 0\r\n\r\n");
          return limited.received;
        },
        { timeout: EFFECT_MS },
      )
      .toMatch(violation);
  });

  itWeft(
    "AN-53, RL-06: a reload leaves alone who came by a template that had changed",
    async () => {
      const stage = await start();
      const a = new TestAccount("A");
      const signer = newKey("account");
      const scope = newUserScope(signer.publicKey);
      const push = (allow: string[]): Promise<string> => {
        const template = { ...scope.template, publish: { allow, deny: undefined } };
        a.edit({ signingKeys: new Map([[signer.publicKey, { ...scope, template }]]) });
        return stage.push(a);
      };
      const eight = () =>
        Promise.all(Array.from({ length: 8 }, () => connected(stage, a, { signer, scoped: true })));
      await push(["x"]);
      const before = await eight();
      await push(["y"]);
      await Promise.all(before.map(({ closed }) => closed));
      const after = await eight();
      const { server_id: id } = stage.system.info ?? {};
      await stage.system.request(`$SYS.REQ.SERVER.${id}.RELOAD`, "", { timeout: 8_000 });
      await Promise.all(after.map((client) => client.ping()));
    },
  );

  itWeft("AC-73: line ends in the claim of a trace write nothing to those who import", async () => {
    const stage = await start();
    const destination = "t.x\t1\t0\r\n\r\nMSG\torders\t2\t5\r\nhello\r\nMSG\tt.y";
    const shop = new TestAccount("SHOP", {
      exports: [exportOf("t.>", "stream")],
      trace: { destination, sampling: 100 },
    });
    const buyer = new TestAccount("BUYER", { imports: [importOf(shop, "t.>", "stream", "")] });
    await stage.push(shop);
    await stage.push(buyer);
    const reader = await connected(stage, buyer);
    reader.send("SUB t.> 1\r\nSUB orders 2\r\n");
    await reader.ping();
    const publisher = await connected(stage, shop);
    const header =
      "NATS/1.0\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n";
    publisher.send(`HPUB a ${header.length} ${header.length}\r\n${header}\r\nPUB t.z 0\r\n\r\n`);
    await publisher.ping();
    await reader.waitFor(/^MSG t\.z 1 0\r\n/m);
    expect(reader.received).not.toContain("hello");
  });

  it("AN-47, CP-83, SB-109: an account that expires, and is renewed", async () => {
    const stage = await start();
    const a = new TestAccount("A");
    const { system, world } = stage;
    const told: string[] = [];
    system.subscribe("$SYS.ACCOUNT.*.CLAIMS.ENDED", {
      callback: (_error, message) => void told.push(message.subject),
    });
    await system.flush();
    const short = a.token(world.operator, { expires: nowSeconds() + 2 });
    await system.request("$SYS.REQ.CLAIMS.UPDATE", short);
    const client = await connected(stage, a);
    await client.waitFor(/^-ERR 'Account Authentication Expired'\r\n/m, 4_000);
    await client.closed;
    expect(await verdictOf(await rawLogin(stage.server, a.user()))).toBe("Authorization Violation");
    // An event of our own (SB-109).
    if (!isOtherServer)
      await expect.poll(() => told).toContain(`$SYS.ACCOUNT.${a.id}.CLAIMS.ENDED`);
    await stage.push(a);
    await connected(stage, a);
  });

  itWeft("AC-95: files changed by hand count after a reload", async () => {
    const stage = await start();
    const { world, directory, server } = stage;
    const a = new TestAccount("A");
    const key = newKey("user");
    await stage.push(a);
    const client = await connected(stage, a, { key });
    a.edit({ revocations: new Map([[key.publicKey, nowSeconds()]]) });
    writeFileSync(join(directory, `${a.id}.jwt`), world.tokenOf(a));
    server.kill("SIGHUP");
    await client.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m);
  });

  it("AC-80, RL-05: preloads of a memory resolver follow a reload and updates", async () => {
    const world = new OperatorWorld();
    const [a, b] = [new TestAccount("A"), new TestAccount("B")];
    const server = await serverForTest({ config: world.memoryConfig([a]), workers });
    const key = newKey("user");
    const first = await rawLogin(server, a.user({ key }));
    const second = await rawLogin(server, a.user());
    expect([await verdictOf(first), await verdictOf(second)]).toEqual(["PONG", "PONG"]);
    const system = await login(server, world.systemUser);
    a.edit({ revocations: new Map([[key.publicKey, nowSeconds()]]) });
    const subject = `$SYS.REQ.ACCOUNT.${a.id}.CLAIMS.UPDATE`;
    const answer = (await system.request(subject, world.tokenOf(a))).string();
    expect(JSON.parse(answer)).toMatchObject({ data: { message: "jwt updated" } });
    await first.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m, EFFECT_MS);
    expect(await server.reload(world.memoryConfig([b]))).toMatch(/^Reloaded/);
    await second.waitFor(/^-ERR 'Authorization Violation'\r\n/m, EFFECT_MS);
    expect(await verdictOf(await rawLogin(server, b.user()))).toBe("PONG");
    expect(await verdictOf(await rawLogin(server, a.user()))).toBe("Authorization Violation");
    const other = new OperatorWorld();
    expect(await server.reload(other.memoryConfig([b]))).toContain(
      "config reload not supported for ",
    );
  });
});
