import { expect, test } from "vitest";
import { encodeJson, type JsonObject, jsonChunks } from "./go-json.ts";
import { ItemEncoder, type ItemForm } from "./item-encoder.ts";
import { FakeServer, fakeConnection } from "./testing/fake-server.ts";

function encoded(items: readonly JsonObject[], form: ItemForm) {
  const server = new FakeServer();
  const encoder = new ItemEncoder(form);
  for (const item of items) server.run(encoder.add(item));
  return { list: encoder.items(), encoder, pauses: server.pauses };
}

const LONG = Array.from({ length: 20_000 }, (_, sid) => ({ sid: String(sid), subject: "ü.<b>" }));

test.each(["", "  "])(
  "MO-20: items encoded one by one are what the list is, indented by '%s'",
  (indent) => {
    for (const items of [
      [],
      [{ cid: 1 }],
      [{ cid: 1 }, { cid: 2, list: LONG, empty: {} }, { cid: 3 }],
    ]) {
      const { list } = encoded(items, { indent, bytesMax: 1 << 24 });
      expect(list.count).toBe(items.length);
      const text = encodeJson({ head: "ü", items, tail: [1] }, indent);
      const page = { head: "ü", items: list, tail: [1] };
      expect(encodeJson(page, indent)).toBe(text);
      expect([...jsonChunks(page, indent)].join("")).toBe(text);
    }
  },
);

test.each(["", "  "])(
  "MO-20: plain items beside others are what the list is, indented by '%s'",
  (indent) => {
    const odd = [
      "<&>",
      "\u2028\u2029",
      "\ud800 alone",
      "\\ud800",
      'quo"te',
      "\u0001\b\n",
      "µ ü 😀",
    ];
    const plain = Array.from({ length: 200 }, (_, cid) => {
      const name = odd[cid % odd.length];
      return {
        cid,
        name,
        rtt: 0.5,
        gone: undefined,
        tls_first: true,
        tags: ["a", "<b>"],
        proxy: {},
      };
    });
    for (const items of [[], plain.slice(0, 1), plain.slice(1, 2), plain]) {
      const encoder = new ItemEncoder({ indent, bytesMax: 1 << 24 });
      const server = new FakeServer();
      for (const item of items) {
        if (item.cid % 50 === 7) server.run(encoder.add(item));
        else encoder.addPlain(item);
      }
      const page = { head: "ü", items: encoder.items(), tail: [1] };
      expect(encodeJson(page, indent)).toBe(encodeJson({ head: "ü", items, tail: [1] }, indent));
    }
  },
);

test("pieces of plain items are bounded by what clients say of themselves", () => {
  const encoder = new ItemEncoder({ indent: "", bytesMax: 1 << 26 });
  const name = "n".repeat(65_000);
  for (let cid = 0; cid < 300; cid += 1) encoder.addPlain({ cid, name });
  const { pieces, count } = encoder.items();
  expect(count).toBe(300);
  for (const piece of pieces.slice(1)) expect(piece.length).toBeLessThan(70_000);
});

test("pieces are bounded, and an item with a long list pauses within itself", () => {
  const { list, pauses } = encoded([{ cid: 1, list: LONG }], { indent: "", bytesMax: 1 << 24 });
  expect(pauses).toBe(list.pieces.length - 1);
  expect(pauses).toBeGreaterThan(10);
  for (const piece of list.pieces) {
    expect(piece.length).toBeLessThan(34_000);
    // Of its own: a piece of Node's pool would keep the pool.
    expect(piece.buffer.byteLength).toBe(piece.length);
  }
});

test("nothing is encoded beyond the bound, within an item neither", () => {
  const { encoder, list } = encoded([{ list: LONG }], { indent: "", bytesMax: 100_000 });
  expect(encoder.isFull).toBe(true);
  const bytes = list.pieces.reduce((sum, piece) => sum + piece.length, 0);
  expect(bytes).toBeLessThan(140_000);
});

test("MO-20: a page of connections that is too large is refused while it is made", () => {
  const server = new FakeServer();
  const name = "n".repeat(200_000);
  server.open = Array.from({ length: 400 }, (_, at) => {
    const one = fakeConnection(at + 1);
    return { ...one, facts: { ...one.facts, name } };
  });
  const { status, text } = server.page("/connz?limit=400");
  expect({ status, text }).toEqual({
    status: 400,
    text: "page too large, ask for less with limit and offset",
  });
  expect(server.page("/connz?limit=100").status).toBe(200);
});
