// `verify` where the block names no authority: those of the system count, as with nats-server.
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";
import { certificates } from "./testdata/certificates.ts";
import { loggedIn, refused } from "./tls-client.ts";

/** OpenSSL and Go look here for the system's authorities. */
const FILE = "SSL_CERT_FILE";
const { [FILE]: before } = process.env;
afterAll(() => {
  if (before === undefined) delete process.env[FILE];
  else process.env[FILE] = before;
});

const config = `tls {
  cert_file: "${certificates.server}"
  key_file: "${certificates.serverKey}"
  verify: true
  timeout: 5
}`;
const shown = {
  cert: readFileSync(certificates.client),
  key: readFileSync(certificates.clientKey),
};

describeWithWorkers("client certificates of the system's authorities", (workers) => {
  it("TL-02 TL-04: who is signed by one of them is let in, and nobody else", async () => {
    process.env[FILE] = certificates.ca;
    const trusting = await serverForTest({ workers, config });
    process.env[FILE] = certificates.otherCa;
    const other = await serverForTest({ workers, config });
    await loggedIn(trusting.port, shown);
    await refused(trusting.port);
    await refused(other.port, shown);
    // A reload makes contexts anew.
    expect(await trusting.reload(config.replace("5", "6"))).toMatch(/^Reloaded/);
    await loggedIn(trusting.port, shown);
  });
});
