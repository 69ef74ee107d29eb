// TLS of a running server is reloaded: new connections see it, live ones stay (TL-25, RL-03).
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, expect, it } from "vitest";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, freePort, serverForTest } from "./server-under-test.ts";
import { certificates, made, tlsBlock } from "./testdata/certificates.ts";
import { handshakeFirst, loggedIn, upgraded } from "./tls-client.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-reload-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const OK = /^Reloaded/;

const client = {
  cert: readFileSync(certificates.client),
  key: readFileSync(certificates.clientKey),
};

function pin(file: string): string {
  const { publicKey } = new X509Certificate(readFileSync(file));
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** Of the certificate that is shown there. */
async function fingerprintAt(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? "";
  socket.destroy();
  return fingerprint;
}

describeWithWorkers("reload of TLS", (workers) => {
  it("TL-25: other certificates in the same files, for new connections", async () => {
    const [cert, key] = [join(folder, `cert-${workers}.pem`), join(folder, `key-${workers}.pem`)];
    copyFileSync(certificates.server, cert);
    copyFileSync(certificates.serverKey, key);
    const monitor = await freePort();
    const config = `
      https: "127.0.0.1:${monitor}"
      tls { cert_file: "${cert}", key_file: "${key}", timeout: 5 }`;
    const server = await serverForTest({ workers, config });
    const shown = async (): Promise<string> => {
      const { socket } = await loggedIn(server.port, { rejectUnauthorized: false });
      return socket.getPeerX509Certificate()?.fingerprint256 ?? "";
    };
    const old = await loggedIn(server.port);
    const before = await shown();
    const other = made("dns");
    copyFileSync(other, cert);
    copyFileSync(certificates.clientKey, key);
    expect(await server.reload(config)).toMatch(/private key does not match|type does not match/);
    expect([await shown(), await fingerprintAt(monitor)]).toEqual([before, before]);
    copyFileSync(other, key);
    expect(await server.reload(config)).toMatch(OK);
    expect(server.stderr).toMatch(/Reloaded: tls = enabled/);
    for (let i = 0; i <= workers; i += 1) expect(await shown()).not.toBe(before);
    expect(await fingerprintAt(monitor)).toBe(await shown());
    await old.client.ping();
  });

  it("RL-03: verification, and pins that live connections have to fit", async () => {
    const server = await serverForTest({ workers, config: tlsBlock() });
    const plain = await loggedIn(server.port);
    expect(await server.reload(tlsBlock("verify: true"))).toMatch(OK);
    const refused = await upgraded(server.port);
    await refused.client.waitForClose();
    const known = await loggedIn(server.port, client);
    await plain.client.ping();
    expect(
      await server.reload(
        tlsBlock("verify: true", `pinned_certs: ["${pin(certificates.client)}"]`),
      ),
    ).toMatch(OK);
    await plain.client.waitForClose();
    await known.client.ping();
    const other = tlsBlock("verify: true", `pinned_certs: ["${pin(certificates.server)}"]`);
    expect(await server.reload(other)).toMatch(OK);
    await known.client.waitForClose();
    expect(await server.reload(tlsBlock("verify: true"))).toMatch(OK);
    await loggedIn(server.port, client);
  });

  it("RL-03: TLS comes and goes, and handshake first", async () => {
    const server = await serverForTest({ workers, config: "" });
    const clear = await (await rawForTest(server.port)).login();
    const waiting = await rawForTest(server.port);
    await waiting.info();
    expect(await server.reload(tlsBlock())).toMatch(OK);
    // It was told that it may speak in clear.
    await waiting.waitForClose();
    await clear.ping();
    const info = await (await rawForTest(server.port)).info();
    expect(info["tls_required"]).toBe(true);
    const secure = await loggedIn(server.port);
    expect(await server.reload(tlsBlock("handshake_first: true"))).toMatch(OK);
    await handshakeFirst(server.port).client.login();
    expect(await server.reload("")).toMatch(OK);
    await (await rawForTest(server.port)).login();
    for (const one of [clear, secure.client]) await one.ping();
  });

  it("RL-11: what cannot change is refused by name", async () => {
    const server = await serverForTest({ workers, config: tlsBlock("verify: true") });
    const live = await loggedIn(server.port, client);
    const cases = [
      [tlsBlock("verify_and_map: true"), "TLSMap: old=false, new=true"],
      [tlsBlock("verify: true", "connection_rate_limit: 5"), "TLSRateLimit: old=0, new=5"],
      [`${tlsBlock("verify: true")}\nallow_non_tls: true`, "AllowNonTLS: old=false, new=true"],
    ] as const;
    for (const [config, text] of cases) {
      expect(await server.reload(config)).toMatch(`config reload not supported for ${text}`);
      await live.client.ping();
      await loggedIn(server.port, client);
    }
  });
});
