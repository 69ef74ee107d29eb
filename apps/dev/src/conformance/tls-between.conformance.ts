// Client certificates with an authority between them and the one that is trusted (attack 32).
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { expect, it } from "vitest";
import { describeWithWorkers, freePort, serverForTest } from "./server-under-test.ts";
import { certificates, made } from "./testdata/certificates.ts";
import { loggedIn, refused } from "./tls-client.ts";
import { monitorStatus } from "./tls-monitor.ts";

function shows(name: string): ConnectionOptions {
  const pem = readFileSync(made(name));
  return { cert: pem, key: pem };
}

describeWithWorkers("authorities between", (workers) => {
  it("attack 32, TL-04: one that has run out lets nobody in, by clients' and monitoring port", async () => {
    const monitor = await freePort();
    const config = `https: "127.0.0.1:${monitor}"
      monitor_login { client_certificate: true }
      tls {
        cert_file: "${certificates.server}"
        key_file: "${certificates.serverKey}"
        ca_file: "${made("roots")}"
        verify: true
        timeout: 5
      }`;
    const server = await serverForTest({ workers, config });
    await loggedIn(server.port, shows("valid-chain"));
    await refused(server.port, shows("expired-chain"));
    expect(await monitorStatus(monitor, shows("valid-chain"))).toBe(200);
    expect(await monitorStatus(monitor, shows("expired-chain"))).toBe(401);
    // The authority between is not the root of those who come without it.
    const [alone = ""] = readFileSync(made("valid-chain"), "utf8").split(
      /(?<=-END CERTIFICATE-----\n)/,
    );
    const { key } = shows("valid-chain");
    await refused(server.port, { cert: alone, key });
  });
});
