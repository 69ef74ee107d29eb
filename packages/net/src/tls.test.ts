// TLS over real sockets: who gets in, who does not, and what the session is told.

import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { describe, expect, test } from "vitest";
import { pem, type RecordingSession, TestClient, TestServer, until } from "./test-peers.ts";
import {
  echoes,
  infoThenTls,
  REFUSAL,
  startTls,
  TLS_BASE,
  TRUST,
  upgrade,
} from "./test-tls-peers.ts";

function tlsFirst(session: RecordingSession): void {
  session.transport.startTls();
  session.onSecured = () => session.transport.write([Buffer.from("INFO {}\r\n")]);
}

test("CP-18: INFO in clear, then TLS on the same socket", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await upgrade(running);
  await echoes(client, "PING\r\n");
  const session = await running.session();
  expect(session.facts?.version).toBe("TLSv1.3");
  expect(session.facts?.cipher).toMatch(/^TLS_/);
  expect(session.facts?.peerCertificate).toBeUndefined();
  client.socket.end();
  await until(() => session.closedCount === 1);
  expect(session.closed?.cause).toBe("peer");
});

test("large messages pass both ways and stay whole", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await upgrade(running);
  const session = await running.session();
  session.react = undefined;
  const payload = randomBytes(3 * 1024 * 1024);
  client.socket.write(payload);
  await until(() => session.bytesSeen === payload.length);
  expect(Buffer.concat(session.chunks).equals(payload)).toBe(true);
  session.transport.write([payload.subarray(0, 100_000), payload.subarray(100_000)]);
  await until(() => client.text.length === payload.length);
  expect(Buffer.from(client.text, "latin1").equals(payload)).toBe(true);
  client.socket.destroy();
});

test("TL-10: TLS before INFO", async () => {
  const running = await startTls({}, tlsFirst);
  const client = new TestClient(tls.connect({ ...TRUST, port: running.port, host: "127.0.0.1" }));
  await until(() => client.text === "INFO {}\r\n");
  client.socket.destroy();
});

test("CP-19: a session that sees a TLS hello starts TLS from inside that call", async () => {
  const running = await startTls({}, (session) => {
    session.keepChunks = false;
    session.transport.write([Buffer.from("INFO {}\r\n")]);
    session.react = (bytes) => {
      if (session.facts === undefined && bytes[0] === 0x16) session.transport.startTls();
      else session.transport.write([Buffer.from(bytes)]);
    };
  });
  const secure = await upgrade(running);
  await echoes(secure, "secure\r\n");
  const plain = await running.connect();
  await echoes(plain, "clear\r\n");
  expect(running.sessions[0]!.facts?.version).toBe("TLSv1.3");
  expect(running.sessions[1]!.facts).toBeUndefined();
  secure.socket.destroy();
  plain.socket.destroy();
});

/** A client whose bytes pass through `forward` on their way to the server. */
async function throughRelay(
  running: TestServer,
  forward: (chunk: Buffer, toServer: net.Socket) => void,
): Promise<{ readonly client: TestClient; close(): void }> {
  const plain = await running.connect();
  await until(() => plain.text === "INFO {}\r\n");
  plain.socket.removeAllListeners("data");
  plain.socket.setNoDelay(true);
  const relay = net.createServer((near) => {
    near.on("data", (chunk: Buffer) => forward(chunk, plain.socket));
    near.on("error", () => undefined);
    plain.socket.on("data", (chunk: Buffer) => near.write(chunk));
  });
  await new Promise<void>((done) => relay.listen(0, "127.0.0.1", done));
  const { port } = relay.address() as net.AddressInfo;
  const client = new TestClient(tls.connect({ ...TRUST, port, host: "127.0.0.1" }));
  const close = (): void => {
    client.socket.destroy();
    plain.socket.destroy();
    relay.close();
  };
  return { client, close };
}

test("a hello that trickles in byte by byte succeeds", async () => {
  const running = await startTls({}, infoThenTls);
  const relay = await throughRelay(running, (chunk, toServer) => {
    for (const byte of chunk) toServer.write(Uint8Array.of(byte));
  });
  await echoes(relay.client, "drop by drop");
  relay.close();
});

test("what a session writes during the handshake leaves after it", async () => {
  const running = await startTls({}, infoThenTls);
  const held: Buffer[] = [];
  let server: net.Socket | undefined;
  const relay = await throughRelay(running, (chunk, toServer) => {
    if (server === undefined) toServer.write(chunk.subarray(0, 20));
    held.push(server === undefined ? chunk.subarray(20) : chunk);
    server = toServer;
  });
  await until(() => held.length > 0);
  const session = await running.session();
  for (let pass = 0; pass < 10; pass += 1) await new Promise((done) => setImmediate(done));
  session.transport.write([Buffer.from("-ERR 'early'\r\n")]);
  expect(session.facts).toBeUndefined();
  const drain = setInterval(() => {
    for (const chunk of held.splice(0)) server!.write(chunk);
  }, 1);
  await until(() => relay.client.text === "-ERR 'early'\r\n");
  clearInterval(drain);
  expect(session.facts?.version).toBe("TLSv1.3");
  relay.close();
});

