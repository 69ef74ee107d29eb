// Auth callout in operator mode (AN-64, AN-65, AN-70, AN-73): an account's claims name the service, a
// sentinel's token leads to it, and signing keys of other accounts place users there.
import { createCurve } from "@nats-io/nkeys";
import type { NatsConnection } from "@nats-io/transport-node";
import { newUserScope } from "@weft/jwt";
import { expect, it } from "vitest";
import { CALLOUT_SUBJECT } from "./callout-service.ts";
import { type CalloutClaims, readToken, responseClaims, signToken } from "./callout-tokens.ts";
import {
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
import { describeWithWorkers, itWeft, serverForTest } from "./server-under-test.ts";

type Decide = (claims: CalloutClaims, key: string) => string | { readonly error: string };

const curve = createCurve();
const NO_RULES = { allow: undefined, deny: undefined };

describeWithWorkers("auth callout of operators", (workers) => {
  async function stage(xkey = "", more: "none" | "sentinel" = "none") {
    const world = new OperatorWorld();
    const [auth, app, other] = ["AUTH", "APP", "OTHER"].map((name) => new TestAccount(name));
    if (auth === undefined || app === undefined || other === undefined) throw new Error("accounts");
    const service = auth.user({ name: "service" });
    const sentinel = auth.user({
      name: "sentinel",
      tags: ["door:1"],
      body: { bearerToken: true, publish: { allow: undefined, deny: [">"] } },
    });
    const authUsers = [service.key.publicKey];
    auth.edit({ authorization: { authUsers, allowedAccounts: [app.id], xkey } });
    const scopeKey = newKey("account");
    const template = {
      ...newUserScope(scopeKey.publicKey).template,
      publish: { allow: ["from.{{name()}}"], deny: undefined },
      subscribe: NO_RULES,
    };
    const scope = { ...newUserScope(scopeKey.publicKey), role: "r", template };
    app.edit({ signingKeys: new Map([[scopeKey.publicKey, scope]]) });
    const first = more === "sentinel" ? `default_sentinel: "${sentinel.token}"\n` : "";
    const config = world.memoryConfig([auth, app, other], `${first}authorization { timeout: 1 }`);
    const server = await serverForTest({ config, workers });
    const connection = await login(server, service);
    const requests: CalloutClaims[] = [];
    const serve = async (decide: Decide): Promise<NatsConnection> => {
      connection.subscribe(CALLOUT_SUBJECT, {
        callback: (_error, message) => {
          const serverKey = message.headers?.get("Nats-Server-Xkey") ?? "";
          const opened = serverKey === "" ? message.data : curve.open(message.data, serverKey);
          const claims = readToken(Buffer.from(opened ?? []).toString());
          requests.push(claims);
          const { user_nkey: key, server_id: id } = claims.nats;
          const decided = decide(claims, key);
          const nats = typeof decided === "string" ? { jwt: decided } : decided;
          const text = signToken(responseClaims(key, id["id"] ?? "", nats), pairOf(auth));
          const bytes = Buffer.from(text);
          message.respond(serverKey === "" ? bytes : curve.seal(bytes, serverKey));
        },
      });
      await connection.flush();
      return connection;
    };
    const verdict = async (user: TestUser, fields: object = {}) =>
      verdictOf(await rawLogin(server, user, { ...fields }));
    return {
      world,
      auth,
      app,
      other,
      service,
      sentinel,
      scopeKey,
      server,
      requests,
      serve,
      verdict,
    };
  }

  /** What `signToken` needs of an account's key. */
  function pairOf(account: TestAccount) {
    return { getPublicKey: () => account.id, sign: (bytes: Uint8Array) => account.key.sign(bytes) };
  }

  function placed(account: TestAccount, key: string, wish: object = {}): string {
    const { token } = account.user({
      key: { publicKey: key, seed: "", sign: () => new Uint8Array() },
      ...wish,
    });
    return token;
  }

  it("AN-70 AN-65: a sentinel is asked about, and placed into an allowed account", async () => {
    const { app, auth, other, sentinel, server, serve, requests, verdict } = await stage();
    await serve(({ nats }, key) => {
      const { user } = nats.connect_opts;
      if (user === "no") return { error: "not you" };
      return placed(user === "other" ? other : user === "same" ? auth : app, key, { name: "in" });
    });
    const client = await rawLogin(server, sentinel, { user: "yes", pass: "secret" });
    expect(await verdictOf(client)).toBe("PONG");
    client.send("PUB anything 0\r\n\r\n");
    await client.ping();
    expect(client.received).not.toContain("-ERR");
    // SY-36: the account is named, although the user's token is not the client's own.
    client.send("SUB me 1\r\nPUB $SYS.REQ.USER.INFO me 0\r\n\r\n");
    await client.waitFor(/"account_name":"APP"/);
    expect(requests[0]).toMatchObject({
      sub: auth.id,
      nats: {
        client_info: { user: "yes", name_tag: "sentinel", tags: ["door:1"] },
        connect_opts: { jwt: sentinel.token, user: "yes", pass: "secret" },
      },
    });
    expect(await verdict(sentinel, { user: "no" })).toBe("Authorization Violation");
    expect(await verdict(sentinel, { user: "other" })).toBe("Authorization Violation");
    expect(await verdict(sentinel, { user: "same" })).toBe("PONG");
    expect(requests).toHaveLength(4);
  });

  it("AN-68 AN-69: the service itself is not asked about, and cannot ask as the server", async () => {
    const { server, service, serve, requests } = await stage();
    await serve(() => ({ error: "nobody" }));
    const client = await rawLogin(server, service);
    expect(await verdictOf(client)).toBe("PONG");
    client.send(`PUB ${CALLOUT_SUBJECT} 0\r\n\r\n`);
    await client.waitFor(/-ERR 'Permissions Violation for Publish to "\$SYS\.REQ\.USER\.AUTH"'/);
    expect(requests).toHaveLength(0);
  });

  it("AN-65: a scoped signing key gives what its template says", async () => {
    const { app, sentinel, scopeKey, server, serve } = await stage();
    await serve((_claims, key) =>
      placed(app, key, { name: "joe", signer: scopeKey, scoped: true }),
    );
    const client = await rawLogin(server, sentinel);
    expect(await verdictOf(client)).toBe("PONG");
    client.send("PUB from.joe 0\r\n\r\nPUB from.jane 0\r\n\r\n");
    await client.waitFor(/-ERR 'Permissions Violation for Publish to "from.jane"'/);
    expect(client.received).not.toContain("from.joe");
    // AZ-29: the log names who was placed as a user of that name.
    const line = `"${app.id}/APP/user:joe" - Publish Violation - Subject "from.jane"`;
    await server.waitForLog(new RegExp(line));
  });

  it("AN-64: an answer or a user of another key lets nobody in", async () => {
    const { app, sentinel, serve, verdict } = await stage();
    const stranger = newKey("account");
    let decide: Decide = () => ({ error: "" });
    await serve((claims, key) => decide(claims, key));
    const wrong: Decide[] = [
      (_claims, key) => placed(app, key, { signer: stranger }),
      () => placed(app, newKey("user").publicKey),
      (_claims, key) => placed(new TestAccount("UNKNOWN"), key),
    ];
    for (const next of wrong) {
      decide = next;
      expect(await verdict(sentinel)).toBe("Authorization Violation");
    }
    decide = (_claims, key) => placed(app, key);
    expect(await verdict(sentinel)).toBe("PONG");
  });

  it("AN-66 AN-73: sealed by the account's key; who brings no token is the default sentinel", async () => {
    const { app, sentinel, server, serve, requests } = await stage(
      curve.getPublicKey(),
      "sentinel",
    );
    await serve((_claims, key) => placed(app, key));
    const client = await rawForTest(server.port);
    await client.info();
    client.sendConnect({ user: "anybody", pass: "pw" });
    client.send("PING\r\n");
    expect(await verdictOf(client)).toBe("PONG");
    expect(requests[0]?.nats.connect_opts["jwt"]).toBe(sentinel.token);
    expect(requests[0]?.nats.server_id["xkey"]).toMatch(/^X/);
  });

  it("AC-93 AN-49 AN-52: whom it placed goes as users with tokens do", async () => {
    const { world, app, sentinel, scopeKey, server, serve, verdict } = await stage();
    const plainKey = newKey("account");
    const { signingKeys } = app.claims.nats;
    const withBoth = new Map([...signingKeys, [plainKey.publicKey, undefined]] as const);
    await serve(({ nats }, key) => {
      const signer = nats.connect_opts["user"] === "plain" ? plainKey : scopeKey;
      if (nats.connect_opts["user"] === "own") return placed(app, key);
      return placed(app, key, { name: "joe", signer, scoped: signer === scopeKey });
    });
    const system = await login(server, world.systemUser);
    const push = async (): Promise<void> => {
      const subject = `$SYS.REQ.ACCOUNT.${app.id}.CLAIMS.UPDATE`;
      const answer = (await system.request(subject, world.tokenOf(app))).string();
      expect(JSON.parse(answer)).toMatchObject({ data: { code: 200 } });
    };
    // An account that nobody uses is not updated.
    expect(await verdict(sentinel, { user: "own" })).toBe("PONG");
    app.edit({ signingKeys: withBoth });
    await push();
    await expect.poll(() => verdict(sentinel, { user: "plain" })).toBe("PONG");
    const [scoped, plain, own] = await Promise.all(
      ["scoped", "plain", "own"].map((user) => rawLogin(server, sentinel, { user, pass: "pw" })),
    );
    if (scoped === undefined || plain === undefined || own === undefined) throw new Error("three");
    for (const client of [scoped, plain, own]) expect(await verdictOf(client)).toBe("PONG");
    const scope = newUserScope(scopeKey.publicKey);
    const template = { ...scope.template, publish: { allow: ["public"], deny: undefined } };
    app.edit({ signingKeys: new Map([...withBoth, [scopeKey.publicKey, { ...scope, template }]]) });
    await push();
    await scoped.closed;
    await Promise.all([plain.ping(), own.ping()]);
    app.edit({ signingKeys });
    await push();
    await plain.closed;
    expect(scoped.received + plain.received).not.toContain("-ERR");
    await own.ping();
    app.edit({ revocations: new Map([["*", nowSeconds()]]) });
    await push();
    await own.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m);
    await own.closed;
  });

  itWeft("AC-93 AN-65: default permissions follow; a callout that is withdrawn ends", async () => {
    const { world, auth, app, sentinel, server, serve, verdict } = await stage();
    await serve((_claims, key) => placed(app, key));
    const system = await login(server, world.systemUser);
    const push = async (account: TestAccount): Promise<void> => {
      const subject = `$SYS.REQ.ACCOUNT.${account.id}.CLAIMS.UPDATE`;
      await system.request(subject, world.tokenOf(account));
    };
    const client = await rawLogin(server, sentinel);
    expect(await verdictOf(client)).toBe("PONG");
    const { defaultPermissions } = app.claims.nats;
    const publish = { allow: undefined, deny: ["secret"] };
    app.edit({ defaultPermissions: { ...defaultPermissions, publish } });
    await push(app);
    await expect
      .poll(async () => {
        client.send("PUB secret 0\r\n\r\n");
        await client.ping();
        return client.received;
      })
      .toContain("-ERR 'Permissions Violation for Publish to \"secret\"'");
    const { authorization } = auth.claims.nats;
    auth.edit({ authorization: { ...authorization, allowedAccounts: [] } });
    await push(auth);
    await client.closed;
    // Who would have to go does not come in.
    auth.edit({ authorization });
    app.edit({ revocations: new Map([["*", nowSeconds() + 60]]) });
    await Promise.all([push(auth), push(app)]);
    await server.waitForLog(/the callout places nobody here any more/);
    await expect.poll(() => verdict(sentinel)).toBe("Authorization Violation");
    await server.waitForLog(/User JWT: user revoked/);
  });

  itWeft("AN-67: users of other accounts do not wait for a service that is silent", async () => {
    const { other, sentinel, server, verdict } = await stage();
    const began = performance.now();
    expect(await verdict(other.user())).toBe("PONG");
    expect(await verdict(sentinel)).toBe("Authorization Violation");
    expect(performance.now() - began).toBeLessThan(900);
    await server.waitForLog(/Nobody listens for auth callouts in account "A/);
  });
});
