// `verify` where the block names no authority: those of the system count, as with nats-server.
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";
import { certificates } from "./testdata/certificates.ts";
import { loggedIn, refused } from "./tls-client.ts";

/** OpenSSL and Go look there for the system's authorities. */
const [FILE, FOLDER] = ["SSL_CERT_FILE", "SSL_CERT_DIR"] as const;
const { [FILE]: fileBefore, [FOLDER]: folderBefore } = process.env;

function look(file: string | undefined, folder: string | undefined): void {
  if (file === undefined) delete process.env[FILE];
  else process.env[FILE] = file;
  if (folder === undefined) delete process.env[FOLDER];
  else process.env[FOLDER] = folder;
}
afterAll(() => look(fileBefore, folderBefore));

const NOWHERE = "/nonexistent/authorities";

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
    look(certificates.ca, folderBefore);
    const trusting = await serverForTest({ workers, config });
    look(certificates.otherCa, folderBefore);
    const other = await serverForTest({ workers, config });
    await loggedIn(trusting.port, shown);
    await refused(trusting.port);
    await refused(other.port, shown);
    // A reload makes contexts anew.
    expect(await trusting.reload(config.replace("timeout: 5", "timeout: 6"))).toMatch(/^Reloaded/);
    await loggedIn(trusting.port, shown);
  });

  it("TL-02: where the system has none, nobody is let in, and the server goes on", async () => {
    look(NOWHERE, NOWHERE);
    const server = await serverForTest({ workers, config });
    // Told once, not by each worker.
    expect(server.stderr.match(/system has no certificate authorities/g)).toHaveLength(1);
    await refused(server.port, shown);
    await refused(server.port);
    const withAuthority = config.replace(
      "verify: true",
      `ca_file: "${certificates.ca}", verify: true`,
    );
    expect(await server.reload(withAuthority)).toMatch(/^Reloaded/);
    await loggedIn(server.port, shown);
  });
});
