import { expect, test } from "vitest";
import { encodeJson, type JsonObject, jsonChunks } from "./go-json.ts";

const VALUE: JsonObject = {
  text: '<a> & \u2028 "quoted" \n \u0001 é \ud800',
  none: undefined,
  number: 1.5,
  huge: 9_223_372_036_854_775_807n,
  small: 1e-7,
  yes: true,
  nothing: null,
  empty: [],
  bare: {},
  onlyUndefined: { x: undefined },
  list: [1, { a: "b" }, []],
  map: new Map([
    ["b", 1],
    ["10", 2],
    ["9", 3],
  ]),
};

const PRINTED = `{
  "text": "\\u003ca\\u003e \\u0026 \\u2028 \\"quoted\\" \\n \\u0001 é \ufffd",
  "number": 1.5,
  "huge": 9223372036854775807,
  "small": 1e-7,
  "yes": true,
  "nothing": null,
  "empty": [],
  "bare": {},
  "onlyUndefined": {},
  "list": [
    1,
    {
      "a": "b"
    },
    []
  ],
  "map": {
    "10": 2,
    "9": 3,
    "b": 1
  }
}`;

test("MO-03: values are printed as the reference prints them", () => {
  expect(encodeJson(VALUE)).toBe(PRINTED);
  expect(encodeJson({ a: [1, 2], b: {} }, "")).toBe('{"a":[1,2],"b":{}}');
  expect(encodeJson({ a: [1] }, "   ")).toBe('{\n   "a": [\n      1\n   ]\n}');
});

test("MO-03: what is put together from pieces is what one piece would be", () => {
  expect([...jsonChunks(VALUE)].join("")).toBe(PRINTED);
  expect([...jsonChunks({})].join("")).toBe("{}");
  expect([...jsonChunks({ x: undefined })].join("")).toBe("{}");
  const long = { head: 1, list: Array.from({ length: 5_000 }, (_, at) => ({ at })), tail: "x" };
  const pieces = [...jsonChunks(long)];
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.join("")).toBe(encodeJson(long));
  expect(pieces.join("")).toBe(JSON.stringify(long, undefined, 2));
});
