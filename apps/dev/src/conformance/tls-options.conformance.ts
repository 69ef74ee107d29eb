// What the fields of a `tls` block do on the wire: versions, suites, curves, pins, times, the rate of
// handshakes, formats of keys. Must stay true: for every bound, what is inside it passes as well.

import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ConnectionOptions, EphemeralKeyInfo } from "node:tls";
import { describe, expect, it } from "vitest";
import { pause, within } from "./deadline.ts";
import { type RawClient, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  isAtLeast,
  isOtherServer,
  itSince,
  type StartOptions,
} from "./server-under-test.ts";
import { certificates, made, tlsBlock } from "./testdata/certificates.ts";
import {
  handshakeFirst,
  handshaken,
  loggedIn,
  refused,
  type SecureClient,
  upgraded,
  useServers,
} from "./tls-client.ts";

/** How OpenSSL tells of alerts, with and without something to write. */
const HANDSHAKE_FAILURE = /handshake failure/i;
const WRONG_VERSION = /alert protocol version/i;

const THROTTLED = "-ERR 'Connection throttling is active. Please try again later.'\r\n";
/** Handshakes of a second that the test allows, and connections that try. */
const RATE = 3;
const CROWD = 8;
const FORMATS = ["rsa-pkcs1", "rsa-pkcs8", "ec-sec1", "ed25519", "chain"] as const;
/** OpenSSL's names of what is offered without configuration below TLS 1.3. */
const DEFAULT_SUITES: readonly string[] = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  // The reference had a list of its own, without these, before it took that of its language.
  ...(isAtLeast("2.11") ? ["ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA"] : []),
];
/** Only what TLS 1.2 has. */
const OLDER: ConnectionOptions = { maxVersion: "TLSv1.2" };

function shows(name: string): ConnectionOptions {
  const pem = readFileSync(made(name));
  return { cert: pem, key: pem };
}

