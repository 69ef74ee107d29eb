// A71: secrets of a module, of proxies, of a callout service and of tokens, against a server that logs
// all it can: they stand in no line of the log, on no page, in no answer and in no event of the system
// account. Test thread.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCurve } from "@nats-io/nkeys";
import { afterAll, expect } from "vitest";
import { type Decide, startCallout } from "./callout-service.ts";
import { MixedWorld } from "./mixed-world.ts";
import { login, newKey, type TestUser, verdictOf } from "./operator-world.ts";
import { type JsonObject, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  freePort,
  itWeft,
  type ServerUnderTest,
  serverForTest,
} from "./server-under-test.ts";

const REFUSED = "Authorization Violation";
const MARK = "cAnArY5d1";
const PAGES = [
  "/varz",
  "/connz?auth=1&subs=detail&state=all",
  "/subsz?subs=1",
  "/accountz",
  "/accstatz?unused=1",
  "/recentz?auth=1",
  "/healthz",
  "/metrics",
];
const folder = mkdtempSync(join(tmpdir(), "weft-secrets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "authentication.mjs");
writeFileSync(
  path,
  `const KEY = "${MARK}-of-the-module";
   console.log(KEY);
   export const authenticate = ({ connect }) => {
     console.error(KEY, connect);
     if (connect.user === "throws") throw new Error("no luck with " + JSON.stringify(connect));
     if (connect.user === "refuses") return { refuse: "wrong password " + connect.pass };
     if (connect.user === "nonsense") return { account: "SHOP", [connect.pass]: connect.token };
     if (connect.user === "placed") return { account: "SHOP", tags: ["seen"] };
     return "next";
   };`,
);

/** A login by whatever fields; the verdict. */
async function attempt(
  server: ServerUnderTest,
  fields: (nonce: Buffer) => JsonObject,
): Promise<string> {
  const client = await rawForTest(server.port);
  const nonce = Buffer.from(String((await client.info())["nonce"]));
  client.sendConnect(fields(nonce));
  client.send("PING\r\n");
  return verdictOf(client);
}

function signature(token: string): string {
  return token.slice(token.lastIndexOf(".") + 1);
}

describeWithWorkers("secrets of identities", (workers) => {
  itWeft("A71 SB-95 MO-28: nowhere in log, pages, answers and events", async () => {
    const world = new MixedWorld();
    const { bank, operators } = world;
    const [proxy, stranger, curve] = [newKey("server"), newKey("server"), createCurve()];
    const port = await freePort();
    const secrets: string[] = [];
    const secret = (text: string): string => {
      secrets.push(text);
      return text;
    };
    const server = await serverForTest({
      workers,
      flags: ["-DV"],
      config: world.file({
        callout: `allowed_accounts: [ CRM ]`,
        top: `authentication_module { file: "${path}", auth_users: [ service ] }
          proxies { trusted: [ { key: ${proxy.publicKey} } ] }
          http: "127.0.0.1:${port}"`,
      }),
    });
    const system = await login(server, operators.systemUser);
    let said = "";
    system.subscribe("$SYS.>", {
      callback: (_error, message) => {
        said += `${message.subject} ${message.string()}\n`;
      },
    });
    await system.flush();

    const decide: Decide = ({ nats }, answers) => {
      const { user, pass } = nats.connect_opts;
      if (user === "CRM-joe") {
        const answer = answers.user("CRM");
        secret(signature(answer));
        return answer;
      }
      return answers.error(pass === undefined ? "no" : "wrong password");
    };
    const how = { user: "service", pass: "service-pw" };
    await startCallout(server, { login: how, issuer: world.issuer, decide });

    const by = (user: string, slot: string, more: JsonObject = {}) =>
      attempt(server, () => ({ user, pass: secret(`${MARK}-${slot}`), ...more }));
    const token = secret(`${MARK}-token`);
    for (const user of ["throws", "refuses", "nonsense", "CRM-ann", "ann"]) {
      expect([user, await by(user, user, { auth_token: token })]).toEqual([user, REFUSED]);
    }
    expect([await by("placed", "p"), await by("CRM-joe", "j")]).toEqual(["PONG", "PONG"]);

    const teller = bank.user({ name: "teller" });
    const bound = bank.user({ name: "bound", body: { proxyRequired: true } });
    const byToken = ({ token: jwt, key }: TestUser, through = proxy) =>
      attempt(server, (nonce) => {
        const sig = secret(Buffer.from(key.sign(nonce)).toString("base64url"));
        const proxySig = secret(Buffer.from(through.sign(nonce)).toString("base64url"));
        return { jwt, sig, proxy_sig: proxySig };
      });
    expect([await byToken(teller), await byToken(bound)]).toEqual(["PONG", "PONG"]);
    expect(await byToken(teller, stranger)).toBe(REFUSED);
    for (const slot of ["proxy_sig", "nkey", "jwt", "sig"]) {
      expect(await by("x", `x-${slot}`, { [slot]: secret(`${MARK}-as-${slot}`) })).toBe(REFUSED);
    }
    // By mistake, in the place of a name.
    for (const name of [teller.key.seed, teller.token]) {
      expect(await by(name, "misplaced")).toBe(REFUSED);
    }
    for (const user of [teller, bound, operators.systemUser]) {
      secrets.push(user.key.seed, signature(user.token));
    }
    for (const key of [bank.key, world.issuerKey, world.shopKeys, operators.operator, proxy]) {
      secrets.push(key.seed);
    }
    secrets.push(new TextDecoder().decode(curve.getSeed()), `${MARK}-of-the-module`, "service-pw");

    for (const page of [...PAGES, ...["SHOP", "CRM", "AUTH", bank.id].map(accountPage)]) {
      const answer = await fetch(`http://127.0.0.1:${port}${page}`);
      expect([page, answer.status]).toEqual([page, 200]);
      said += await answer.text();
    }
    for (const name of ["VARZ", "CONNZ", "SUBSZ", "ACCOUNTZ", "STATSZ", "IDZ", "HEALTHZ"]) {
      const options = JSON.stringify({ auth: true, state: 2, subscriptions_detail: true });
      said += (await system.request(`$SYS.REQ.SERVER.PING.${name}`, options)).string();
    }
    for (const account of ["SHOP", "CRM", bank.id]) {
      const subject = `$SYS.REQ.ACCOUNT.${account}`;
      for (const name of ["CONNZ", "INFO", "SUBSZ"]) {
        said += (await system.request(`${subject}.${name}`, '{"auth":true}')).string();
      }
    }
    await system.flush();
    // Who was there is shown, so the search looks at the right places.
    const shown = [teller.key.publicKey, "CRM-joe", "seen", proxy.publicKey, "AUTH.ERR"];
    expect(shown.filter((one) => !said.includes(one))).toEqual([]);
    const logged = ["authentication module: it threw: no luck", "[REDACTED]", "MSG_PAYLOAD"];
    expect(logged.filter((one) => !server.stderr.includes(one))).toEqual([]);
    const everything = `${said}\n${server.stderr}`;
    const found = secrets.filter((one) => everything.includes(one));
    const around = found.map((one) => {
      const at = everything.indexOf(one);
      return everything.slice(Math.max(0, at - 200), at + one.length + 40);
    });
    expect(around).toEqual([]);
  });
});

function accountPage(account: string): string {
  return `/accountz?acc=${account}`;
}
