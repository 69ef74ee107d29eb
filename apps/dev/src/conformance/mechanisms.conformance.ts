// One mechanism for each account in plain operator mode (SA-22, SA-32), and accounts by tokens that come
// later beside a system account of the configuration, and certificates (GP-1).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtAuthenticator } from "@nats-io/transport-node";
import { expect, it, onTestFinished } from "vitest";
import { type ConnectOptions, connectForTest } from "./client-library.ts";
import { MessageLog } from "./message-log.ts";
import { accountOf, byPassword, MixedWorld, serveSentinel } from "./mixed-world.ts";
import {
  exportOf,
  login,
  OperatorWorld,
  rawLogin,
  TestAccount,
  verdictOf,
} from "./operator-world.ts";
import { describeWithWorkers, freePort, serverForTest } from "./server-under-test.ts";
import { certificates, made } from "./testdata/certificates.ts";

describeWithWorkers("one mechanism for each account", (workers) => {
  it("SA-22 SA-32: is told of, and held when it is asked for", async () => {
    const world = new OperatorWorld();
    const [auth, app] = [new TestAccount("AUTH"), new TestAccount("APP")];
    const service = auth.user({ name: "service" });
    const sentinel = auth.user({ body: { bearerToken: true } });
    const authUsers = [service.key.publicKey];
    auth.edit({ authorization: { authUsers, allowedAccounts: [app.id], xkey: "" } });
    const config = world.memoryConfig([auth, app]);
    const server = await serverForTest({ config, workers });
    await serveSentinel(server, auth, service, (user) => (user === "self" ? auth : app));
    const direct = await rawLogin(server, app.user());
    expect(await verdictOf(direct)).toBe("PONG");
    await server.waitForLog(/callout may place users into account A\w+, which takes user JWTs/);
    const placed = await rawLogin(server, sentinel);
    expect(await verdictOf(placed)).toBe("PONG");
    const own = await rawLogin(server, sentinel, { user: "self" });
    expect(await verdictOf(own)).toBe("PONG");
    const said = await server.reload(`${config}\none_mechanism_per_account: true`);
    expect(said).toContain("Reloaded server configuration");
    await placed.waitForClose();
    await direct.ping();
    await own.ping();
    expect(await verdictOf(await rawLogin(server, sentinel))).toBe("Authorization Violation");
    await server.waitForLog(/Account "A\w+" has the mechanism jwt, not callout/);
  });
});

describeWithWorkers("accounts by tokens that come later", (workers) => {
  it("GP-1 AC-86 AN-54 MO-25: with the claims that a user of the configuration brings", async () => {
    const world = new OperatorWorld({ systemAccount: "" });
    const bank = new TestAccount("BANK", { exports: [exportOf("rates", "stream")] });
    const guest = bank.user({ name: "guest", body: { bearerToken: true } });
    const directory = mkdtempSync(join(tmpdir(), "weft-mixed-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const pages = await freePort();
    const server = await serverForTest({
      workers,
      config: `mixed_authentication: true
http: "127.0.0.1:${pages}"
operator: "${world.token}"
resolver { type: full, dir: "${directory}" }
system_account: SYS
default_sentinel: "${guest.token}"
accounts {
  SYS { users: [ { user: sys, password: sys-pw } ] }
  SHOP {
    users: [ { user: ann, password: ann-pw } ]
    imports: [ { stream: { account: ${bank.id}, subject: rates } } ]
  }
  ${bank.id} { mechanism: jwt }
}`,
    });
    await server.waitForLog(new RegExp(`Account ${bank.id} of the configuration: `));
    expect(server.stderr).not.toContain("should utilize a System Account");
    const [system, ann] = await Promise.all([
      byPassword(server, "sys", "sys-pw"),
      byPassword(server, "ann", "ann-pw"),
    ]);
    const log = new MessageLog(ann, "rates");
    await ann.flush();
    const answer = await system.request("$SYS.REQ.CLAIMS.UPDATE", world.tokenOf(bank));
    expect(answer.json()).toMatchObject({ data: { code: 200, account: bank.id } });
    const [teller, nobody] = await Promise.all([
      login(server, bank.user()),
      connectForTest(server),
    ]);
    teller.publish("rates", "from a token");
    nobody.publish("rates", "from the sentinel");
    await log.waitForCount(2);
    expect(log.texts.sort()).toEqual(["from a token", "from the sentinel"]);
    const page = async (query: string) =>
      (await fetch(`http://127.0.0.1:${pages}/accountz${query}`)).json();
    expect(await page("")).toMatchObject({
      accounts: expect.arrayContaining(["$G", "SYS", "SHOP", bank.id]),
    });
    expect(await page(`?acc=${bank.id}`)).toMatchObject({
      account_detail: { name_tag: "BANK", issuer_key: world.operator.publicKey },
    });
    await expect(byPassword(server, "ann", "wrong")).rejects.toThrow(/Authorization Violation/);
    await expect(byPassword(server, "eve", "wrong")).rejects.toThrow(/Authorization Violation/);
  });
});

describeWithWorkers("certificates beside other mechanisms", (workers) => {
  it("SA-28 AN-30: a certificate that names a user, a token, and everybody else", async () => {
    const world = new MixedWorld();
    const service = "spiffe://weft.test/uri";
    const tls = `tls {
      cert_file: "${certificates.server}", key_file: "${certificates.serverKey}"
      ca_file: "${made("ca")}", verify_and_map: true, timeout: 10
    }`;
    const config = world.file({ users: "{ user: dns.users.test }", service, guest: "", top: tls });
    const server = await serverForTest({ config, workers });
    const shows = (name: string): ConnectOptions => ({
      tls: { caFile: certificates.ca, certFile: made(name), keyFile: made(name) },
    });
    const { requests } = await world.serve(server, undefined, shows("uri"));
    const { key, token } = world.bank.user();
    const authenticator = jwtAuthenticator(token, new TextEncoder().encode(key.seed));
    const joe = { user: "CRM-joe", pass: "right" };
    const accounts = await Promise.all(
      [
        connectForTest(server, shows("dns")),
        connectForTest(server, { ...shows("dns"), authenticator }),
        connectForTest(server, { ...shows("multi"), ...joe }),
      ].map(async (opening) => accountOf(await opening)),
    );
    expect(accounts).toEqual(["SHOP", world.bank.id, "CRM"]);
    const refused = connectForTest(server, { ...shows("multi"), user: "dns.users.test" });
    await expect(refused).rejects.toThrow(/Authorization Violation/);
    expect(requests).toHaveLength(2);
  });
});