test("CP-93: clear data on a TLS port gets the refusal in clear and a close", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await running.connect();
  client.socket.write("CONNECT {}\r\nPING\r\n");
  await until(() => client.closed);
  expect(client.text).toBe(`INFO {}\r\n${REFUSAL}`);
  const session = await running.session();
  await until(() => session.closedCount === 1);
  expect(session.bytesSeen).toBe(0);
  expect(session.closed).toEqual({
    cause: "tls",
    detail: "first record does not look like a TLS handshake",
  });
});

test("TL-06: a handshake that does not come in time is cut", async () => {
  const running = await startTls({ handshakeTimeoutMs: 60 }, infoThenTls);
  const silent = await running.connect();
  await until(() => silent.closed);
  expect(running.sessions[0]!.closed).toEqual({ cause: "tls", detail: "TLS handshake timeout" });
});

test("TL-06: a handshake that trickles does not get more time", async () => {
  const running = await startTls({ handshakeTimeoutMs: 80 }, infoThenTls);
  const trickler = await running.connect();
  trickler.socket.on("error", () => undefined);
  const drip = setInterval(() => trickler.socket.write(Uint8Array.of(0x16)), 10);
  await until(() => trickler.closed, 1500);
  clearInterval(drip);
  expect(running.sessions[0]!.closed?.cause).toBe("tls");
});

test("a peer that leaves during the handshake is a TLS failure", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await running.connect();
  client.socket.write(Uint8Array.of(0x16, 3, 1));
  client.socket.end();
  const session = await running.session();
  await until(() => session.closedCount === 1);
  expect(session.closed?.cause).toBe("tls");
});

test("garbage behind a TLS record header is a TLS failure", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await running.connect();
  client.socket.write(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 9]), Buffer.alloc(400, 0x41)]));
  const session = await running.session();
  await until(() => session.closedCount === 1);
  expect(session.closed?.cause).toBe("tls");
  expect(session.facts).toBeUndefined();
});

test("pausing holds decrypted bytes back", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await upgrade(running);
  await echoes(client, "one");
  const session = await running.session();
  session.react = undefined;
  session.transport.pauseReading();
  client.socket.write("two");
  for (let pass = 0; pass < 30; pass += 1) await new Promise((done) => setImmediate(done));
  expect(session.text).toBe("one");
  session.transport.resumeReading();
  await until(() => session.text === "onetwo");
  client.socket.destroy();
});

test("end over TLS delivers the last line", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await upgrade(running);
  await echoes(client, "one");
  const session = await running.session();
  session.transport.write([Buffer.from("-ERR 'x'\r\n")]);
  session.transport.end();
  await until(() => client.closed && session.closedCount === 1);
  expect(client.text).toBe("one-ERR 'x'\r\n");
  expect(session.closed?.cause).toBe("local");
});

test("TL-08: a client below the least version is refused", async () => {
  const running = await startTls({ minVersion: "1.3" }, infoThenTls);
  const client = await upgrade(running, { maxVersion: "TLSv1.2" });
  await until(() => client.closed);
  expect(running.sessions[0]!.closed?.cause).toBe("tls");
});

