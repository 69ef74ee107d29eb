// Strict JSON: what is refused, and that refusing is cheap.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { JSON_DEPTH_MAX, JSON_VALUES_MAX, JsonNumber, readJson } from "./json-reader.ts";
import { writeJson, writeString } from "./json-writer.ts";

const read = (text: string) => readJson(Buffer.from(text, "utf8"));

function errorOf(text: string): string {
  const result = read(text);
  return result.ok ? "none" : result.error;
}

describe("strict JSON", () => {
  test("reads every kind of value, numbers as written", () => {
    const result = read(' {"a":[1,-2.5e3,true,false,null,"x\\u00e9\\ud83d\\ude00\\n"],"b":{}} ');
    expect(result.ok && writeJson(result.value)).toBe(
      '{"a":[1,-2.5e3,true,false,null,"xé😀\\n"],"b":{}}',
    );
    expect(read("12345678901234567890")).toEqual({
      ok: true,
      value: new JsonNumber("12345678901234567890"),
    });
  });

  test("2026-23: a name that comes twice, or is one of JavaScript's own, is an error", () => {
    expect(errorOf('{"a":1,"a":2}')).toMatch(/name "a" again/);
    expect(errorOf('{"\\u0061":1,"a":2}')).toMatch(/name "a" again/);
    for (const name of ["__proto__", "constructor", "prototype"]) {
      expect(errorOf(`{"x":{"${name}":{}}}`)).toContain(`name "${name}"`);
    }
  });

  test.each([
    ["", "no value"],
    ["{", "no name"],
    ['{"a"', "no colon"],
    ['{"a":1', "no comma and no }"],
    ["[1,]", "no value"],
    ["[1 2]", "no comma and no ]"],
    ["{a:1}", "no name"],
    ["1 1", "text after the value"],
    ["01", "text after the value"],
    ["+1", "no value"],
    [".5", "no value"],
    ["1.", "text after the value"],
    ["NaN", "no value"],
    ["tru", "no value"],
    ["'a'", "no value"],
    ['"a', "string without an end"],
    ['"\n"', "control character"],
    ['"\\x41"', "unknown escape"],
    ['"\\u12g4"', "unknown escape"],
    ['"\\ud800"', "half a surrogate pair"],
    ["\u00a01", "no value"],
    ["\ufeff1", "no value"],
  ])("refuses %j", (text, problem) => {
    expect(errorOf(text)).toContain(problem);
  });

  test("bytes that are not UTF-8 are an error", () => {
    expect(readJson(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ ok: false });
    expect(readJson(Buffer.from([0x22, 0xc0, 0x80, 0x22]))).toMatchObject({ ok: false });
  });

  test("depth and number of values are bounded", () => {
    expect(errorOf("[".repeat(700_000))).toContain("nested deeper");
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(errorOf(nested(JSON_DEPTH_MAX))).toBe("none");
    expect(errorOf(nested(JSON_DEPTH_MAX + 2))).toContain("nested deeper");
    expect(errorOf(`[${"0,".repeat(JSON_VALUES_MAX)}0]`)).toContain("more than");
  });

  test("random bytes never throw, and what is read can be written and read again", () => {
    const prng = createPrng(5);
    const pieces = ['{"a":', "[", "]", "}", ",", "1", '"x"', "null", '"\\u00e9"', " ", "-", ":"];
    for (let round = 0; round < 5_000; round += 1) {
      const text = Array.from({ length: prng.below(12) }, () => pieces[prng.below(12)]).join("");
      const result = read(text);
      if (result.ok) expect(read(writeJson(result.value))).toEqual(result);
    }
  });

  test("writes strings as Go does", () => {
    expect(writeString('<a>&"\\\u2028\u0001\u007f\b')).toBe(
      '"\\u003ca\\u003e\\u0026\\"\\\\\\u2028\\u0001\u007f\\b"',
    );
    expect(writeString("a\ud800b")).toBe('"a\ufffdb"');
  });
});
