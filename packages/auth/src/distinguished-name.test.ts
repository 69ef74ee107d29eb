// Which texts are the same distinguished name (AN-32).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameKey, parseDistinguishedName, unorderedNameKey } from "./distinguished-name.ts";

function parsed(text: string): string[] | undefined {
  return parseDistinguishedName(text)?.map((relative) =>
    relative.map(({ type, value }) => `${type}:${value}`).join("+"),
  );
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [parseDistinguishedName(one), parseDistinguishedName(other)];
  if (a === undefined || b === undefined) throw new Error("both are names");
  return nameKey(a) === nameKey(b);
}

function isReordered(one: string, other: string): boolean {
  const [a, b] = [parseDistinguishedName(one), parseDistinguishedName(other)];
  if (a === undefined || b === undefined) throw new Error("both are names");
  return unorderedNameKey(a) === unorderedNameKey(b);
}

describe("AN-32: the text of a name", () => {
  test.each([
    ["CN=a", ["CN:a"]],
    ["cn=a,o=B c", ["CN:a", "O:B c"]],
    ["  cn  =  a b  ,  o =  c  ", ["CN:a b", "O:c"]],
    ["OU=Sales+CN=J. Smith,DC=net", ["OU:Sales+CN:J. Smith", "DC:net"]],
    ["CN=a\\, b\\+c\\=d\\\\e", ["CN:a, b+c=d\\e"]],
    ["CN=\\ a\\ ", ["CN: a "]],
    ["CN=\\ a\\  , O=x", ["CN: a ", "O:x"]],
    ["CN=Lu\\C4\\8Di\\c4\\87", ["CN:Lučić"]],
    ["CN=Lučić", ["CN:Lučić"]],
    ["CN=a=b", ["CN:a=b"]],
    ["CN=,O=x", ["CN:", "O:x"]],
    ['CN=a "b" <c>;d', ['CN:a "b" <c>;d']],
  ])("%s", (text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });

  test.each([
    "",
    " ",
    "alice",
    "*",
    "mail@users.test",
    "=a",
    " = a",
    "CN=a,",
    "CN=a,,O=b",
    "CN=a+",
    "CN=a,O",
    "a,CN=b",
    "CN=a\\",
    "CN=a\\4",
    "CN=a\\zz",
    "CN=\\ff",
    "CN=#0402",
  ])("is none: %s", (text) => {
    expect(parseDistinguishedName(text)).toBeUndefined();
  });

  test("never throws, and what is escaped comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        parseDistinguishedName(text);
        const escaped = Array.from(Buffer.from(text), (byte) => `\\${hex(byte)}`).join("");
        expect(parseDistinguishedName(`CN=${escaped}`)).toEqual([[{ type: "CN", value: text }]]);
      }),
      { numRuns: 300 },
    );
  });
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

describe("AN-32: equal names", () => {
  test.each([
    ["cn=A,O=b", "CN=A, o=b"],
    ["CN=a+OU=b,O=c", "OU=b+CN=a,O=c"],
    ["CN=a\\2Cb", "CN=a\\,b"],
    ["CN=a ,O=b", "CN=a,O=b"],
  ])("%s = %s", (one, other) => {
    expect(isEqual(one, other)).toBe(true);
    expect(isReordered(one, other)).toBe(true);
  });

  test.each([
    ["CN=A", "CN=a"],
    ["CN=a  b", "CN=a b"],
    ["CN=a\\ ", "CN=a"],
    ["CN=a", "CN=a,O=b"],
    ["CN=a+OU=b", "CN=a,OU=b"],
    ["CN=a+OU=b", "CN=a+OU=b+OU=c"],
    ["CN=a,CN=a,O=b", "CN=a,O=b,O=b"],
    ["CN=a\\,O=b", "CN=a,O=b"],
    ['CN=a"],["O=b', "CN=a,O=b"],
  ])("%s is not %s, in any order", (one, other) => {
    expect(isEqual(one, other)).toBe(false);
    expect(isReordered(one, other)).toBe(false);
  });

  test.each([
    ["CN=a,O=b,C=c", "C=c,CN=a,O=b"],
    ["CN=a+OU=x,O=b", "O=b,OU=x+CN=a"],
    ["CN=a,OU=1,OU=2", "OU=2,CN=a,OU=1"],
  ])("AN-31: %s has the parts of %s", (one, other) => {
    expect(isEqual(one, other)).toBe(false);
    expect(isReordered(one, other)).toBe(true);
  });
});
