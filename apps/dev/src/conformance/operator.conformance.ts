// Users with tokens and accounts of a memory resolver (AN-40 to AN-55, AC-80), with the JavaScript
// client and bare sockets.

import { newUserScope } from "@weft/jwt";
import { describe, expect, it } from "vitest";
import {
  exportOf,
  importOf,
  login,
  newKey,
  nowSeconds,
  OperatorWorld,
  rawLogin,
  TestAccount,
  type TestUser,
  verdictOf,
} from "./operator-world.ts";
import { rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  isOtherServer,
  type ServerUnderTest,
  serverForTest,
} from "./server-under-test.ts";

interface Stage {
  readonly server: ServerUnderTest;
  readonly world: OperatorWorld;
}

describeWithWorkers("operator mode with a memory resolver", (workers) => {
  async function start(accounts: readonly TestAccount[], more = ""): Promise<Stage> {
    const world = new OperatorWorld();
    const config = world.memoryConfig(accounts, more);
    return { world, server: await serverForTest({ config, workers }) };
  }

  const verdict = async (
    server: ServerUnderTest,
    user: TestUser,
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<string> => verdictOf(await rawLogin(server, user, fields));

  it("AN-43, AN-44, AC-01: users of one account meet, those of two do not", async () => {
    const [a, b] = [new TestAccount("A"), new TestAccount("B")];
    const { server } = await start([a, b]);
    const info = await (await rawForTest(server.port)).info();
    expect(info).toMatchObject({ auth_required: true });
    expect(info["nonce"]).toMatch(/^[\w-]{15}$/);
    const one = await login(server, a.user());
    const signer = newKey("account");
    const two = await login(server, a.user());
    const other = await login(server, b.user());
    let foreign = 0;
    other.subscribe(">", {
      callback: () => {
        foreign += 1;
      },
    });
    one.subscribe("q", { callback: (_error, message) => void message.respond("yes") });
    await Promise.all([one.flush(), other.flush()]);
    expect((await two.request("q", "?")).string()).toBe("yes");
    await other.flush();
    expect(foreign).toBe(0);
    expect(two.info).toMatchObject({ remote_account: a.id });
    // A key that the account does not name signs nobody.
    expect(await verdict(server, a.user({ signer }))).toBe("Authorization Violation");
  });

  it("AN-43 to AN-50: who is refused", async () => {
    const a = new TestAccount("A");
    const stranger = new TestAccount("X");
    const revoked = newKey("user");
    const bearer = { bearerToken: true };
    a.edit({ revocations: new Map([[revoked.publicKey, nowSeconds()]]) });
    const { server } = await start([a]);
    const refused = "Authorization Violation";
    const cases: readonly (readonly [string, TestUser, Record<string, unknown>?])[] = [
      ["no token", a.user(), { jwt: "" }],
      ["no signature", a.user(), { sig: "" }],
      ["signature of nothing", a.user(), { sig: "A".repeat(86) }],
      ["signature of another", { ...a.user(), key: newKey("user") }],
      ["damaged token", { ...a.user(), token: `${a.user().token.slice(0, -4)}AAAA` }],
      ["account unknown", stranger.user()],
      ["expired", a.user({ expires: nowSeconds() - 5 })],
      ["revoked", a.user({ key: revoked })],
      ["not from there", a.user({ body: { sourceNetworks: ["10.0.0.0/8"] } })],
      ["websocket only", a.user({ body: { allowedConnectionTypes: ["WEBSOCKET"] } })],
      ["a password", a.user(), { jwt: "", sig: "", user: "u", pass: "p" }],
    ];
    const found = [];
    for (const [what, user, fields] of cases) {
      found.push([what, await verdict(server, user, fields)]);
    }
    expect(found).toEqual(cases.map(([what]) => [what, refused]));
    expect(await verdict(server, a.user({ body: bearer }), { sig: "" })).toBe("PONG");
    expect(await verdict(server, a.user())).toBe("PONG");
    expect(server.stderr).not.toContain("eyJ");
  });

  it("AN-46: an account may refuse bearers", async () => {
    const a = new TestAccount("A");
    a.edit({ limits: { ...a.claims.nats.limits, disallowBearer: true } });
    const { server } = await start([a]);
    const bearer = a.user({ body: { bearerToken: true } });
    expect(await verdict(server, bearer)).toBe("Authorization Violation");
    expect(await verdict(server, a.user())).toBe("PONG");
  });

  it("AN-47, CP-82: a connection ends with its token", async () => {
    const a = new TestAccount("A");
    const { server } = await start([a]);
    const client = await rawLogin(server, a.user({ expires: nowSeconds() + 2 }));
    await client.waitFor(/^PONG\r\n/m);
    await client.waitFor(/^-ERR 'User Authentication Expired'\r\n/m);
    await client.closed;
  });

  it("AN-51, AC-06: limits of the user and of the account", async () => {
    const a = new TestAccount("A");
    a.edit({ limits: { ...a.claims.nats.limits, connectionsMax: 2, payloadBytesMax: 64 } });
    const { server } = await start([a]);
    const small = await rawLogin(server, a.user({ body: { payloadBytesMax: 8 } }));
    await small.waitFor(/"max_payload":8[,}]/);
    small.send("PUB x 9\r\n123456789\r\n");
    await small.waitFor(/^-ERR 'Maximum Payload Violation'\r\n/m);
    await small.closed;
    const few = await rawLogin(server, a.user({ body: { subscriptionsMax: 1 } }));
    expect(await verdictOf(few)).toBe("PONG");
    few.send("SUB a 1\r\nSUB b 2\r\n");
    await few.waitFor(/^-ERR 'maximum subscriptions exceeded'\r\n/m);
    expect(await verdict(server, a.user())).toBe("PONG");
    expect(await verdict(server, a.user())).toBe("maximum account active connections exceeded");
  });

  it("AN-52, AN-53: a scoped signing key gives what its template says", async () => {
    const a = new TestAccount("A");
    const key = newKey("account");
    const scope = newUserScope(key.publicKey);
    const publish = { allow: ["team.{{tag(team)}}.{{name()}}"], deny: undefined };
    const template = { ...scope.template, publish };
    a.edit({ signingKeys: new Map([[key.publicKey, { ...scope, template }]]) });
    const { server } = await start([a]);
    const wish = { signer: key, scoped: true, name: "ann", tags: ["team:red"] };
    const client = await rawLogin(server, a.user(wish));
    expect(await verdictOf(client)).toBe("PONG");
    client.send("PUB team.red.ann 0\r\n\r\nPUB team.red.bob 0\r\n\r\n");
    await client.waitFor(/^-ERR 'Permissions Violation for Publish to "team\.red\.bob"'\r\n/m);
    expect(client.received).not.toContain('"team.red.ann"');
    const own = a.user({ ...wish, body: { publish: { allow: [">"], deny: undefined } } });
    expect(await verdict(server, own)).toBe("Authorization Violation");
  });

  it("AZ-18: default permissions of the account", async () => {
    const a = new TestAccount("A");
    const none = { allow: undefined, deny: undefined };
    const publish = { allow: ["open.>"], deny: undefined };
    a.edit({ defaultPermissions: { publish, subscribe: none, responses: undefined } });
    const { server } = await start([a]);
    const client = await rawLogin(server, a.user());
    expect(await verdictOf(client)).toBe("PONG");
    client.send("PUB closed.x 0\r\n\r\n");
    await client.waitFor(/^-ERR 'Permissions Violation for Publish to "closed\.x"'\r\n/m);
    const body = { publish: { allow: ["closed.>"], deny: undefined } };
    const own = await rawLogin(server, a.user({ body }));
    expect(await verdictOf(own)).toBe("PONG");
    own.send("PUB open.x 0\r\n\r\n");
    await own.waitFor(/^-ERR 'Permissions Violation for Publish to "open\.x"'\r\n/m);
  });

  it("AN-55: pinned accounts, and the system account beside them", async () => {
    const [a, b] = [new TestAccount("A"), new TestAccount("B")];
    const { server, world } = await start([a, b], `resolver_pinned_accounts: [${a.id}]`);
    expect(await verdict(server, a.user())).toBe("PONG");
    expect(await verdict(server, b.user())).toBe("Authorization Violation");
    expect(await verdict(server, world.systemUser)).toBe("PONG");
  });

  it("AN-54: the default sentinel is for whoever brings no token", async () => {
    const a = new TestAccount("A");
    const sentinel = a.user({ body: { bearerToken: true } });
    const { server } = await start([a], `default_sentinel: "${sentinel.token}"`);
    const client = await rawForTest(server.port);
    client.sendConnect({ user: "somebody", pass: "secret" });
    client.send("PING\r\n");
    expect(await verdictOf(client)).toBe("PONG");
    await client.waitFor(new RegExp(`"remote_account":"${a.id}"`));
    expect(server.stderr).not.toContain(sentinel.token);
  });

  describe("imports and exports", () => {
    it("AC-50, AC-52: public ones, and those that need a token", async () => {
      const [shop, billing, stranger] = ["SHOP", "BILLING", "STRANGER"].map(
        (name) => new TestAccount(name),
      ) as [TestAccount, TestAccount, TestAccount];
      shop.edit({
        exports: [
          exportOf("events.>", "stream"),
          exportOf("prices", "service"),
          { ...exportOf("secret", "service"), tokenRequired: true },
        ],
      });
      const token = shop.activation(billing.id, "secret", "service");
      billing.edit({
        imports: [
          importOf(shop, "events.>", "stream", "shop.events.>"),
          importOf(shop, "prices", "service", "cost"),
          { ...importOf(shop, "secret", "service", "hidden"), token },
        ],
      });
      stranger.edit({ imports: [importOf(shop, "secret", "service", "hidden")] });
      const { server } = await start([shop, billing, stranger]);
      const seller = await login(server, shop.user());
      const buyer = await login(server, billing.user());
      for (const subject of ["prices", "secret"]) {
        seller.subscribe(subject, {
          callback: (_error, message) => void message.respond(`${subject}!`),
        });
      }
      await seller.flush();
      expect((await buyer.request("cost")).string()).toBe("prices!");
      expect((await buyer.request("hidden")).string()).toBe("secret!");
      const events = buyer.subscribe("shop.events.>", { max: 1 });
      await buyer.flush();
      seller.publish("events.sale", "1");
      for await (const message of events) expect(message.subject).toBe("shop.events.sale");
      const thief = await login(server, stranger.user());
      await expect(thief.request("hidden", "", { timeout: 2_000 })).rejects.toThrow(
        "no responders",
      );
      if (isOtherServer) return;
      await server.waitForLog(/service import "secret" from .*: activation token required/);
    });
  });
});
