// TLS of the client listener: who gets a session, with every kind of wrong certificate tried.
// Must stay true: a refusal is seen by the client, never only in a log.

import { readFileSync } from "node:fs";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ConnectOptions,
  connectForTest,
  olderNats,
  tlsOptions,
  transportNode,
} from "./client-library.ts";
import { within } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  isAtLeast,
  isOtherServer,
  itSince,
  type ServerUnderTest,
  useServer,
} from "./server-under-test.ts";
import {
  certificates,
  tlsBlock,
  trusting,
  withCertificate,
  withExpiredCertificate,
  withForeignCertificate,
} from "./testdata/certificates.ts";

const libraries = [transportNode, olderNats];

/** Three connections talk to each other. */
async function expectIn(server: ServerUnderTest, options: ConnectOptions): Promise<void> {
  for (const library of libraries) {
    const [one, two] = await Promise.all([
      connectForTest(server, options, library),
      connectForTest(server, options, library),
      connectForTest(server, options, library),
    ]);
    const log = new MessageLog(one, "in.*");
    await one.flush();
    two.publish("in.a", Buffer.alloc(100_000, "x"));
    await log.waitForCount(1);
    expect(log.messages[0]?.data).toHaveLength(100_000);
  }
}

async function expectOut(server: ServerUnderTest, options: ConnectOptions): Promise<void> {
  for (const library of libraries) {
    await expect(connectForTest(server, options, library)).rejects.toThrow();
  }
}

/** A TLS connection without a word of NATS, and what the server says first. */
async function firstWords(port: number): Promise<string> {
  const socket: TLSSocket = connectTls({
    port,
    host: "127.0.0.1",
    ca: readFileSync(certificates.ca),
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return within(
    new Promise((resolve, reject) => {
      socket.once("data", (bytes: Buffer) => resolve(bytes.toString("latin1")));
      socket.once("error", reject);
    }),
    "INFO inside TLS",
  );
}

describeWithWorkers("TLS", (workers) => {
  describe("required", () => {
    const server = useServer({ workers, config: tlsBlock() });

    it("CP-18 TL-01: clients that trust the server come in, with a certificate or not", async () => {
      await expectIn(server(), tlsOptions(trusting));
      await expectIn(server(), tlsOptions(withCertificate));
    });

    it("clients that trust somebody else stay out", async () => {
      await expectOut(server(), tlsOptions({ caFile: certificates.otherCa }));
    });

    it("CP-03 TL-23: INFO says that TLS is required", async () => {
      const client = await rawForTest(server().port);
      const info = await client.info();
      expect(info["tls_required"]).toBe(true);
      expect(info["tls_verify"] ?? false).toBe(false);
    });

    it("CP-93: clear words are refused", async () => {
      const client = await rawForTest(server().port);
      await client.info();
      client.sendConnect();
      await client.waitForClose();
      expect(client.received).not.toContain("PONG");
      // The reference closes without a word at some levels.
      const word = "-ERR 'Secure Connection - TLS Required'\r\n";
      if (!isOtherServer) expect(client.received.endsWith(word)).toBe(true);
    });

    it("others go on while a handshake hangs", async () => {
      const client = await rawForTest(server().port);
      await client.info();
      client.send("\u0016\u0003\u0001");
      await expectIn(server(), tlsOptions(trusting));
      expect(client.isClosed).toBe(false);
    });
  });

  describe("with a client certificate", () => {
    const server = useServer({ workers, config: tlsBlock("verify: true") });

    it("TL-04: a good one comes in", async () => {
      await expectIn(server(), tlsOptions(withCertificate));
    });

    it("TL-04 AN-36: none, one of another authority and an expired one stay out", async () => {
      await expectOut(server(), tlsOptions(trusting));
      await expectOut(server(), tlsOptions(withForeignCertificate));
      await expectOut(server(), tlsOptions(withExpiredCertificate));
      await expectIn(server(), tlsOptions(withCertificate));
    });

    it("CP-03: INFO says that it will be asked for", async () => {
      const info = await (await rawForTest(server().port)).info();
      expect(info["tls_required"]).toBe(true);
      expect(info["tls_verify"]).toBe(true);
    });
  });

  describe("certificate as login", () => {
    const server = useServer({
      workers,
      config: `${tlsBlock("verify_and_map: true")}
        authorization { users: [
          { user: "ruth@example.com", permissions: { publish: "ruth.>", subscribe: ">" } }
        ] }`,
    });

    it("AN-30 AN-31: the e-mail name of the certificate is the user", async () => {
      const connection = await connectForTest(server(), tlsOptions(withCertificate));
      const log = new MessageLog(connection, ">");
      connection.publish("other.a");
      connection.publish("ruth.a");
      await log.waitForCount(1);
      expect(log.subjects).toEqual(["ruth.a"]);
    });

    it("AN-33: not without it", async () => {
      await expectOut(server(), { ...tlsOptions(trusting), user: "ruth@example.com", pass: "" });
      await expectOut(server(), tlsOptions(withForeignCertificate));
    });
  });

  describe("beside clear connections", () => {
    const server = useServer({ workers, config: `${tlsBlock()}\nallow_non_tls: true` });

    it("CP-19 TL-23: both come in and hear each other", async () => {
      const info = await (await rawForTest(server().port)).info();
      expect(info["tls_required"] ?? false).toBe(false);
      expect(info["tls_available"]).toBe(true);
      // `null` keeps the clients from upgrading on their own.
      await expectIn(server(), { tls: null });
      await expectIn(server(), tlsOptions(trusting));
      const clear = await connectForTest(server(), { tls: null });
      const secure = await connectForTest(server(), tlsOptions(trusting));
      const log = new MessageLog(clear, "both");
      await clear.flush();
      secure.publish("both");
      await log.waitForCount(1);
    });
  });

  describe.skipIf(!isAtLeast("2.10"))("handshake first", () => {
    const first = useServer({
      workers,
      tlsFirst: true,
      config: tlsBlock("handshake_first: true"),
    });
    const auto = useServer({ workers, config: tlsBlock('handshake_first: "300ms"') });

    itSince("2.10", "TL-10: INFO comes inside TLS only", async () => {
      expect(await firstWords(first().port)).toMatch(/^INFO \{.*"tls_required":true/);
      const options = tlsOptions({ ...trusting, handshakeFirst: true });
      await expectIn(first(), options);
      await expect(
        connectForTest(first(), { ...tlsOptions(trusting), timeout: 1_000 }),
      ).rejects.toThrow();
    });

    itSince("2.10", "TL-10: with a delay, clients of either kind come in", async () => {
      await expectIn(auto(), tlsOptions({ ...trusting, handshakeFirst: true }));
      await expectIn(auto(), tlsOptions(trusting));
    });
  });
});
