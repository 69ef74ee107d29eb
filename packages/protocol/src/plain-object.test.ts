// The quick way against the slow one: whatever it accepts means the same there.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeObject, type FieldKind, type JsonFields, type JsonShape } from "./json-object.ts";
import { decodePlain } from "./plain-object.ts";

const SHAPE: JsonShape = {
  user: "string",
  verbose: "boolean",
  protocol: "integer",
  list: "list",
  skipped: "ignored",
  import: { allow: "list" },
};
const KINDS: ReadonlyMap<string, FieldKind> = new Map(Object.entries(SHAPE));
const runs = process.env["WEFT_DEEP"] === "1" ? 200_000 : 2_000;

function plain(text: string): JsonFields | undefined {
  const fields: JsonFields = {};
  return decodePlain(text, KINDS, fields) ? fields : undefined;
}

function slow(text: string): JsonFields | undefined {
  const fields: JsonFields = {};
  return decodeObject(text, SHAPE, fields) === "decoded" ? fields : undefined;
}

describe("decodePlain", () => {
  test.each([
    '{"user":"u","verbose":true,"protocol":1}',
    '{"verbose":false,"verbose":true}',
    '{"user":"a name of more than twelve characters","other":"x","other2":true}',
    '{"protocol":-0,"user":""}',
    '{"protocol":-123456789012345}',
    '{"skipped":"x"}',
  ])("CP-20 takes %s as the slow way does", (text) => {
    expect(plain(text)).toEqual(slow(text));
    expect(plain(text)).toBeDefined();
    expect(Object.is(plain(text)?.["protocol"], -0)).toBe(false);
  });

  test.each([
    "",
    "{",
    "{}",
    "null",
    '{"user"}',
    '{"user":}',
    '{"user":"u"',
    '{"user":"u",}',
    '{"user":"u"}x',
    '{"user":"u" }',
    '{"user":"\\u0041"}',
    '{"user":"\u00e9"}',
    '{"user":"\t"}',
    '{"user":1}',
    '{"USER":"u"}',
    '{"verbose":1}',
    '{"verbose":truely}',
    '{"verbose":null}',
    '{"protocol":01}',
    '{"protocol":1.0}',
    '{"protocol":1e3}',
    '{"protocol":+1}',
    '{"protocol":1234567890123456}',
    '{"list":["a"]}',
    '{"other":1}',
    '{"other":{}}',
  ])("leaves %s to the slow way", (text) => {
    expect(plain(text)).toBe(undefined);
  });

  test("whatever is accepted means the same on the slow way", () => {
    const name = fc.constantFrom("user", "verbose", "protocol", "list", "skipped", "other", "User");
    const value = fc.constantFrom(
      ...['"u"', '""', '"a longer value, of 30 chars"', "true", "false", "null", "0", "-0", "17"],
      ...["-17", "01", "1.5", "1e2", "9007199254740993", "[]", '["a"]', "{}", '"\\n"', '"\u00ff"'],
    );
    const good = fc.constantFrom('"user":"u"', '"verbose":true', '"protocol":-7', '"other":"x"');
    const any = fc.tuple(name, value).map(([key, text]) => `"${key}":${text}`);
    const member = fc.oneof({ weight: 2, arbitrary: good }, { weight: 1, arbitrary: any });
    const separator = fc.constantFrom(",", ",", ",", ", ", "", ":");
    const document = fc
      .tuple(fc.array(member, { maxLength: 5 }), separator, fc.constantFrom("}", "}", "} ", ""))
      .map(([members, between, end]) => `{${members.join(between)}${end}`);
    let accepted = 0;
    fc.assert(
      fc.property(document, (text) => {
        const fields = plain(text);
        if (fields === undefined) return;
        accepted += 1;
        expect(fields).toEqual(slow(text));
      }),
      { numRuns: runs },
    );
    // Some 230 of 2,000; never as few as this by chance.
    expect(accepted).toBeGreaterThan(runs / 20);
  });
});
