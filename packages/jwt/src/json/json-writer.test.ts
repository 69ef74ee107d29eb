// Strings of claims as they are written, and values that are none although their type says so.
import { describe, expect, test } from "vitest";
import { newUserClaims } from "../claims/new-claims.ts";
import { encodeClaims } from "../encode.ts";
import { publicKey, testKey } from "../testing/test-keys.ts";
import { writeString } from "./json-writer.ts";

const NOW = 1_795_000_000;

describe("a string", () => {
  test.each([
    ["plain", '"plain"'],
    ["", '""'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["<a&b>", '"\\u003ca\\u0026b\\u003e"'],
    ["\u0000\n\u2028", '"\\u0000\\n\\u2028"'],
    ["é 字 😀", '"é 字 😀"'],
    ["half \ud83d", '"half \ufffd"'],
    ["half \ude00!", '"half \ufffd!"'],
  ])("%j", (text, written) => {
    expect(writeString(text)).toBe(written);
  });

  test.each([undefined, null, 7, true, ["a"], { allow: "a" }])("is not %j", (value) => {
    expect(() => writeString(value as unknown as string)).toThrow(TypeError);
  });
});

/** A back end in JavaScript, which no compiler looks at, may grant them. */
describe("rights that are no texts are not signed", () => {
  test.each([undefined, 7, ["a", "b"]])("%j", (entry) => {
    const claims = newUserClaims(publicKey("user", 1));
    const deny = [entry as unknown as string];
    const nats = { ...claims.nats, publish: { allow: undefined, deny } };
    const encode = () => encodeClaims({ ...claims, nats }, testKey("account", 1), NOW);
    expect(encode).toThrow(TypeError);
  });

  test("nor is an audience", () => {
    const claims = { ...newUserClaims(publicKey("user", 1)), audience: 7 as unknown as string };
    expect(() => encodeClaims(claims, testKey("account", 1), NOW)).toThrow(TypeError);
  });
});
