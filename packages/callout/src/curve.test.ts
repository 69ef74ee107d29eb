// Against `@nats-io/nkeys`, which others wrote.
import { createCurve, fromCurveSeed } from "@nats-io/nkeys";
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { CurveKey } from "./curve.ts";
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

test("AN-60: only public curve keys are lines", () => {
  const own = CurveKey.fromEntropy(entropy);
  expect(own.lineTo("")).toBeUndefined();
  expect(own.lineTo("UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4")).toBeUndefined();
  expect(own.lineTo(own.publicKey.toLowerCase())).toBeUndefined();
  expect(CurveKey.fromSeed("SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY")).toBe(
    undefined,
  );
});
