// How many handshakes a listener takes, and which suites it offers when nobody chose.
import { expect, test } from "vitest";
import { until } from "./test-peers.ts";
import { echoes, infoThenTls, startTls, upgrade } from "./test-tls-peers.ts";
import { HANDSHAKE_RATE_BYTES } from "./tls-handshake-rate.ts";

test("TL-09: a client that knows no better suite than the reference's last ones comes in", async () => {
  const running = await startTls({}, infoThenTls);
  const client = await upgrade(running, {
    maxVersion: "TLSv1.2",
    ciphers: "ECDHE-ECDSA-AES128-SHA",
  });
  await echoes(client, "x");
  expect(running.sessions[0]!.facts?.cipher).toBe("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA");
  const bad = await upgrade(running, { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" });
  await until(() => bad.closed);
  expect(running.sessions[1]!.closed?.cause).toBe("tls");
  client.socket.destroy();
});

test("TL-12, CP-94: one connection too many reads why, in clear, and is closed", async () => {
  const region = new SharedArrayBuffer(HANDSHAKE_RATE_BYTES);
  const rejected: number[] = [];
  const rateRefusal = "-ERR 'too many'\r\n";
  const change = { handshakeRate: { perSecondMax: 2, region }, rateRefusal };
  const server = await startTls(change, infoThenTls, (count) => rejected.push(count));
  const first = await upgrade(server);
  await echoes(first, "x");
  const second = await upgrade(server);
  const [third, fourth] = [await server.connect(), await server.connect()];
  // It has begun to shake hands already: its hello must not turn the refusal into a reset.
  fourth.socket.write(Uint8Array.of(0x16, 3, 1, 0, 9));
  await until(() => third.ended && fourth.ended);
  expect(third.text).toBe(`INFO {}\r\n${rateRefusal}`);
  expect(fourth.text).toBe(`INFO {}\r\n${rateRefusal}`);
  await echoes(second, "y");
  await until(() => server.sessions[3]!.closedCount === 1);
  expect(server.sessions[3]!.closed).toEqual({ cause: "refused", detail: "" });
  await until(() => rejected.length > 0);
  expect(rejected).toEqual([2]);
  const later = await upgrade(server);
  await echoes(later, "z");
  for (const client of [first, second, later]) client.socket.destroy();
});

test("TL-12: clear connections beside TLS are not counted", async () => {
  const region = new SharedArrayBuffer(HANDSHAKE_RATE_BYTES);
  const running = await startTls({ handshakeRate: { perSecondMax: 1, region } }, (session) => {
    session.react = (bytes) => {
      if (session.facts === undefined && bytes[0] === 0x16) session.transport.startTls();
      else session.transport.write([Buffer.from(bytes)]);
    };
    session.transport.write([Buffer.from("INFO {}\r\n")]);
  });
  for (let count = 0; count < 3; count += 1) {
    const clear = await running.connect();
    await echoes(clear, "clear");
    clear.socket.destroy();
  }
  const secure = await upgrade(running);
  await echoes(secure, "secure");
  const refused = await upgrade(running);
  await until(() => refused.closed);
  secure.socket.destroy();
});
