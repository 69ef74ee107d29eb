// Connections through proxies that sign the server's nonce (AN-80 to AN-83): who is let in, who has to
// come that way, what is shown, and what a reload does. All but what is marked holds for nats-server too.
import type { NatsConnection } from "@nats-io/transport-node";
import { expect } from "vitest";
import { type Decide, startCallout } from "./callout-service.ts";
import { newIssuer } from "./callout-tokens.ts";
import { connectForTest } from "./client-library.ts";
import { type Key, newKey, OperatorWorld, TestAccount, verdictOf } from "./operator-world.ts";
import { type JsonObject, type RawClient, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  isOtherServer,
  itSince,
  type ServerUnderTest,
  serverForTest,
} from "./server-under-test.ts";

const REFUSED = "Authorization Violation";
const [first, second, stranger] = [newKey("server"), newKey("account"), newKey("server")];
const signer = newKey("user");

function config(trusted: readonly Key[], more = ""): string {
  return `
    accounts {
      A { users: [
        { user: ann, password: a, proxy_required: true }
        { user: bob, password: b }
        { nkey: ${signer.publicKey}, proxy_required: true }
      ] }
      SYS { users: [ { user: sys, password: sys } ] }
    }
    system_account: SYS
    proxies { trusted: [ ${trusted.map(({ publicKey }) => `{ key: ${publicKey} }`).join(", ")} ] }
    ${more}`;
}

interface Login {
  readonly client: RawClient;
  readonly id: unknown;
  /** `PONG`, or the text of the error. */
  readonly verdict: string;
}

/** CONNECT as a proxy passes it on; the nonce is signed by `proxy`. */
async function loginBy(
  server: ServerUnderTest,
  proxy: Key | undefined,
  fields: (nonce: Buffer) => JsonObject,
): Promise<Login> {
  const client = await rawForTest(server.port);
  const info = await client.info();
  const nonce = Buffer.from(String(info["nonce"]));
  const sig = proxy && Buffer.from(proxy.sign(nonce)).toString("base64url");
  client.sendConnect({ ...(sig === undefined ? {} : { proxy_sig: sig }), ...fields(nonce) });
  client.send("PING\r\n");
  return { client, id: info["client_id"], verdict: await verdictOf(client) };
}

const as = (user: string, pass: string) => () => ({ user, pass });

async function page(
  system: NatsConnection,
  name: string,
  options: JsonObject = {},
): Promise<JsonObject> {
  const answer = await system.request(`$SYS.REQ.SERVER.PING.${name}`, JSON.stringify(options));
  return JSON.parse(answer.string()).data;
}

/** The line of one connection, open or not. */
async function shown(system: NatsConnection, { id }: Login): Promise<JsonObject> {
  const { connections } = await page(system, "CONNZ", { state: 2, cid: id, auth: true });
  return (connections as readonly JsonObject[])[0] ?? {};
}

async function expectEnd(system: NatsConnection, login: Login, reason: string): Promise<void> {
  expect(login.verdict).toBe(REFUSED);
  await expect.poll(() => shown(system, login)).toMatchObject({ reason });
}

