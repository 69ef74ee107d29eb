// Both checks of signatures, ours by choice and Node's, say the same of what signers make, of what
// was changed on the way, and of keys that are none.
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { loadNativeCheck, loadNativeSigner } from "./native-signatures.ts";

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** The order of the group, little endian: a scalar of a signature must be below it. */
const ORDER = Buffer.from(
  "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
  "hex",
);

function checkByNode(signature: Uint8Array, message: Uint8Array, raw: Uint8Array): boolean {
  const der = Buffer.concat([SPKI_PREFIX, raw]);
  return verify(
    null,
    message,
    createPublicKey({ key: der, format: "der", type: "spki" }),
    signature,
  );
}

function signer(): { raw: Buffer; sign(message: Buffer): Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return { raw, sign: (message) => sign(null, message, privateKey) };
}

/** The same signature with the group's order added to its scalar: a second text for one. */
function withOrderAdded(signature: Buffer): Buffer {
  const changed = Buffer.from(signature);
  let carry = 0;
  for (let at = 0; at < 32; at += 1) {
    const sum = (changed[32 + at] as number) + (ORDER[at] as number) + carry;
    changed[32 + at] = sum & 0xff;
    carry = sum >> 8;
  }
  return changed;
}

const check = loadNativeCheck();
/** Where the library has no build, Node's check does all the work. */
const checks = check === undefined ? [checkByNode] : [checkByNode, check];

test("AN-08: the library is loaded where it has a build", () => {
  const hasBuild = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"];
  const isMusl = process.platform === "linux" && !("glibcVersionRuntime" in reportHeader());
  expect(check !== undefined).toBe(
    hasBuild.includes(`${process.platform}-${process.arch}`) && !isMusl,
  );
});

function reportHeader(): object {
  return (process.report.getReport() as { header: object }).header;
}

describe.each(checks.map((by) => [by === check ? "libsodium" : "Node", by] as const))(
  "by %s",
  (_, by) => {
    test("AN-08, AN-09: what was signed, and nothing that differs by a bit", () => {
      for (let round = 0; round < 50; round += 1) {
        const { raw, sign: signed } = signer();
        const message = Buffer.alloc(round * 7, round);
        const signature = signed(message);
        expect(by(signature, message, raw)).toBe(true);
        for (let bit = round; bit < 512; bit += 61) {
          const changed = Buffer.from(signature);
          changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
          expect(by(changed, message, raw), `bit ${bit}`).toBe(false);
        }
        expect(by(signature, message, signer().raw)).toBe(false);
        expect(by(signature, Buffer.concat([message, Buffer.of(0)]), raw)).toBe(false);
      }
    });

    test("attack 26: no second text of a signature, no key that is no point", () => {
      const { raw, sign: signed } = signer();
      const message = Buffer.from("nonce");
      const signature = signed(message);
      expect(by(withOrderAdded(signature), message, raw)).toBe(false);
      for (const key of [Buffer.alloc(32), Buffer.alloc(32, 0xff)]) {
        expect(by(signature, message, key)).toBe(false);
      }
    });
  },
);

test("AN-08: both sign alike, since an Ed25519 signature has no chance in it", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { d = "", x = "" } = privateKey.export({ format: "jwk" });
  const signBy = loadNativeSigner(Buffer.from(d, "base64url"), Buffer.from(x, "base64url"));
  expect(signBy === undefined).toBe(check === undefined);
  for (const message of [Buffer.alloc(0), Buffer.from("m"), Buffer.alloc(70_000, 7)]) {
    const byNode = sign(null, message, privateKey);
    const signature = signBy === undefined ? byNode : signBy(message);
    expect(Buffer.from(signature)).toEqual(byNode);
    expect(verify(null, message, publicKey, signature)).toBe(true);
  }
});
