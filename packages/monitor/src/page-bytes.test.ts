import { expect, test } from "vitest";
import { encodeJson, jsonChunks } from "./go-json.ts";
import { pageBytes } from "./page-bytes.ts";

function made(body: Iterable<string | Buffer>, bytesMax: number) {
  const steps = pageBytes(body, bytesMax);
  let pauses = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { page: step.value, pauses };
    pauses += 1;
  }
}

/** One connection with all its subscriptions, among others. */
const VALUE = {
  head: "ü",
  connections: [
    { cid: 1, subscriptions_list: ["a"] },
    { cid: 2, subscriptions_list_detail: Array.from({ length: 20_000 }, (_, sid) => ({ sid })) },
    { cid: 3, nothing: undefined, list: Array.from({ length: 300 }, () => "s"), tail: [1, [2]] },
  ],
};

test("pieces are bounded, also within one item, and together the page", () => {
  for (const indent of ["", "  "]) {
    const { page, pauses } = made(jsonChunks(VALUE, indent), 1 << 20);
    const text = encodeJson(VALUE, indent);
    expect(Buffer.concat(page?.pieces ?? []).toString()).toBe(text);
    expect(page?.bytes).toBe(Buffer.byteLength(text));
    expect(pauses).toBe(page?.pieces.length);
    for (const piece of page?.pieces ?? []) expect(piece.length).toBeLessThan(34_000);
  }
});

test("a page that is too large is given up when the bound is reached", () => {
  let asked = 0;
  function* endless(): Generator<string, void> {
    for (;;) {
      asked += 1;
      yield "x".repeat(1_000);
    }
  }
  expect(made(endless(), 10_000).page).toBeUndefined();
  expect(asked).toBe(11);
});
