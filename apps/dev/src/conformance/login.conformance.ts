// Who gets in: every method of a configuration file, with the real client's own way to log in.

import { createUser, fromSeed } from "@nats-io/nkeys";
import { nkeyAuthenticator } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connectForTest, expectOut } from "./client-library.ts";
import { MessageLog } from "./message-log.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, type ServerUnderTest, useServer } from "./server-under-test.ts";

/** bcrypt of `hunter2` and of `t0ken`, at the lowest costs. */
const HUNTER2 = "$2b$04$bZtcaqCB9EJqMNBk/RtvHuyRvZ.WJ9Qp/8basPX4gzPgFQpy8nkXC";
const T0KEN = "$2b$05$jbqRxA2b7RtTsEQnRaCzB.752EVnwP2g30FvAeW.rOtEY6kw8LXWK";
const KNOWN_KEY = "UDNNGRYO47IMHX425ZAROM72KZE2AVDGT4GAF26Z35UYDW3I77H4AGAB";
const KNOWN_SEED = "SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY";

async function expectIn(server: ServerUnderTest, options: ConnectOptions): Promise<void> {
  const connections = await Promise.all([0, 1, 2].map(() => connectForTest(server, options)));
  const [first, second] = connections;
  if (first === undefined || second === undefined) throw new Error("no connections");
  const log = new MessageLog(first, "in");
  await first.flush();
  second.publish("in");
  await log.waitForCount(1);
}

describeWithWorkers("login", (workers) => {
  describe("by user and password", () => {
    const server = useServer({
      workers,
      config: `authorization { users: [
        { user: ruth, password: "pw" }
        { user: hash, password: "${HUNTER2}" }
      ] }`,
    });

    it("AN-04 CP-30: lets the right ones in and nobody else", async () => {
      await expectIn(server(), { user: "ruth", pass: "pw" });
      await expectOut(server(), { user: "ruth", pass: "pw " });
      await expectOut(server(), { user: "Ruth", pass: "pw" });
      await expectOut(server(), { user: "ruth" });
      await expectOut(server(), { token: "pw" });
      await expectOut(server(), {});
    });

    it("AN-05: compares bcrypt hashes", async () => {
      await expectIn(server(), { user: "hash", pass: "hunter2" });
      await expectOut(server(), { user: "hash", pass: "hunter3" });
      await expectOut(server(), { user: "hash", pass: HUNTER2 });
    });

    it("AN-05: 24 bcrypt logins at once all get their own answer", async () => {
      const logins = Array.from({ length: 24 }, async (_, index) => {
        const good = index % 2 === 0;
        const options = { user: "hash", pass: good ? "hunter2" : "wrong" };
        if (good) await connectForTest(server(), options);
        else await expectOut(server(), options);
      });
      await Promise.all(logins);
    });

    it("CP-03 CP-33: INFO asks for a login, and PING before it is refused", async () => {
      const client = await rawForTest(server().port);
      expect((await client.info())["auth_required"]).toBe(true);
      client.send("PING\r\n");
      await client.waitFor(/^-ERR 'Authorization Violation'\r\n/m);
      await client.waitForClose();
    });

    it("operations behind a login that is still being compared keep their order", async () => {
      const client = await rawForTest(server().port);
      client.sendConnect({ user: "hash", pass: "hunter2" });
      client.send("SUB order 1\r\nPUB order 1\r\n1\r\nPUB order 1\r\n2\r\nPING\r\n");
      await client.waitFor(/MSG order 1 1\r\n1\r\nMSG order 1 1\r\n2\r\nPONG\r\n/);
    });
  });

  describe("by token", () => {
    const plain = useServer({ workers, config: "authorization { token: s3cr3t }" });
    const hashed = useServer({ workers, config: `authorization { token: "${T0KEN}" }` });

    it("AN-03: plain and bcrypt", async () => {
      await expectIn(plain(), { token: "s3cr3t" });
      await expectOut(plain(), { token: "s3cr3" });
      await expectOut(plain(), {});
      await expectIn(hashed(), { token: "t0ken" });
      await expectOut(hashed(), { token: T0KEN });
    });
  });

  describe("by nkey", () => {
    const server = useServer({
      workers,
      config: `authorization { users: [ { nkey: ${KNOWN_KEY} } ] }`,
    });
    const seed = new TextEncoder().encode(KNOWN_SEED);

    it("AN-08: a signature of the nonce opens the door, an unknown key does not", async () => {
      await expectIn(server(), { authenticator: nkeyAuthenticator(seed) });
      const stranger = createUser().getSeed();
      await expectOut(server(), { authenticator: nkeyAuthenticator(stranger) });
      await expectOut(server(), { user: KNOWN_KEY });
    });

    it("CP-06: the nonce has 15 characters and is new for each connection", async () => {
      const nonces = new Set<unknown>();
      for (let index = 0; index < 20; index++) {
        const client = await rawForTest(server().port);
        const nonce = (await client.info())["nonce"];
        expect(nonce).toMatch(/^[A-Za-z0-9_-]{15}$/);
        nonces.add(nonce);
      }
      expect(nonces.size).toBe(20);
    });

    it("AN-09: the signature of another connection's nonce is refused", async () => {
      const [one, two] = [await rawForTest(server().port), await rawForTest(server().port)];
      await one.info();
      const other = (await two.info())["nonce"];
      const sign = (nonce: unknown): string =>
        Buffer.from(fromSeed(seed).sign(new TextEncoder().encode(String(nonce)))).toString(
          "base64url",
        );
      one.sendConnect({ nkey: KNOWN_KEY, sig: sign(other) });
      await one.waitFor(/^-ERR 'Authorization Violation'\r\n/m);
      await one.waitForClose();
      await two.login({ nkey: KNOWN_KEY, sig: sign(other) });
    });
  });

  describe("as nobody in particular", () => {
    const server = useServer({
      workers,
      config: `no_auth_user: guest
        authorization { users: [
          { user: guest, password: guest, permissions: { publish: "open.>", subscribe: "open.>" } }
          { user: ruth, password: pw }
        ] }`,
    });

    it("AN-11 CP-05: becomes the no_auth_user; wrong credentials stay wrong", async () => {
      const guest = await connectForTest(server());
      const ruth = await connectForTest(server(), { user: "ruth", pass: "pw" });
      expect(guest.info?.auth_required ?? false).toBe(false);
      const open = new MessageLog(ruth, ">");
      await ruth.flush();
      guest.publish("closed.a");
      guest.publish("open.a");
      await open.waitForCount(1);
      expect(open.subjects).toEqual(["open.a"]);
      await expectOut(server(), { user: "ruth", pass: "no" });
      await expectOut(server(), { user: "nobody", pass: "" });
    });
  });

  describe("where nothing is asked for", () => {
    const server = useServer({ workers });

    it("CP-32: anybody comes in, credentials or not, CONNECT or not", async () => {
      await expectIn(server(), {});
      await expectIn(server(), { user: "any", pass: "thing" });
      const client = await rawForTest(server().port);
      client.send("SUB x 1\r\nPUB x 2\r\nhi\r\n");
      await client.waitFor(/MSG x 1 2\r\nhi\r\n/);
    });
  });
});