test("TL-07: only the configured suites are taken", async () => {
  const only = ["ECDHE-ECDSA-AES128-GCM-SHA256"];
  const running = await startTls({ ciphers: only }, infoThenTls);
  const good = await upgrade(running, { maxVersion: "TLSv1.2" });
  await echoes(good, "x");
  expect(running.sessions[0]!.facts?.cipher).toBe("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
  const bad = await upgrade(running, {
    maxVersion: "TLSv1.2",
    ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384",
  });
  await until(() => bad.closed);
  expect(running.sessions[1]!.closed?.cause).toBe("tls");
  good.socket.destroy();
});

test("tickets of one thread are good on another that shares the keys", async () => {
  const first = await startTls({}, infoThenTls);
  const client = await upgrade(first);
  let ticket: Buffer | undefined;
  client.socket.on("session", (session: Buffer) => {
    ticket = session;
  });
  await echoes(client, "x");
  await until(() => ticket !== undefined);
  client.socket.destroy();
  await first.stop();
  const second = await startTls({}, infoThenTls);
  const resumed = await upgrade(second, { session: ticket! });
  await echoes(resumed, "x");
  expect((resumed.socket as tls.TLSSocket).isSessionReused()).toBe(true);
  await second.stop();
  const other = await startTls({ sessionContext: "listener 1" }, infoThenTls);
  const fresh = await upgrade(other, { session: ticket! });
  await echoes(fresh, "x");
  expect((fresh.socket as tls.TLSSocket).isSessionReused()).toBe(false);
  fresh.socket.destroy();
  resumed.socket.destroy();
});

describe("TL-04: a client certificate is required", () => {
  const cases = [
    { name: "absent", given: {}, detail: /certificate/i },
    { name: "client-wrong-ca", given: certificate("client-wrong-ca"), detail: /UNABLE_TO_/ },
    { name: "client-expired", given: certificate("client-expired"), detail: /CERT_HAS_EXPIRED/ },
  ];
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const { name, given, detail } of cases) {
      test(`${name} is refused, ${version}`, async () => {
        const running = await startTls({ verifyClients: true }, infoThenTls);
        const client = await upgrade(running, { ...given, maxVersion: version });
        client.socket.write("PING\r\n");
        await until(() => client.closed);
        const session = await running.session();
        await until(() => session.closedCount === 1);
        expect(session.facts).toBeUndefined();
        expect(session.bytesSeen).toBe(0);
        expect(session.closed?.cause).toBe("tls");
        expect(session.closed?.detail).toMatch(detail);
      });
    }

    test(`AN-31: a good one is told to the session, ${version}`, async () => {
      const running = await startTls({ verifyClients: true }, infoThenTls);
      const client = await upgrade(running, { ...certificate("client"), maxVersion: version });
      await echoes(client, "PING\r\n");
      const facts = (await running.session()).facts!;
      expect(facts.version).toBe(version);
      expect(facts.peerSubject).toBe("CN=alice,OU=Clients,O=Weft\\, Test,C=CH");
      expect(facts.peerAltNames).toEqual([
        "alice@weft.test",
        "alice.weft.test",
        "spiffe://weft.test/alice",
      ]);
      expect(facts.peerCertificate?.length).toBeGreaterThan(300);
      client.socket.destroy();
    });
  }
});

function certificate(name: string): tls.ConnectionOptions {
  return { cert: pem(`${name}.pem`), key: pem(`${name}.key`) };
}

test("TL-04: authorities of clients are not sent along with the own certificate", async () => {
  const running = await startTls({ verifyClients: false }, tlsFirst);
  const strange = tls.connect({ port: running.port, host: "127.0.0.1" });
  const [error] = (await once(strange, "error")) as [NodeJS.ErrnoException];
  // With the authority's certificate at hand it would be SELF_SIGNED_CERT_IN_CHAIN.
  expect(error.code).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test("TL-02, TL-07: unusable material is refused at the start", () => {
  const mixed = [{ certificate: pem("server.pem"), key: pem("client.key") }];
  expect(() => new TestServer({ tls: { ...TLS_BASE, certificates: mixed } })).toThrow();
  expect(() => new TestServer({ tls: { ...TLS_BASE, certificates: [] } })).toThrow();
  expect(() => new TestServer({ tls: { ...TLS_BASE, curves: ["no-such"] } })).toThrow();
});

test("TL-03: a further certificate is chosen by the name that the client asks for", async () => {
  const pairs = ["server", "client"].map((name) => ({
    certificate: pem(`${name}.pem`),
    key: pem(`${name}.key`),
  }));
  const running = await startTls({ certificates: pairs }, infoThenTls);
  for (const [servername, subject] of [
    ["localhost", "localhost"],
    ["alice.weft.test", "alice"],
  ]) {
    const client = await upgrade(running, { servername: servername! });
    await echoes(client, "x");
    expect((client.socket as tls.TLSSocket).getPeerCertificate().subject.CN).toBe(subject);
    client.socket.destroy();
  }
});

test("TL-13: only pinned client keys get in", async () => {
  const der = new X509Certificate(pem("client.pem")).publicKey.export({
    type: "spki",
    format: "der",
  });
  const digest = createHash("sha256").update(der).digest("hex");
  const options = { verifyClients: true, pinnedKeys: [digest] };
  const good = await startTls(options, infoThenTls);
  const client = await upgrade(good, certificate("client"));
  await echoes(client, "x");
  client.socket.destroy();
  await good.stop();
  const bad = await startTls({ ...options, pinnedKeys: ["0".repeat(64)] }, infoThenTls);
  const refused = await upgrade(bad, certificate("client"));
  await until(() => refused.closed);
  expect(bad.sessions[0]!.closed).toEqual({
    cause: "tls",
    detail: "client certificate is not pinned",
  });
});
