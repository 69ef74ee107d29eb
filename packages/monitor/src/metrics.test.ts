// The text is read by a small reader of OpenMetrics, which refuses what Prometheus would.
import { expect, test } from "vitest";
import { ShownCounters } from "./shown-counters.ts";
import { FakeServer, fakeConnection } from "./testing/fake-server.ts";

interface Family {
  readonly kind: string;
  readonly samples: Map<string, number>;
}

const SAMPLE = /^([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$/;

function parse(text: string): Map<string, Family> {
  expect(text.endsWith("\n# EOF\n")).toBe(true);
  const families = new Map<string, Family>();
  let current: [string, Family] | undefined;
  for (const line of text.slice(0, -"# EOF\n".length).trimEnd().split("\n")) {
    const [, word, name = "", rest = ""] = /^# (\w+) (\S+) (.*)$/.exec(line) ?? [];
    if (word === "TYPE") {
      expect(families.has(name), `${name} stands together`).toBe(false);
      current = [name, { kind: rest, samples: new Map() }];
      families.set(...current);
    } else if (word === "UNIT") expect(name.endsWith(`_${rest}`)).toBe(true);
    else if (word !== "HELP") {
      const [, sample = "", labels = "", value] = SAMPLE.exec(line) ?? [];
      const [family, { kind, samples }] = current ?? ["", { kind: "", samples: new Map() }];
      const ending = kind === "counter" ? "_total" : kind === "info" ? "_info" : "";
      expect(sample, line).toBe(family + ending);
      expect(samples.has(labels), `${line} stands once`).toBe(false);
      expect(Number.isFinite(Number(value)), line).toBe(true);
      samples.set(labels, Number(value));
    }
  }
  return families;
}

test("/metrics is OpenMetrics", () => {
  const server = new FakeServer();
  server.finishedByReason.set("Client Closed", 3);
  server.requestStats.set("/varz", 2);
  server.server.tlsCertificateEndsMs = 1e12;
  const { contentType, text } = server.page("/metrics");
  expect(contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  const families = parse(text);
  expect(families.size).toBeGreaterThan(30);
  expect(families.get("weft_connections_closed")?.samples.get('{reason="Client Closed"}')).toBe(3);
  expect(families.get("weft_listening")?.samples.get("")).toBe(1);
});

test("counters of an account do not fall while a connection ends", () => {
  const server = new FakeServer();
  const received = (): number | undefined =>
    parse(server.page("/metrics").text)
      .get("weft_account_received_messages")
      ?.samples.get('{account="$G"}');
  const one = fakeConnection(1);
  one.figures.inMessages = 7;
  server.open = [one];
  const before = received();
  expect(before).toBeGreaterThan(0);
  // It has ended, and its record is on its way.
  server.open = [];
  expect(received()).toBe(before);
  const { figures } = one;
  const totals = { connections: 1, inBytes: 0, outMessages: 0, outBytes: 0, slowConsumers: 0 };
  server.finishedTotals.set("$G", { ...totals, inMessages: figures.inMessages + 5 });
  expect(received()).toBe((before ?? 0) + 5);
  // An account of the same name that came anew.
  const { accounts } = server;
  server.accounts = [];
  server.finishedTotals.clear();
  expect(received()).toBeUndefined();
  server.accounts = accounts;
  expect(received()).toBe(0);
});

test("what was shown of an account is kept no longer than the account", () => {
  const totals = { connections: 1, connectionsTotal: 1, subscriptions: 0, slowConsumers: 0 };
  const figures = { ...totals, inMessages: 7, inBytes: 0, outMessages: 0, outBytes: 0 };
  const shown = new ShownCounters();
  const again = (account: string): number =>
    shown.notBelow(account, { ...figures, inMessages: 1 }).inMessages;
  for (const account of ["A", "B", "C"]) shown.notBelow(account, figures);
  shown.forgetOthers((account) => account !== "B");
  shown.forget("C");
  expect(["A", "B", "C"].map(again)).toEqual([7, 1, 1]);
});

test("attacks 30, 64: connections that a throttle turned away, by limit", () => {
  const server = new FakeServer();
  server.throttled = { connections: 5, failedLogins: 7, handshakes: 9 };
  const { samples } = parse(server.page("/metrics").text).get("weft_connections_throttled")!;
  expect([...samples]).toEqual([
    ['{limit="connections of an address"}', 5],
    ['{limit="failed logins of an address"}', 7],
    ['{limit="handshakes"}', 9],
  ]);
});

test("attack 65: what clients choose makes no line, and names are escaped", () => {
  const server = new FakeServer();
  const lines = server.page("/metrics").text.split("\n").length;
  server.open = Array.from({ length: 500 }, (_, at) => {
    const one = fakeConnection(at + 1);
    one.facts.name = `name ${at}`;
    one.facts.user = `user ${at}`;
    one.facts.address = `10.0.${at % 250}.1`;
    return one;
  });
  const { text } = server.page("/metrics");
  expect(text.split("\n").length).toBe(lines);
  expect(text).not.toMatch(/name \d|user \d|10\.0\./);
  server.server.name = 'a"b\\c\nd';
  expect(parse(server.page("/metrics").text).get("weft_server")?.samples.size).toBe(1);
});

test("attack 65: accounts beyond a bound have no lines, and their number is told", () => {
  const server = new FakeServer();
  for (let index = 2; index < 1_000; index += 1) {
    server.accounts.push({ index, name: `A${index}`, isSystem: false, mappings: [] });
  }
  const families = parse(server.page("/metrics").text);
  expect(families.get("weft_account_connections")?.samples.size).toBe(256);
  expect(families.get("weft_accounts_not_shown")?.samples.get("")).toBe(1_000 - 256);
});
