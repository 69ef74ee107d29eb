import fc from "fast-check";
import { expect, test } from "vitest";
import { Query } from "./query.ts";

test.each([
  [
    "subs=abc",
    `Error decoding boolean for 'subs': strconv.ParseBool: parsing "abc": invalid syntax`,
  ],
  [
    "subs=%22",
    `Error decoding boolean for 'subs': strconv.ParseBool: parsing "\\"": invalid syntax`,
  ],
  ["offset=x", `Error decoding int for 'offset': strconv.Atoi: parsing "x": invalid syntax`],
  [
    "offset=9223372036854775808",
    `Error decoding int for 'offset': strconv.Atoi: parsing "9223372036854775808": value out of range`,
  ],
  ["cid=-1", `Error decoding uint64 for 'cid': strconv.ParseUint: parsing "-1": invalid syntax`],
  [
    "cid=18446744073709551616",
    `Error decoding uint64 for 'cid': strconv.ParseUint: parsing "18446744073709551616": value out of range`,
  ],
  ["state=Maybe", "Error decoding state for Maybe"],
])("MO-04: %s is refused in the reference's words", (search, error) => {
  const query = new Query(search);
  query.boolean("subs");
  query.integer("offset");
  query.unsigned("cid");
  query.state();
  expect(query.error).toBe(error);
});

test("MO-04: the first mistake counts", () => {
  const query = new Query("a=x&b=y");
  query.integer("b");
  query.boolean("a");
  expect(query.error).toContain("'b'");
});

test("MO-04: spellings of values", () => {
  for (const yes of ["1", "t", "T", "TRUE", "true", "True"]) {
    expect(new Query(`a=${yes}`).boolean("a")).toBe(true);
  }
  expect(new Query("a=F").boolean("a")).toBe(false);
  expect(new Query("a=%2B5").integer("a")).toBe(5n);
  expect(new Query("a=-9223372036854775808").integer("a")).toBe(-(2n ** 63n));
  expect(new Query("a=18446744073709551615").unsigned("a")).toBe(2n ** 64n - 1n);
  expect(new Query("subs=Detail").subscriptions()).toBe("detail");
  expect(new Query("state=ANY").state()).toBe("all");
});

test("MO-04: names and values are decoded as the reference does", () => {
  const query = new Query("a=1&a=2&b=x+y&c=%zz&d=1;e=2&f&%67=h&ö=%C3%B6");
  expect(query.text("a")).toBe("1");
  expect(query.text("b")).toBe("x y");
  expect(query.text("c")).toBe("");
  expect(query.text("d")).toBe("");
  expect(query.text("f")).toBe("");
  expect(query.text("g")).toBe("h");
  expect(query.text("ö")).toBe("ö");
});

test("attack 20: no query makes a reader throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (search) => {
      const query = new Query(search);
      query.boolean("subs");
      query.integer("offset");
      query.state();
      expect(query.text("__proto__").length).toBeLessThanOrEqual(search.length * 3);
    }),
  );
  const many = new Query("a=1&".repeat(1_000_000));
  expect(many.text("a")).toBe("1");
});
