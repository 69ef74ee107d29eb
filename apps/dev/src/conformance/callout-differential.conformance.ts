// The same service, the same clients, the same answers: what nats-server 2.14 said is recorded. With
// WEFT_SERVER_COMMAND naming such a server and WEFT_RECORD_ANSWERS=1 it is recorded anew; with the first
// alone the record is compared with it.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { type Decide, startCallout } from "./callout-service.ts";
import { newIssuer, signToken, userClaims } from "./callout-tokens.ts";
import { type JsonObject, rawForTest } from "./raw-client.ts";
import { describeWithWorkers, serverForTest, serverVersion } from "./server-under-test.ts";

const recordFile = fileURLToPath(new URL("testdata/callout-answers.json", import.meta.url));
const isRecording = process.env["WEFT_RECORD_ANSWERS"] === "1";
const issuer = newIssuer();
const stranger = newIssuer();

const CONFIG = `
accounts {
  AUTH { users: [ { user: auth, password: auth-pw } ] }
  APP {}
  FIXED { users: [ { user: fixed, password: pw } ] }
}
authorization {
  timeout: 1
  auth_callout {
    issuer: ${issuer.getPublicKey()}
    account: AUTH
    auth_users: [ auth ]
    allowed_accounts: [ APP ]
  }
}`;

/** Behind a login: a message to oneself, a subject that is not allowed, the end. */
const SCRIPT = "SUB a 1\r\nPUB a 2\r\nhi\r\nPUB no.way 0\r\n\r\nPING\r\n";

const now = (): number => Math.floor(Date.now() / 1_000);

const ROWS: readonly (readonly [string, JsonObject, Decide])[] = [
  ["granted", { user: "u" }, (_claims, answers) => answers.user("APP")],
  ["granted, verbose", { user: "u", verbose: true }, (_claims, answers) => answers.user("APP")],
  ["by token", { auth_token: "t" }, (_claims, answers) => answers.user("APP")],
  ["with nothing", {}, (_claims, answers) => answers.user("APP")],
  [
    "with permissions",
    { user: "u" },
    (_claims, answers) => answers.user("APP", { nats: { pub: { deny: ["no.>"] }, sub: {} } }),
  ],
  [
    "with an allow list",
    { user: "u" },
    (_claims, answers) =>
      answers.user("APP", { nats: { pub: { allow: ["a"] }, sub: { allow: ["b"] } } }),
  ],
  ["refused", { user: "u" }, (_claims, answers) => answers.error("no")],
  ["silent", { user: "u" }, () => undefined],
  ["empty", { user: "u" }, () => new Uint8Array()],
  ["nonsense", { user: "u" }, () => "nonsense"],
  ["no account", { user: "u" }, (_claims, answers) => answers.user("NONE")],
  ["expired", { user: "u" }, (_claims, answers) => answers.user("APP", { exp: now() - 10 })],
  ["not yet valid", { user: "u" }, (_claims, answers) => answers.user("APP", { nbf: now() + 60 })],
  [
    "with warnings",
    { user: "u" },
    (_claims, answers) => answers.user("APP", { nats: { src: ["x"] } }),
  ],
  [
    "other issuer",
    { user: "u" },
    ({ nats }, answers) =>
      answers.wrap({ jwt: signToken(userClaims(nats.user_nkey, "APP"), stranger) }),
  ],
  [
    "a static user, right",
    { user: "fixed", pass: "pw" },
    (_claims, answers) => answers.error("no"),
  ],
  ["a static user, wrong", { user: "fixed", pass: "x" }, (_claims, answers) => answers.error("no")],
  [
    "a static user, wrong, granted",
    { user: "fixed", pass: "x" },
    (_claims, answers) => answers.user("APP"),
  ],
  ["the service, wrong", { user: "auth", pass: "x" }, (_claims, answers) => answers.user("APP")],
  ["account in CONNECT", { user: "u", account: "APP" }, (_claims, answers) => answers.user("APP")],
];

describeWithWorkers("callout, compared", (workers) => {
  it("AN-60 to AN-71: clients read what nats-server says", async () => {
    const server = await serverForTest({ config: CONFIG, workers });
    let decide: Decide = () => undefined;
    const login = { user: "auth", pass: "auth-pw" };
    await startCallout(server, {
      login,
      issuer,
      decide: (claims, answers) => decide(claims, answers),
    });
    const answers: Record<string, string> = {};
    for (const [name, fields, next] of ROWS) {
      decide = next;
      const client = await rawForTest(server.port);
      await client.info();
      client.sendConnect(fields);
      client.send(SCRIPT);
      await Promise.race([client.waitFor(/PONG\r\n/), client.closed]).catch(() => undefined);
      answers[name] = client.received.replaceAll(/^INFO [^\r]*\r\n/gm, "");
    }
    if (isRecording) {
      const text = JSON.stringify({ version: serverVersion, answers }, null, 2);
      writeFileSync(recordFile, `${text}\n`);
    }
    const recorded = JSON.parse(readFileSync(recordFile, "utf8")) as { answers: object };
    expect(answers).toEqual(recorded.answers);
  });
});
