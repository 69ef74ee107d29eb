// The checker of shapes finds what is wrong, and only that.
import { expect, test } from "vitest";
import { checkShape } from "./shape.ts";
import { readYaml } from "./yaml-document.ts";

test("a value that fits has no findings", () => {
  const shape = { fields: { "a!": "count", b: { list: /^x/ }, c: "texts", d: "flag" } } as const;
  expect(checkShape({ a: 1, b: ["x1"], c: { k: "v" }, d: false }, shape, "T")).toEqual([]);
});

test("unknown, missing and wrong values are named with their path", () => {
  const shape = { fields: { "a!": "count", b: { list: /^x/ }, c: "texts", d: "flag" } } as const;
  const found = checkShape({ b: ["x1", "y"], c: { k: 1 }, d: "no", e: 1 }, shape, "T");
  expect(found).toEqual([
    "T.a: missing",
    "T.b[1]: wrong value",
    "T.c.k: wrong value",
    "T.d: wrong value",
    "T.e: unknown",
  ]);
  expect(checkShape([], { entries: "text" }, "T")).toEqual(["T: no map"]);
  expect(checkShape([], { list: "text" }, "T")).toEqual(["T: no list"]);
  expect(checkShape(-1, "count", "T")).toEqual(["T: wrong value"]);
});

test("YAML with a key twice, two documents or a strange tag is refused", () => {
  expect(readYaml("a: 1\nb: [x]\n")).toEqual({ a: 1, b: ["x"] });
  expect(() => readYaml("a: 1\na: 2\n")).toThrow(/unique/);
  expect(() => readYaml("a: 1\n---\nb: 2\n")).toThrow("one document");
  expect(() => readYaml("a: !strange 1\n")).toThrow(/tag/);
});
