// Against `@nats-io/nkeys`, which others wrote.
import { createCurve, fromCurveSeed } from "@nats-io/nkeys";
import { encodePublic, encodeSeed } from "@weft/auth";
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { CurveKey, SealedLines } from "./curve.ts";
import { prngEntropy } from "./testing/test-entropy.ts";

const entropy = prngEntropy(createPrng(7));

test("AN-66: opens what the library sealed, and the library what is sealed here", () => {
  for (let length = 0; length < 300; length += 7) {
    const theirs = createCurve();
    const seed = new TextDecoder().decode(theirs.getSeed());
    const other = CurveKey.fromSeed(seed);
    expect(other?.publicKey).toBe(theirs.getPublicKey());
    const own = CurveKey.fromEntropy(entropy);
    const line = own.lineTo(theirs.getPublicKey());
    const text = new Uint8Array(length).fill(length);
    const sealed = line?.seal(text, entropy) ?? Buffer.alloc(0);
    expect(theirs.open(sealed, own.publicKey)).toEqual(text);
    const answer = fromCurveSeed(theirs.getSeed()).seal(text, own.publicKey);
    expect(line?.open(answer)).toEqual(Buffer.from(text));
  }
});

test("AN-66: nothing else opens", () => {
  const [own, peer, stranger] = [0, 1, 2].map(() => CurveKey.fromEntropy(entropy));
  if (own === undefined || peer === undefined || stranger === undefined) throw new Error("keys");
  const sealed = peer.lineTo(own.publicKey)?.seal(Buffer.from("text"), entropy);
  if (sealed === undefined) throw new Error("not sealed");
  expect(own.lineTo(peer.publicKey)?.open(sealed)?.toString()).toBe("text");
  expect(own.lineTo(stranger.publicKey)?.open(sealed)).toBeUndefined();
  for (let at = 0; at < sealed.length; at += 1) {
    const broken = Buffer.from(sealed);
    broken[at] = (broken[at] ?? 0) ^ 1;
    expect(own.lineTo(peer.publicKey)?.open(broken)).toBeUndefined();
    expect(own.lineTo(peer.publicKey)?.open(sealed.subarray(0, at))).toBeUndefined();
  }
});

test("CVE-2023-46129: a key of zeros opens nothing that is sealed for another, and is no line", () => {
  const zeros = fromCurveSeed(new TextEncoder().encode(encodeSeed("curve", new Uint8Array(32))));
  const [own, peer] = [CurveKey.fromEntropy(entropy), CurveKey.fromEntropy(entropy)];
  const sealed = peer.lineTo(own.publicKey)?.seal(Buffer.from("text"), entropy) ?? Buffer.alloc(0);
  expect(() => {
    const opened = zeros.open(sealed, peer.publicKey);
    if (opened === null) throw new Error("not opened");
  }).toThrow();
  // Points of small order: everybody shares the same secret with whoever names one.
  const one = Uint8Array.of(1, ...new Uint8Array(31));
  const eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
  for (const point of [new Uint8Array(32), one, Buffer.from(eight, "hex")]) {
    expect(own.lineTo(encodePublic("curve", point))).toBe(undefined);
  }
});

test("AN-60: only public curve keys are lines", () => {
  const own = CurveKey.fromEntropy(entropy);
  expect(own.lineTo("")).toBeUndefined();
  expect(own.lineTo("UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")).toBeUndefined();
  expect(own.lineTo(own.publicKey.toLowerCase())).toBeUndefined();
  expect(CurveKey.fromSeed("SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY")).toBe(
    undefined,
  );
});

test("AN-66: lines are kept, those that were used last", () => {
  const own = CurveKey.fromEntropy(entropy);
  const [first, second, third] = [0, 1, 2].map(() => CurveKey.fromEntropy(entropy).publicKey);
  const lines = new SealedLines(own, 2);
  const [a, b] = [lines.to(first ?? ""), lines.to(second ?? "")];
  expect([a?.peer, b?.peer]).toEqual([first, second]);
  expect(lines.to(first ?? "")).toBe(a);
  expect(lines.to(third ?? "")?.peer).toBe(third);
  expect(lines.to(first ?? "")).toBe(a);
  expect(lines.to(second ?? "")).not.toBe(b);
  expect(lines.to("no key")).toBeUndefined();
});
