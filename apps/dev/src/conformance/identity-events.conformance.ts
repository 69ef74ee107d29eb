// What events about logins tell beyond the reference's (GP-5, GP-13): the secured line and its
// certificate, and why a login was refused.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { connectForTest } from "./client-library.ts";
import { describeWithWorkers, itWeft, serverForTest } from "./server-under-test.ts";
import { SYSTEM_CONFIG, SystemClient } from "./system-client.ts";
import { certificates, tlsBlock, withCertificate } from "./testdata/certificates.ts";
import { loggedIn, upgraded } from "./tls-client.ts";

const own = {
  cert: readFileSync(certificates.client),
  key: readFileSync(certificates.clientKey),
};

describeWithWorkers("events about logins", (workers) => {
  itWeft("GP-5 GP-13: certificates of who comes, causes of refusals", async () => {
    const config = `${SYSTEM_CONFIG}\n${tlsBlock("verify: true")}`;
    const server = await serverForTest({ workers, config });
    const login = { user: "sys", pass: "pw", tls: withCertificate };
    const system = new SystemClient(await connectForTest(server, login));
    const events = await system.events("$SYS.ACCOUNT.ACC.*");
    const failures = await system.events("$SYS.SERVER.*.CLIENT.AUTH.ERR");
    const { client } = await loggedIn(server.port, own, { user: "acc", pass: "pw" });
    const certificate = new X509Certificate(own.cert);
    const hash = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    const tls = {
      version: "1.3",
      cipher_suite: expect.stringMatching(/^TLS_/),
      peer_certs: [
        { subject: expect.any(String), cert_sha256: hash, spki_sha256: expect.any(String) },
      ],
    };
    const came = await events.first((_event, subject) => subject.endsWith(".CONNECT"));
    expect(came).toMatchObject({ client: { acc: "ACC", user: "acc", tls } });
    client.end();
    const went = await events.first((_event, subject) => subject.endsWith(".DISCONNECT"));
    expect(went).toMatchObject({ client: { tls } });

    for (const [user, cause] of [
      ["acc", "password wrong"],
      ["nobody", "user unknown"],
    ]) {
      const secure = await upgraded(server.port, own);
      secure.client.sendConnect({ user, pass: "5ecret" });
      await secure.client.waitForClose();
      const told = await failures.first(({ client: who }) => Object(who).user === user);
      expect(told).toMatchObject({ reason: "Authentication Failure", cause, client: { tls } });
      expect(JSON.stringify(told)).not.toContain("5ecret");
    }
  });
});
