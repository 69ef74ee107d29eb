import { describe, expect, test } from "vitest";
import { jsonFault } from "./json-fault.ts";
import { passesFilter, readOptions } from "./request-options.ts";

const NAME = "server.ConnzEventOptions";
const TABLE = { limit: "int", cid: "uint64", auth: "bool", user: "string" } as const;

function read(text: string) {
  return readOptions(Buffer.from(text), TABLE, NAME);
}

describe("options of requests", () => {
  test("SY-24: nothing, null and fields that are not known are no options", () => {
    for (const text of ["", "null", "{}", '{"x":{"y":[1]}}', '{"limit":null}']) {
      expect(read(text)).toEqual({ ok: true, options: {} });
    }
  });

  test("SY-24: names in any case; values by their type", () => {
    expect(read('{"LIMIT":-3,"Auth":true,"user":"u","cid":7,"tags":["a"]}')).toEqual({
      ok: true,
      options: { limit: -3, auth: true, user: "u", cid: 7, tags: ["a"] },
    });
  });

  test.each([
    [
      '{"limit":"x"}',
      "json: cannot unmarshal string into Go struct field ConnzEventOptions.limit of type int",
    ],
    [
      '{"limit":1.5}',
      "json: cannot unmarshal number 1.5 into Go struct field ConnzEventOptions.limit of type int",
    ],
    [
      '{"cid":-1}',
      "json: cannot unmarshal number -1 into Go struct field ConnzEventOptions.cid of type uint64",
    ],
    [
      '{"auth":1}',
      "json: cannot unmarshal number into Go struct field ConnzEventOptions.auth of type bool",
    ],
    [
      '{"user":{}}',
      "json: cannot unmarshal object into Go struct field ConnzEventOptions.user of type string",
    ],
    ["[]", "json: cannot unmarshal array into Go value of type server.ConnzEventOptions"],
    ["7", "json: cannot unmarshal number into Go value of type server.ConnzEventOptions"],
    ["{bad", "invalid character 'b' looking for beginning of object key string"],
  ])("SY-24: %s is refused", (text, description) => {
    expect(read(text)).toEqual({ ok: false, description });
  });

  test("SY-24: integers are those of 64 bits", () => {
    expect(read('{"limit":9223372036854775807,"cid":18446744073709551615}')).toMatchObject({
      ok: true,
    });
    expect(read('{"limit":-9223372036854775808}')).toMatchObject({ ok: true });
    expect(read('{"limit":1e19}')).toMatchObject({ ok: false });
    expect(read('{"cid":1e20}')).toMatchObject({ ok: false });
  });

  test("a prototype is no field", () => {
    expect(read('{"__proto__":{"limit":1},"constructor":1}')).toEqual({ ok: true, options: {} });
  });
});

describe("faults of JSON, as Go words them", () => {
  test.each([
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ['{"a":[1,', "unexpected end of JSON input"],
    ["x", "invalid character 'x' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ["[1 2]", "invalid character '2' after array element"],
    ["{} x", "invalid character 'x' after top-level value"],
    ["trux", "invalid character 'x' in literal true (expecting 'e')"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ["1ex", "invalid character 'x' in exponent of numeric literal"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"],
    ["01", "invalid character '1' after top-level value"],
    ["[,]", "invalid character ',' looking for beginning of value"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
  ])("%j", (text, fault) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFault(text)).toBe(fault);
  });

  test("nesting is followed up to a bound", () => {
    expect(jsonFault("[".repeat(60_000))).toBe("exceeded max depth");
  });
});

describe("filters", () => {
  const server = { name: "east-1", host: "10.0.0.1", tags: ["Region:East", "ssd"], cluster: "" };

  test.each([
    [{}, true],
    [{ server_name: "east" }, true],
    [{ server_name: "east", exact_match: true }, false],
    [{ server_name: "east-1", exact_match: true }, true],
    [{ server_name: "west" }, false],
    [{ host: "0.0.1" }, true],
    [{ host: "0.0.2" }, false],
    [{ cluster: "c" }, false],
    [{ tags: ["region:east", " SSD "] }, true],
    [{ tags: ["ssd", "gpu"] }, false],
    [{ domain: "hub" }, false],
    [{ domain: "" }, true],
  ])("SY-23: %j", (options, passes) => {
    expect(passesFilter(options, server)).toBe(passes);
  });
});
