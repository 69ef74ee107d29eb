// What accounts are called, and what crosses their borders (MO-20, MO-24, MO-25).
import { expect, test } from "vitest";
import { FakeServer, fakeConnection } from "./testing/fake-server.ts";
import { OTHER_DOCUMENT } from "./testing/full-server.ts";

test("MO-25: an import shows how its export is measured, the system account what it offers", () => {
  const server = new FakeServer();
  const exporter = {
    index: 2,
    name: "A",
    isSystem: false,
    mappings: [],
    spec: {
      name: "A",
      exports: [
        { kind: "stream" as const, subject: "svc.>" },
        {
          kind: "service" as const,
          subject: "svc.*",
          latency: { subject: "lat", samplingPercent: 40 },
        },
        {
          kind: "service" as const,
          subject: "asked",
          latency: { subject: "lat.asked", samplingPercent: 0 },
        },
      ],
    },
  };
  const service = (subject: string) => ({ kind: "service" as const, account: "A", subject });
  const importer = {
    index: 3,
    name: "B",
    isSystem: false,
    mappings: [],
    spec: {
      name: "B",
      imports: [
        service("svc.x"),
        service("asked"),
        service("plain"),
        { kind: "stream" as const, account: "A", subject: "svc.x" },
      ],
    },
  };
  const system = { index: 1, name: "SYS", isSystem: true, mappings: [] };
  server.accounts = [system, exporter, importer];
  const page = server.json("/accountz?acc=B") as {
    readonly account_detail: {
      readonly imports: {
        readonly type: string;
        readonly subject: string;
        readonly latency?: unknown;
      }[];
    };
  };
  const latencies = page.account_detail.imports
    .filter(({ latency }) => latency !== undefined)
    .map(({ type, subject, latency }) => [type, subject, latency]);
  expect(latencies).toEqual([
    ["service", "svc.x", { sampling: 40, results: "lat" }],
    ["service", "asked", { sampling: "headers", results: "lat.asked" }],
  ]);
  expect(server.json("/accountz?acc=SYS")).toMatchObject({
    account_detail: {
      name_tag: "SYS",
      exports: [
        { subject: "$SYS.REQ.ACCOUNT.*.CONNZ", type: "service", response_type: "Streamed" },
        { subject: "$SYS.REQ.ACCOUNT.*.STATZ", type: "service", response_type: "Streamed" },
        { subject: "$SYS.DEBUG.SUBSCRIBERS", type: "service", response_type: "Singleton" },
        { subject: "$SYS.REQ.USER.*.INFO", type: "service", response_type: "Singleton" },
      ],
    },
  });
});

test("AC-56, MO-25: an import that does not work is shown as the token asks for it", () => {
  const account = "AKEY";
  const claimed = [
    { type: "stream", subject: "e.1", account, to: "x" },
    { type: "stream", subject: "e.2", account, local_subject: "y" },
    { type: "service", subject: "ls", account, to: "svc", share: true },
    { type: "service", subject: "svc", account, local_subject: "own" },
    { type: "service", subject: "plain", account },
  ];
  const broken = (kind: "stream" | "service", ...subjects: string[]) =>
    subjects.map((subject) => ({ kind, subject, account, problem: "not exported" }));
  const brokenImports = [
    ...broken("stream", "e.1", "e.2"),
    ...broken("service", "svc", "svc", "plain", "unknown"),
  ];
  const claimsJson = JSON.stringify({ nats: { imports: claimed } });
  const claims = () => ({ ...OTHER_DOCUMENT, brokenImports, claimsJson });
  const server = new FakeServer();
  server.accounts.push({ index: 2, name: "B", isSystem: false, mappings: [], claims });
  const { account_detail: detail } = server.json("/accountz?acc=B") as {
    readonly account_detail: { readonly imports: readonly { readonly account: string }[] };
  };
  const row = (type: string, subject: string, local: string, share = false) => ({
    subject,
    account,
    to: type === "service" ? local : undefined,
    local_subject: local,
    type,
    invalid: true,
    share,
    tracking: false,
  });
  expect(detail.imports.filter((one) => one.account === account)).toEqual([
    row("stream", "e.1", "x.e.1"),
    row("stream", "e.2", "y"),
    row("service", "svc", "ls", true),
    row("service", "svc", "own"),
    row("service", "plain", "plain"),
    row("service", "unknown", "unknown"),
  ]);
});

test("MO-26: an account by token is listed by its key, and named as its token says", () => {
  const server = new FakeServer();
  server.accounts.push({ index: 2, name: "AKEY", nameTag: "BANK", isSystem: false, mappings: [] });
  const { account_statz: stats } = server.json("/accstatz?unused=1");
  expect(stats).toMatchObject([
    { acc: "$G", name: "$G" },
    { acc: "$SYS", name: "$SYS" },
    { acc: "AKEY", name: "BANK" },
  ]);
});

test("MO-20: the tag of an account is its token's name, else its own", () => {
  const server = new FakeServer();
  const plain = fakeConnection(1);
  plain.facts.account = "A";
  const byToken = fakeConnection(2);
  byToken.facts.account = "AKEY";
  byToken.facts.token = { issuerKey: "", tags: [], accountTag: "BANK" };
  const nobody = fakeConnection(3);
  nobody.facts.account = "";
  server.open = [plain, byToken, nobody];
  const tags = (server.json("/connz?auth=1")["connections"] as { name_tag?: string }[]).map(
    (connection) => connection.name_tag,
  );
  expect(tags).toEqual(["A", "BANK", undefined]);
  expect(server.page("/connz").text).not.toContain("name_tag");
});
