// What certificate files may look like, and what is said of those that are not right (TL-02).
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkTlsFiles, readCertificateFiles } from "./certificate-files.ts";
import { testFile, tls } from "./testing/tls-options.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-certificates-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const certificate = readFileSync(testFile("server.pem"), "utf8");
const key = readFileSync(testFile("server.key"), "utf8");
const keyObject = createPrivateKey(key);
const sec1 = String(keyObject.export({ type: "sec1", format: "pem" }));
const encrypted = { cipher: "aes-128-cbc", passphrase: "x", format: "pem" } as const;
const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

function judged(certText: string | Uint8Array, keyText: string): string | undefined {
  const certFile = file("given.pem", certText);
  return checkTlsFiles({ ...tls(), certFile, keyFile: file("given.key", keyText) });
}

describe("TL-02: good files", () => {
  test.each([
    ["PKCS #8", certificate, key],
    ["SEC 1", certificate, sec1],
    ["SEC 1 behind its parameters", certificate, parameters + sec1],
    ["text around the blocks", `Certificate:\n  Data: 1\n${certificate}\nend\n`, `Key:\n${key}`],
    ["Windows line ends", certificate.replaceAll("\n", "\r\n"), key.replaceAll("\n", "\r\n")],
    ["both in one file", key + certificate, certificate + key],
  ])("%s", (_name, certText, keyText) => {
    expect(judged(certText, keyText)).toBeUndefined();
  });

  test("a chain is kept in its order, and so are several authorities", () => {
    const other = readFileSync(testFile("ca.pem"), "utf8");
    const certFile = file("chain.pem", `${certificate}\n-- and who signed it --\n${other}`);
    const caFile = file("authorities.pem", `${other}\n${certificate}\n`);
    const read = readCertificateFiles({ ...tls(), certFile, caFile });
    expect(read.certificates[0]?.certificate).toBe(`${certificate.trim()}\n${other.trim()}\n`);
    expect(read.authorities).toBe(`${other.trim()}\n${certificate.trim()}\n`);
  });

  test("no certificate at all is for others to judge", () => {
    const { certFile: _cert, keyFile: _key, ...rest } = tls();
    expect(readCertificateFiles(rest)).toMatchObject({ certificates: [] });
  });
});

const PAIR = "error parsing X509 certificate/key pair";

describe("TL-02: files that are not right", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const rsaKey = String(rsa.export({ type: "pkcs1", format: "pem" }));
  const otherKey = readFileSync(testFile("client.key"), "utf8");
  const publicKey = String(createPublicKey(key).export({ type: "spki", format: "pem" }));
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

  test.each([
    ["another key", certificate, otherKey, "tls: private key does not match public key"],
    [
      "a key of another kind",
      certificate,
      rsaKey,
      "tls: private key type does not match public key type",
    ],
    ["no PEM", "hello", key, "tls: failed to find any PEM data in certificate input"],
    ["an empty key file", certificate, "", "tls: failed to find any PEM data in key input"],
    ["only a key", key, key, /but did find a private key; PEM inputs may have been switched$/],
    ["no certificate in it", publicKey, key, /"CERTIFICATE" PEM block .*types: \[PUBLIC KEY\]$/],
    ["no key in it", certificate, certificate, /^tls: found a certificate rather than a key/],
    ["a public key", certificate, publicKey, /type ending in "PRIVATE KEY" .*\[PUBLIC KEY\]$/],
    ["a broken certificate", broken, key, "x509: malformed certificate"],
    [
      "a broken key",
      certificate,
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "tls: failed to parse private key",
    ],
    [
      "an encrypted key",
      certificate,
      String(keyObject.export({ type: "pkcs8", ...encrypted })),
      "tls: failed to parse private key: it is encrypted",
    ],
    [
      "an encrypted key of the old kind",
      certificate,
      String(keyObject.export({ type: "sec1", ...encrypted })),
      "tls: failed to parse private key: it is encrypted",
    ],
  ])("%s", (_name, certText, keyText, expected) => {
    const said = judged(certText, keyText);
    expect(said?.slice(0, PAIR.length + 2)).toBe(`${PAIR}: `);
    const rest = said?.slice(PAIR.length + 2);
    if (typeof expected === "string") expect(rest).toBe(expected);
    else expect(rest).toMatch(expected);
  });

  test("files that are not there", () => {
    const missing = join(folder, "missing");
    expect(checkTlsFiles({ ...tls(), keyFile: missing })).toBe(
      `${PAIR}: open ${missing}: no such file or directory`,
    );
    expect(checkTlsFiles({ ...tls(), caFile: missing })).toBe(
      `open ${missing}: no such file or directory`,
    );
    expect(checkTlsFiles({ ...tls(), certFile: folder })).toMatch(`${PAIR}: open ${folder}: `);
  });

  test("an authority that is none", () => {
    for (const text of ["hello", key, broken]) {
      expect(checkTlsFiles({ ...tls(), caFile: file("ca.pem", text) })).toBe(
        "failed to parse root ca certificate",
      );
    }
  });

  test("TL-03: of several pairs the number is told", () => {
    const { certFile = "", keyFile = "", ...rest } = tls();
    const certs = [
      { certFile, keyFile },
      { certFile, keyFile: testFile("client.key") },
    ];
    expect(checkTlsFiles({ ...rest, certs })).toBe(
      `${PAIR} 2/2: tls: private key does not match public key`,
    );
  });
});
