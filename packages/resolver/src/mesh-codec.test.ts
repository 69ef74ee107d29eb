// Mesh messages: what was written is read again, and nothing else is.
import { createPrng, type Prng } from "@weft/base";
import { budget } from "@weft/sim";
import { describe, expect, test } from "vitest";
import { claimHash } from "./claim-hash.ts";
import { BUCKETS } from "./claim-set.ts";
import { decodeMeshMessage, encodeMeshMessage, meshSubject } from "./mesh-codec.ts";
import { type MeshMessage, recordMessages } from "./mesh-messages.ts";
import { accountKey } from "./testing/plain-claims.ts";

const key = accountKey(1);
const hash = claimHash("x");
const entry = { key, stamp: 5, rank: 1, hash };

const MESSAGES: readonly MeshMessage[] = [
  {
    kind: "digest",
    parts: Array.from({ length: BUCKETS }, () => hash.slice(32)),
    standing: { kind: "returning", lastMs: 7 },
  },
  { kind: "ask", parts: [0, 63] },
  { kind: "summary", part: 3, entries: [entry], proofs: [hash] },
  {
    kind: "want",
    references: [
      { kind: "jwt", key },
      { kind: "proof", id: hash },
    ],
  },
  { kind: "records", records: [{ kind: "jwt", rank: 2, text: "a.b.c" }] },
  { kind: "check", entries: [entry] },
  { kind: "lookup", ticket: 9, key },
  { kind: "answer", ticket: 9, text: "" },
];

const encoded = MESSAGES.map((message) => encodeMeshMessage("N1", message));
const decode = (text: string) => decodeMeshMessage(Buffer.from(text));

function mutated(prng: Prng, text: string): string {
  const place = prng.below(text.length);
  const glyphs = '{}[]",:0129-ejwtA\\u0000\u00ff';
  const glyph = glyphs[prng.below(glyphs.length)] as string;
  const cut = prng.below(4);
  return text.slice(0, place) + (cut === 0 ? "" : glyph) + text.slice(place + prng.below(3));
}

describe("ADR 0013: messages between nodes", () => {
  test("round trip", () => {
    for (const [index, text] of encoded.entries()) {
      expect(decode(text)).toEqual({ from: "N1", message: MESSAGES[index] });
    }
    expect(meshSubject(undefined)).toBe("$SYS.REQ.WEFT.CLAIMS");
    expect(meshSubject("N1")).toBe("$SYS.REQ.WEFT.CLAIMS.N1");
  });

  test("other shapes are refused", () => {
    const bad = [
      "",
      "null",
      "[]",
      '{"v":2}',
      encodeMeshMessage("a.b", MESSAGES[1] as MeshMessage),
      encodeMeshMessage("", MESSAGES[1] as MeshMessage),
      '{"v":1,"from":"N","kind":"ask","parts":[64]}',
      '{"v":1,"from":"N","kind":"ask","parts":[-0]}',
      '{"v":1,"from":"N","kind":"ask","parts":[0,0,0,0,0,0,0,0,0]}',
      '{"v":1,"from":"N","kind":"lookup","ticket":1,"key":"../x"}',
      '{"v":1,"from":"N","kind":"digest","parts":[]}',
      '{"v":1,"from":"N","kind":"records","records":[{"kind":"jwt","rank":-1,"text":""}]}',
      '{"v":1,"from":"N","kind":"__proto__","parts":[]}',
    ];
    for (const text of bad) expect(decode(text), text).toBeUndefined();
  });

  test("attack: changed bytes are refused or still within the shape, and never throw", () => {
    const prng = createPrng(5);
    for (let round = 0; round < budget(3_000); round += 1) {
      let text = encoded[prng.below(encoded.length)] as string;
      for (let times = prng.below(4); times >= 0; times -= 1) text = mutated(prng, text);
      const envelope = decode(text);
      if (envelope === undefined) continue;
      const again = decode(encodeMeshMessage(envelope.from, envelope.message));
      expect(again).toEqual(envelope);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test("records share messages up to a size", () => {
    const records = Array.from({ length: 5 }, () => {
      return { kind: "jwt", rank: 0, text: "x".repeat(100_000) } as const;
    });
    expect(recordMessages(records)).toHaveLength(3);
    expect(recordMessages([])).toEqual([]);
  });
});
