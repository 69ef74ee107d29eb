// Whom a line of the log is about, and what a message that was too large is said to be: word for word
// as nats-server says it (AZ-29, LG-13, CP-53).
import { expect, it } from "vitest";
import { newKey, OperatorWorld, rawLogin, TestAccount } from "./operator-world.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, type ServerUnderTest, serverForTest } from "./server-under-test.ts";

const TOO_LARGE = "maximum payload exceeded: 9 vs 8";
const VIOLATION = 'Publish Violation - Subject "no"';
const CLIENT = { lang: "x", version: "1", name: "app" };

/** The errors of the log, from the client on. */
function errorsOf(server: ServerUnderTest): string[] {
  return [...server.stderr.matchAll(/\[ERR\] \S+ - cid:\d+ - (.*)\n/g)].map(
    ([, text = ""]) => text,
  );
}

describeWithWorkers("names in lines of the log", (workers) => {
  it("AZ-29, CP-53: users and nkeys, and a payload that is too large", async () => {
    const key = newKey("user");
    const permissions = 'permissions: { publish: "ok" }';
    const config = `max_payload: 8
accounts { SALES { users: [
  { user: ruth, password: pw, ${permissions} }
  { nkey: ${key.publicKey}, ${permissions} }
] } }`;
    const server = await serverForTest({ config, workers });
    const names = [`user:ruth`, `nkey:${key.publicKey}`];
    for (const name of names) {
      const client = await rawForTest(server.port);
      const nonce = String((await client.info())["nonce"]);
      const sig = Buffer.from(key.sign(Buffer.from(nonce))).toString("base64url");
      const byKey = name.startsWith("nkey:");
      const who = byKey ? { nkey: key.publicKey, sig } : { user: "ruth", pass: "pw" };
      client.sendConnect({ ...CLIENT, ...who });
      client.send("PUB no 0\r\n\r\nPUB ok 9\r\n");
      await client.waitForClose();
    }
    await server.waitForLog(new RegExp(`(?:${TOO_LARGE}[^]*){${names.length}}`));
    expect(errorsOf(server)).toEqual(
      names.flatMap((name) =>
        [VIOLATION, TOO_LARGE].map((text) => `"v1:x:app" - "SALES/${name}" - ${text}`),
      ),
    );
  });

  it("AZ-29, LG-13: in operator mode the account's name and the mark of a token", async () => {
    const world = new OperatorWorld();
    const a = new TestAccount("ALPHA");
    const server = await serverForTest({ config: world.memoryConfig([a]), workers });
    const body = { publish: { allow: ["ok"], deny: undefined }, payloadBytesMax: 8 };
    const user = a.user({ name: "ann", body });
    const client = await rawLogin(server, user, CLIENT);
    client.send("PUB no 0\r\n\r\nPUB ok 9\r\n");
    await client.waitForClose();
    await server.waitForLog(new RegExp(TOO_LARGE));
    const who = `"v1:x:app" - "${a.id}/ALPHA/jwt:${user.key.publicKey}"`;
    expect(errorsOf(server)).toEqual([`${who} - ${VIOLATION}`, `${who} - ${TOO_LARGE}`]);
  });
});
