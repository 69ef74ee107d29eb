// What is said of certificate files that are not right (TL-02): by `-t` and, in the same words, by a
// start, which ends there. No server comes up here, so the number of workers means nothing.
import { spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { within } from "./deadline.ts";
import { freePort, isAtLeast, isOtherServer, weftProgram } from "./server-under-test.ts";
import { certificates, made } from "./testdata/certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-tls-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [program = weftProgram, ...flags] = isOtherServer
  ? (process.env["WEFT_SERVER_COMMAND"]?.split(" ").filter(Boolean) ?? [])
  : [];

interface Finished {
  readonly code: number | null;
  readonly text: string;
}

/** Runs the program to its end. */
function run(...more: readonly string[]): Promise<Finished> {
  const child = spawn(program, [...flags, ...more], { cwd: folder });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.once("close", (code) => resolve({ code, text }));
  });
  return within(finished, "the end of the program", 20_000).finally(() => child.kill("SIGKILL"));
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const key = createPrivateKey(readFileSync(certificates.serverKey));
const encrypted = String(
  key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }),
);
const good = { cert: certificates.server, key: certificates.serverKey, ca: certificates.ca };
const missing = join(folder, "missing.pem");
const junk = file("junk.pem", "this is no certificate\n");
const PAIR = "error parsing X509 certificate/key pair: ";

const BAD = [
  [
    "a certificate that is not there",
    { cert: missing },
    `${PAIR}open ${missing}: no such file or directory`,
  ],
  [
    "a key that is not there",
    { key: missing },
    `${PAIR}open ${missing}: no such file or directory`,
  ],
  ["an authority that is not there", { ca: missing }, `open ${missing}: no such file or directory`],
  [
    "a key of somebody else",
    { key: certificates.clientKey },
    `${PAIR}tls: private key does not match public key`,
  ],
  [
    "a key of another kind",
    { key: made("rsa-pkcs1") },
    `${PAIR}tls: private key type does not match public key type`,
  ],
  [
    "an encrypted key",
    { key: file("encrypted.key", encrypted) },
    `${PAIR}tls: failed to parse private key`,
  ],
  ["no PEM", { cert: junk }, `${PAIR}tls: failed to find any PEM data in certificate input`],
  [
    "certificate and key exchanged",
    { cert: certificates.serverKey, key: certificates.server },
    `${PAIR}tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched`,
  ],
  ["an authority that is none", { ca: junk }, "failed to parse root ca certificate"],
] as const;

async function configured(files: Partial<typeof good>): Promise<string> {
  const { cert, key: keyFile, ca } = { ...good, ...files };
  const block = `tls { cert_file: "${cert}", key_file: "${keyFile}", ca_file: "${ca}" }`;
  const port = await freePort();
  return file(`server-${port}.conf`, `listen: "127.0.0.1:${port}"\n${block}\n`);
}

describe("TLS files", () => {
  it("TL-02: good ones pass -t", async () => {
    const { code, text } = await run("-t", "-c", await configured({}));
    expect(text).toContain(" is valid");
    expect(code).toBe(0);
  });

  it.each(BAD)("TL-02: %s", async (_name, files, expected) => {
    const config = await configured(files);
    const [tested, started] = await Promise.all([run("-t", "-c", config), run("-c", config)]);
    for (const { code, text } of [tested, started]) {
      expect(text).toContain(`nats-server: ${config}:2:1: ${expected}`);
      expect(code).toBe(1);
    }
  });

  it("TL-02: fields that do not go together", async () => {
    const config = file("half.conf", `\ntls { cert_file: "${certificates.server}" }\n`);
    const { code, text } = await run("-t", "-c", config);
    expect(text).toContain(`${config}:2:1: missing 'key_file' in TLS configuration`);
    expect(code).toBe(1);
    if (!isAtLeast("2.11")) return;
    const many = file(
      "many.conf",
      `tls { certs: [ { cert_file: "${missing}", key_file: "${junk}" } ] }\n`,
    );
    const said = await run("-t", "-c", many);
    expect(said.text).toContain("certificate/key pair 1/1: open ");
    expect(said.code).toBe(1);
  });
});
