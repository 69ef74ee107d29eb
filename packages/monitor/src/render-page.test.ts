import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { countedName, PAGE_PATHS } from "./render-page.ts";
import { FakeServer, fakeFinished } from "./testing/fake-server.ts";

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

function basePath(path: string): void {
  server.options.monitoring = { host: "", port: 8222, secure: false, basePath: path };
}

test("MO-02: the root page links to pages that are there", () => {
  const { status, contentType, text } = server.page("/");
  expect({ status, contentType }).toEqual({ status: 200, contentType: "text/html; charset=utf-8" });
  const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, path]) => path as string);
  expect(links.length).toBeGreaterThan(12);
  for (const link of links) expect(PAGE_PATHS).toContain(link);
});

test("MO-02: what is no page is not found, in the reference's words", () => {
  for (const path of ["/varz/", "//varz", "/VARZ", "/../varz", "/varz/..", "/__proto__", "/nope"]) {
    const { status, text } = server.page(path);
    expect({ path, status, text }).toEqual({ path, status: 404, text: "404 page not found\n" });
  }
});

test("MO-01: with a base path all pages stand below it and nowhere else", () => {
  basePath("/weft/a&b");
  expect(server.page("/weft/a&b").text).toContain('href="/weft/a&amp;b/varz"');
  expect(server.page("/weft/a&b/varz").status).toBe(200);
  expect(server.json("/weft/a&b/varz")).toMatchObject({ http_base_path: "/weft/a&b" });
  for (const path of ["/", "/varz", "/weft", "/weft/a&b/", "/weft/a&bvarz"]) {
    expect(server.page(path).status).toBe(404);
  }
});

test("MO-05: requests are counted under the name of their page", () => {
  expect(countedName("/subscriptionsz", "")).toBe("/subsz");
  expect(countedName("/x/varz", "/x")).toBe("/varz");
  expect(countedName("/x", "/x")).toBe("/");
  expect(countedName("/varz", "/x")).toBeUndefined();
  expect(countedName("/stacksz", "")).toBeUndefined();
  expect(countedName("/made-up", "")).toBeUndefined();
});

test.each([
  ["/connz?auth=x", "boolean", "auth"],
  ["/connz?cid=x", "uint64", "cid"],
  ["/subsz?limit=x", "int", "limit"],
  ["/subscriptionsz?subs=detail", "boolean", "subs"],
  ["/accstatz?unused=x", "boolean", "unused"],
  ["/routez?subs=x", "boolean", "subs"],
  ["/gatewayz?accs=x", "boolean", "accs"],
  ["/leafz?subs=detail", "boolean", "subs"],
  ["/jsz?limit=x", "int", "limit"],
  ["/jsz?stream-leader-only=x", "boolean", "stream-leader-only"],
  ["/healthz?js-server-only=x", "boolean", "js-server-only"],
  ["/ipqueuesz?all=x", "boolean", "all"],
  ["/recentz?offset=x", "int", "offset"],
])("MO-04: %s is a bad request", (target, kind, name) => {
  const { status, contentType, text } = server.page(target);
  expect(status).toBe(400);
  expect(contentType).toBe("text/plain; charset=utf-8");
  expect(text.startsWith(`Error decoding ${kind} for '${name}': strconv.`)).toBe(true);
});

test("MO-24: /subsz filters by account and by a subject that is tested", () => {
  server.accounts.push({ index: 2, name: "A", isSystem: false, mappings: [] });
  server.open = [];
  expect(server.page("/subsz?test=a..b")).toMatchObject({
    status: 400,
    text: "invalid test subject, must be valid publish subject: a..b",
  });
  expect(server.page("/subsz?test=a.*").status).toBe(400);
  expect(server.json("/subsz?subs=1&acc=none")).toMatchObject({ total: 0 });
});

test("MO-25: an account that is not there", () => {
  expect(server.page("/accountz?acc=X")).toMatchObject({
    status: 400,
    text: "Account X does not exist",
  });
});

test("MO-29, MO-34: pages of features that are not there", () => {
  expect(server.page("/jsz?leader-only=1")).toMatchObject({
    status: 400,
    text: "filtered response: not leader",
  });
  expect(server.page("/raftz")).toMatchObject({ status: 404, text: "No Raft nodes registered" });
});

test("MO-30, MO-31: health in one line, with the status of the answer", () => {
  expect(server.page("/healthz")).toEqual({
    status: 200,
    contentType: "application/json",
    text: '{"status":"ok"}',
  });
  server.notListening = "not yet";
  expect(server.page("/healthz")).toMatchObject({
    status: 500,
    text: '{"status":"error","error":"not yet"}',
  });
  expect(server.page("/healthz?details=1").text).toBe(
    '{"status":"error","errors":[{"type":"CONNECTION","error":"not yet"}]}',
  );
  expect(server.page("/healthz?stream=s").text).toBe(
    '{"status":"error","error":"\\"account\\" must not be empty when checking stream health"}',
  );
  expect(server.page("/healthz?account=a&consumer=c")).toMatchObject({ status: 400 });
});

test("MO-33: queues are listed when something waits in them, or when asked for", () => {
  server.queues.set("Hashes", { pending: 2, inProgress: 1 }).set("Lists", {
    pending: 0,
    inProgress: 0,
  });
  const hashes = '{\n   "Hashes": {\n      "pending": 2,\n      "in_progress": 1\n   }\n}';
  expect(server.page("/ipqueuesz").text).toBe(hashes);
  expect(Object.keys(server.json("/ipqueuesz?all=1"))).toEqual(["Hashes", "Lists"]);
  expect(server.json("/ipqueuesz?all=1&queues=List")).toEqual({ Lists: { pending: 0 } });
});

test("SB-106: the recent past, newest first, by reason", () => {
  const reasons = ["Client Closed", "Stale Connection", "Client Closed"];
  server.finished = reasons.map((reason, at) => fakeFinished(at + 1, reason));
  const cids = (target: string): number[] => {
    const { closed } = server.json(target) as { closed: { connections: { cid: number }[] } };
    return closed.connections.map(({ cid }) => cid);
  };
  expect(cids("/recentz")).toEqual([3, 2, 1]);
  expect(cids("/recentz?limit=1&offset=1")).toEqual([2]);
  expect(cids("/recentz?reason=Client+Closed")).toEqual([3, 1]);
  expect(cids("/recentz?offset=9223372036854775807")).toEqual([]);
});

test("MO-35: /debug/vars is what Go's package prints", () => {
  const { text } = server.page("/debug/vars");
  expect(text).toMatch(/^\{\n"cmdline": \["weft"\],\n"memstats": \{"Alloc":1,[^\n]*\}\n\}\n$/);
});

test("attack 20: any target gives a page, and never more than it should", () => {
  const path = fc.constantFrom(...PAGE_PATHS, "/x");
  const search = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webQueryParameters(),
    fc.constant("callback=<script>alert(1)</script>"),
  );
  fc.assert(
    fc.property(path, search, (before, after) => {
      const { status, text, contentType } = server.page(`${before}?${after}`);
      expect([200, 400, 404]).toContain(status);
      expect(text.includes("<script>") && contentType.includes("html")).toBe(false);
    }),
  );
  const callback = server.page("/varz?callback=f");
  expect(callback.contentType).toBe("application/json");
  expect(callback.text.startsWith("{")).toBe(true);
});