/** SHA-256 of the public key of a made certificate. */
function pinOf(name: string): string {
  const key = new X509Certificate(readFileSync(made(name))).publicKey;
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** A block with this certificate, whose file also holds the key. */
function blockOf(name: string, ...lines: readonly string[]): string {
  const file = made(name);
  return ["tls {", `cert_file: "${file}"`, `key_file: "${file}"`, ...lines, "}"].join("\n");
}

async function suiteOf(port: number, ciphers: string): Promise<string> {
  const { socket } = await loggedIn(port, { ...OLDER, ciphers });
  return socket.getCipher().name;
}

async function groupOf(port: number, options: ConnectionOptions): Promise<string> {
  const { socket } = await loggedIn(port, options);
  return (socket.getEphemeralKeyInfo() as EphemeralKeyInfo).name ?? "";
}

/** True for a client that came in, false for one that read why it did not. */
async function isAdmitted(secure: Promise<SecureClient>): Promise<boolean> {
  const { client } = await secure;
  client.sendConnect();
  client.send("PING\r\n");
  return client.waitFor(/PONG\r\n/).then(
    () => true,
    () => false,
  );
}

function count<T>(values: readonly T[], wanted: T): number {
  return values.filter((value) => value === wanted).length;
}

function pairOf(name: string): string {
  if (name !== "localhost") return `{ cert_file: "${made(name)}", key_file: "${made(name)}" }`;
  return `{ cert_file: "${certificates.server}", key_file: "${certificates.serverKey}" }`;
}

/** Trusts a made server certificate and asks for it by its name. */
function trustingMade(name: string): ConnectionOptions {
  return { ca: readFileSync(made("ca")), servername: `${name}.test` };
}

/** What a client reads behind INFO before its handshake: why it is turned away, or nothing. */
async function wordBehindInfo(client: RawClient): Promise<string> {
  await client.info();
  return client.waitFor(/-ERR '.*'\r\n/, 400).then(
    ([text]) => text,
    () => "",
  );
}

/** Handshakes are counted in windows of a second from their first connection. */
function windowIsOver(beginMs: number): Promise<void> {
  const restMs = beginMs + 1_100 - performance.now();
  return pause(Math.max(0, restMs), "the second of the limit");
}

/** One server each; what belongs together in a file anyway is tried together. */
const CONFIGS: Record<"standard" | "chosen" | "pinned" | "rated", StartOptions> = {
  standard: { config: tlsBlock() },
  chosen: {
    config: blockOf(
      "rsa-pkcs8",
      "cipher_suites: [ TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 ]",
      "curve_preferences: [ CurveP384 ]",
      "timeout: 0.6",
    ),
  },
  pinned: {
    config: blockOf(
      "rsa-pkcs8",
      `ca_file: "${made("ca")}"`,
      "verify: true",
      `pinned_certs: [ "${pinOf("dns").toUpperCase()}", "${"0".repeat(64)}" ]`,
      isAtLeast("2.11") ? 'min_version: "1.3"' : "",
    ),
  },
  // The one that looks for INFO at the start would be counted as well.
  rated: { config: tlsBlock(`connection_rate_limit: ${RATE}`), tlsFirst: true },
};

/** With fields that the reference got after 2.9. */
const NEWER: Record<"many" | "mixed", StartOptions> = {
  many: {
    config: `tls {
      certs: [ ${["localhost", ...FORMATS].map(pairOf).join(", ")} ]
      allow_insecure_cipher_suites: true
      cipher_suites: [ TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_3DES_EDE_CBC_SHA ]
    }`,
  },
  mixed: {
    config: `allow_non_tls: true\n${tlsBlock(
      "handshake_first: auto",
      `connection_rate_limit: ${RATE}`,
    )}`,
    tlsFirst: true,
  },
};

describeWithWorkers("TLS options", (workers) => {
  const configs = { ...CONFIGS, ...(isAtLeast("2.11") ? NEWER : {}) };
  const wanted = Object.entries(configs).map(([name, options]) => [name, { ...options, workers }]);
  const servers = useServers(Object.fromEntries(wanted) as typeof CONFIGS & typeof NEWER);

  describe("without a word about them", () => {
    const port = (): number => servers("standard").port;

    it("TL-08: clients of TLS 1.2 and 1.3 come in, of 1.1 and 1.0 not", async () => {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        const { socket } = await loggedIn(port(), { minVersion: version, maxVersion: version });
        expect(socket.getProtocol()).toBe(version);
      }
      for (const version of ["TLSv1", "TLSv1.1"] as const) {
        const ciphers = "ALL:@SECLEVEL=0";
        const options = { minVersion: version, maxVersion: version, ciphers };
        expect(await refused(port(), options)).toMatch(WRONG_VERSION);
      }
    });

    it("TL-09: every suite that the reference calls secure is taken, and no other", async () => {
      for (const suite of DEFAULT_SUITES) expect(await suiteOf(port(), suite)).toBe(suite);
      for (const suite of [
        "AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-SHA256",
        "DHE-RSA-AES128-SHA",
      ]) {
        expect(await refused(port(), { ...OLDER, ciphers: suite })).toMatch(HANDSHAKE_FAILURE);
      }
    });

    it("TL-08: the server's order of suites counts, not the client's", async () => {
      const [first, second] = DEFAULT_SUITES as [string, string];
      expect(await suiteOf(port(), `${second}:${first}`)).toBe(first);
      expect(await suiteOf(port(), `${first}:${second}`)).toBe(first);
      const ciphers = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
      const { socket } = await loggedIn(port(), { ciphers, minVersion: "TLSv1.3" });
      expect(socket.getCipher().name).toBe("TLS_AES_128_GCM_SHA256");
    });

    it("TL-15 TL-24: no application protocol is chosen, and nothing is negotiated anew", async () => {
      const { socket, client } = await upgraded(port(), { ...OLDER, ALPNProtocols: ["nats"] });
      const failed = new Promise<NodeJS.ErrnoException>((resolve) => {
        socket.once("error", resolve);
      });
      await client.login();
      expect(socket.alpnProtocol).toBe(false);
      socket.renegotiate({}, () => undefined);
      const { code } = await within(failed, "an answer to the new handshake");
      expect(code).toMatch(/NO_RENEGOTIATION|UNEXPECTED_MESSAGE/);
    });

    it("TL-07: keys are agreed upon in every usual group", async () => {
      for (const [curve, name] of [
        ["X25519", "X25519"],
        ["P-256", "prime256v1"],
        ["P-384", "secp384r1"],
        ["P-521", "secp521r1"],
      ] as const) {
        expect(await groupOf(port(), { minVersion: "TLSv1.3", ecdhCurve: curve })).toBe(name);
      }
    });
  });

  describe("with suites, curves and a timeout", () => {
    const port = (): number => servers("chosen").port;
    const trusting = trustingMade("rsa-pkcs8");

    it("TL-07: only the suites of the configuration, by their IANA names", async () => {
      const wanted = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";
      const { socket } = await loggedIn(port(), { ...trusting, ...OLDER, ciphers: wanted });
      expect(socket.getCipher().name).toBe("ECDHE-RSA-AES128-GCM-SHA256");
      const others = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
      const said = await refused(port(), { ...trusting, ...OLDER, ciphers: others });
      expect(said).toMatch(HANDSHAKE_FAILURE);
    });

    it("TL-09: those of TLS 1.3 are not a choice", async () => {
      for (const ciphers of ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]) {
        const { socket } = await loggedIn(port(), { ...trusting, ciphers, minVersion: "TLSv1.3" });
        expect(socket.getCipher().name).toBe(ciphers);
      }
    });

    it.each(["TLSv1.2", "TLSv1.3"] as const)("TL-07: only its curves, %s", async (version) => {
      const options = { ...trusting, minVersion: version, maxVersion: version };
      expect(await groupOf(port(), { ...options, ecdhCurve: "X25519:P-384" })).toBe("secp384r1");
      const said = await refused(port(), { ...options, ecdhCurve: "X25519:P-256" });
      expect(said).toMatch(HANDSHAKE_FAILURE);
    });

    it("TL-06: a handshake that has not ended in time is cut", async () => {
      const silent = await rawForTest(port());
      const slow = await rawForTest(port());
      await Promise.all([silent.info(), slow.info()]);
      slow.send("\u0016\u0003\u0001\u0002\u0000\u0001");
      const quick = await loggedIn(port(), trusting);
      const begin = performance.now();
      await Promise.all([silent.waitForClose(), slow.waitForClose()]);
      expect(performance.now() - begin).toBeLessThan(5_000);
      // Whoever made it in time stays.
      await quick.client.ping();
    });
  });

  describe("with pins and a least version", () => {
    const port = (): number => servers("pinned").port;
    const trusting = trustingMade("rsa-pkcs8");

    it("TL-13: only clients with one of the pinned keys come in", async () => {
      await loggedIn(port(), { ...trusting, ...shows("dns") });
      await refused(port(), { ...trusting, ...shows("uri") });
      await refused(port(), trusting);
    });

    itSince("2.11", "TL-08: with TLS 1.3 as the least nothing else is spoken", async () => {
      const options = { ...trusting, ...shows("dns") };
      const { socket } = await loggedIn(port(), options);
      expect(socket.getProtocol()).toBe("TLSv1.3");
      expect(await refused(port(), { ...options, ...OLDER })).toMatch(WRONG_VERSION);
    });
  });

  describe("with a limit on handshakes", () => {
    it(`TL-12 CP-94: ${RATE} of ${CROWD} come in, the others read why, all may try again`, async () => {
      const server = servers("rated");
      const windowBegins = performance.now();
      const crowd = Array.from({ length: CROWD }, () => rawForTest(server.port));
      const clients = await Promise.all(crowd);
      const words = await Promise.all(clients.map(wordBehindInfo));
      expect(count(words, THROTTLED)).toBe(CROWD - RATE);
      expect(count(words, "")).toBe(RATE);
      const tooMany = clients.filter((_, index) => words[index] !== "");
      await Promise.all(tooMany.map((client) => client.waitForClose()));
      for (const client of clients) client.end();
      const line = `[WRN] Rejected ${CROWD - RATE} connections due to TLS rate limiting`;
      if (!isOtherServer) {
        await server.waitForLog(/connections due to TLS rate/, 3_000);
        expect(server.stderr).toContain(line);
      }
      await windowIsOver(windowBegins);
      const admitted = await Promise.all([0, 1].map(() => isAdmitted(upgraded(server.port))));
      expect(admitted).toEqual([true, true]);
    });
  });

  describe("with newer fields", () => {
    itSince("2.11", "TL-07: insecure suites are taken where they are allowed by name", async () => {
      const { port } = servers("many");
      const options = { ...OLDER, ...trustingMade("rsa-pkcs1") };
      const { socket } = await loggedIn(port, { ...options, ciphers: "AES128-GCM-SHA256" });
      expect(socket.getCipher().standardName).toBe("TLS_RSA_WITH_AES_128_GCM_SHA256");
      const other = await refused(port, { ...options, ciphers: "ECDHE-RSA-AES128-GCM-SHA256" });
      expect(other).toMatch(HANDSHAKE_FAILURE);
    });

    itSince("2.11", "TL-02 TL-03: keys in every format, chosen by the name asked for", async () => {
      const { port } = servers("many");
      for (const name of FORMATS) {
        const { socket } = await loggedIn(port, trustingMade(name));
        expect(socket.getPeerCertificate().subject.CN).toBe(name);
      }
      const { socket } = await loggedIn(port);
      expect(socket.getPeerCertificate().subject.CN).toBe("localhost");
    });

    itSince("2.11", "TL-10 CP-19 TL-12: each kind of client beside the others", async () => {
      const { port } = servers("mixed");
      // TLS at once: INFO comes inside, and says that TLS is required.
      const first = handshakeFirst(port);
      await handshaken(first);
      expect(await first.client.info()).toMatchObject({ tls_required: true });
      await first.client.login();
      // A silent one gets INFO in clear, which leaves the choice, and then speaks TLS or not.
      const begin = performance.now();
      const clear = await rawForTest(port);
      const info = await clear.info();
      expect(performance.now() - begin).toBeGreaterThan(45);
      expect(info["tls_required"] ?? false).toBe(false);
      expect(info["tls_available"]).toBe(true);
      await clear.login();
      await loggedIn(port);
      // Clear ones are not counted, those with TLS are.
      await windowIsOver(performance.now());
      const crowd = Array.from({ length: CROWD }, () => isAdmitted(upgraded(port)));
      const others = Array.from({ length: CROWD }, async () => (await rawForTest(port)).login());
      expect(count(await Promise.all(crowd), true)).toBe(RATE);
      await Promise.all(others);
    });
  });
});