describeWithWorkers("trusted proxies", (workers) => {
  itSince("2.12.0", "AN-81 AN-82 AN-83: users of the configuration", async () => {
    const server = await serverForTest({ workers, config: config([first, second]) });
    const system = await connectForTest(server, { user: "sys", pass: "sys" });
    const failures: JsonObject[] = [];
    system.subscribe("$SYS.SERVER.*.CLIENT.AUTH.ERR", {
      callback: (_error, message) => void failures.push(JSON.parse(message.string())),
    });
    await system.flush();

    const direct = await loginBy(server, undefined, as("bob", "b"));
    const proxied = await loginBy(server, second, as("ann", "a"));
    const byKey = await loginBy(server, first, (nonce) => ({
      nkey: signer.publicKey,
      sig: Buffer.from(signer.sign(nonce)).toString("base64url"),
    }));
    expect([direct.verdict, proxied.verdict, byKey.verdict]).toEqual(["PONG", "PONG", "PONG"]);
    expect(await shown(system, direct)).not.toHaveProperty("proxy");
    expect(await shown(system, proxied)).toMatchObject({ proxy: { key: second.publicKey } });
    expect(await shown(system, byKey)).toMatchObject({ proxy: { key: first.publicKey } });

    await expectEnd(system, await loginBy(server, undefined, as("ann", "a")), "Proxy Required");
    await expectEnd(system, await loginBy(server, undefined, as("ann", "x")), "Proxy Required");
    await expectEnd(system, await loginBy(server, first, as("ann", "x")), "Authentication Failure");
    await expectEnd(system, await loginBy(server, stranger, as("bob", "b")), "Proxy Not Trusted");
    await expect.poll(() => failures.map(({ reason }) => reason)).toContain("Proxy Not Trusted");
    const trusted = [{ key: first.publicKey }, { key: second.publicKey }];
    expect(await page(system, "VARZ")).toMatchObject({ proxies: { trusted } });

    // Only a signature of this connection's nonce counts.
    const other = await rawForTest(server.port);
    const nonce = Buffer.from(String((await other.info())["nonce"]));
    const old = Buffer.from(first.sign(nonce)).toString("base64url");
    const odd = ["!", old, old.slice(1), `${old}AAAA`, "A".repeat(86)];
    for (const signature of odd) {
      const fields = { user: "ann", pass: "a", proxy_sig: signature };
      const { verdict } = await loginBy(server, undefined, () => fields);
      expect([signature, verdict]).toEqual([signature, REFUSED]);
    }
  });

  itSince(
    "2.12.0",
    "AN-81: a signature is of no use at another server that trusts the proxy",
    async () => {
      const [here, there] = await Promise.all(
        [1, 2].map(() => serverForTest({ workers, config: config([first]) })),
      );
      const asked = await rawForTest(there?.port ?? 0);
      const client = await rawForTest(here?.port ?? 0);
      // The one who replays stands between: he hands the nonce of one server to the proxy as the other's.
      const nonce = Buffer.from(String((await asked.info())["nonce"]));
      const own = String((await client.info())["nonce"]);
      expect(own).not.toBe(nonce.toString());
      const proxySig = Buffer.from(first.sign(nonce)).toString("base64url");
      const fields = { user: "ann", pass: "a", proxy_sig: proxySig };
      for (const [at, wanted] of [
        [client, REFUSED],
        [asked, "PONG"],
      ] as const) {
        at.sendConnect(fields);
        at.send("PING\r\n");
        expect(await verdictOf(at)).toBe(wanted);
      }
      // Used once, it is of no use for another connection at its own server either.
      const again = await loginBy(there as ServerUnderTest, undefined, () => fields);
      expect(again.verdict).toBe(REFUSED);
    },
  );

  itSince("2.12.0", "AN-82: a token, and that it is not for others", async () => {
    const key = `proxies { trusted: [ { public_key: ${first.publicKey} } ] }`;
    const authorization = "authorization { token: secret, proxy_required: true }";
    const server = await serverForTest({ workers, config: `${authorization}\n${key}` });
    const token = () => ({ auth_token: "secret" });
    expect((await loginBy(server, undefined, token)).verdict).toBe(REFUSED);
    expect((await loginBy(server, first, token)).verdict).toBe("PONG");
  });

  itSince("2.12.0", "AN-82: users by tokens", async () => {
    const world = new OperatorWorld();
    const account = new TestAccount("A");
    const bound = account.user({ body: { proxyRequired: true } });
    const server = await serverForTest({
      workers,
      config: world.memoryConfig([account], `proxies { trusted: [ {key: ${first.publicKey}} ] }`),
    });
    const fields = (nonce: Buffer) => ({
      jwt: bound.token,
      sig: Buffer.from(bound.key.sign(nonce)).toString("base64url"),
    });
    expect((await loginBy(server, undefined, fields)).verdict).toBe(REFUSED);
    expect((await loginBy(server, stranger, fields)).verdict).toBe(REFUSED);
    expect((await loginBy(server, first, fields)).verdict).toBe("PONG");
  });

  itSince("2.12.0", "AN-82: users whom a callout service lets in", async () => {
    const issuer = newIssuer();
    const callout = `authorization { auth_callout {
      issuer: ${issuer.getPublicKey()}, account: SYS, auth_users: [ sys ], allowed_accounts: [ A ] } }`;
    const server = await serverForTest({ workers, config: config([first], callout) });
    const decide: Decide = ({ nats }, answers) =>
      answers.user("A", { nats: { proxy_required: nats.connect_opts.user === "bound" } });
    const login = { user: "sys", pass: "sys" };
    await startCallout(server, { login, issuer, decide });
    expect((await loginBy(server, undefined, as("free", ""))).verdict).toBe("PONG");
    expect((await loginBy(server, undefined, as("bound", ""))).verdict).toBe(REFUSED);
    expect((await loginBy(server, first, as("bound", ""))).verdict).toBe("PONG");
    // The configuration's own word: no service undoes it.
    expect((await loginBy(server, undefined, as("ann", ""))).verdict).toBe(REFUSED);
  });

  itSince(
    "2.12.0",
    "AN-83 AN-82: a reload ends what came by a key that is gone, or too directly",
    async () => {
      const server = await serverForTest({ workers, config: config([first, second]) });
      const system = await connectForTest(server, { user: "sys", pass: "sys" });
      const gone = await loginBy(server, first, as("bob", "b"));
      const stays = await loginBy(server, second, as("bob", "b"));
      await server.reload(config([second, stranger]));
      await gone.client.waitFor(/^-ERR 'Authorization Violation'\r\n/m);
      await gone.client.waitForClose();
      await expect.poll(() => shown(system, gone)).toMatchObject({ reason: "Proxy Not Trusted" });
      await stays.client.ping();
      expect((await loginBy(server, stranger, as("ann", "a"))).verdict).toBe("PONG");
      expect(server.stderr).toContain(`proxies trusted keys ["${first.publicKey}"] were removed`);
      const direct = await loginBy(server, undefined, as("bob", "b"));
      const bound = "password: b, proxy_required: true }";
      await server.reload(config([second, stranger]).replace("password: b }", bound));
      await direct.client.waitFor(/^-ERR 'Authorization Violation'\r\n/m);
      if (!isOtherServer) await stays.client.ping();
    },
  );
});
