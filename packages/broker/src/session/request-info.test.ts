// What an exporter hears of a requester (AC-34, AC-37), and that what is kept is never out of date.
import { describe, expect, test } from "vitest";
import type { DescribedClient } from "./client-description.ts";
import { RequestInfoCache, RequestOrigin } from "./request-info.ts";

const ACCOUNTS = [{ name: "$G" }, { name: "$SYS" }, { name: "USER" }, { name: "MIDDLE" }];

function requester(more: Partial<DescribedClient> = {}): DescribedClient {
  return {
    clientId: 7,
    startedUnixMs: 1_700_000_000_123,
    roundTripMs: 0.25,
    facts: { name: "asker", language: "js", version: "1.2", protocol: 1, connectTookMs: 0 },
    user: "ulla",
    transport: { remoteAddress: "10.0.0.1" },
    host: { server: { name: "weft-1" } },
    ...more,
  };
}

function origin(
  session: DescribedClient | undefined,
  more: Partial<RequestOrigin> = {},
): RequestOrigin {
  return Object.assign(new RequestOrigin(), { session, account: 2, ...more });
}

function textOf(cache: RequestInfoCache, from: RequestOrigin): string {
  const { block, last } = cache.of(from);
  const text = block.toString();
  expect(text).toBe(`NATS/1.0\r\n${last.toString()}`);
  expect(text.startsWith("NATS/1.0\r\nNats-Request-Info: {")).toBe(true);
  expect(text.endsWith("}\r\n\r\n")).toBe(true);
  return text.slice("NATS/1.0\r\nNats-Request-Info: ".length, -4);
}

const TOKEN = { text: "a.b.c", name: "ulla r.", tags: ["team:red"], issuerKey: "AKEY" };
const IDENTITY = { token: { ...TOKEN, issuedAtSeconds: 1 } };

const ALL = { shared: true, withServer: true };

describe("request info", () => {
  test("AC-34: without share only account and round trip", () => {
    const cache = new RequestInfoCache(ACCOUNTS);
    expect(textOf(cache, origin(requester()))).toBe('{"acc":"USER","rtt":250000}');
    expect(textOf(cache, origin(requester({ roundTripMs: 0 })))).toBe('{"acc":"USER"}');
    expect(textOf(cache, origin(undefined))).toBe('{"acc":"USER"}');
    expect(textOf(cache, origin(undefined, ALL))).toBe('{"acc":"USER"}');
  });

  test("AC-34: with share who and where, in the order of the reference", () => {
    const cache = new RequestInfoCache(ACCOUNTS);
    expect(textOf(cache, origin(requester(), ALL))).toBe(
      '{"start":"2023-11-14T22:13:20.123Z","host":"10.0.0.1","id":7,"acc":"USER","user":"ulla",' +
        '"name":"asker","lang":"js","ver":"1.2","rtt":250000,"server":"weft-1","kind":"Client",' +
        '"client_type":"nats"}',
    );
    const facts = { name: "", language: "", version: "", protocol: 1, connectTookMs: 0 };
    expect(textOf(cache, origin(requester({ facts, user: "" }), ALL))).toBe(
      '{"start":"2023-11-14T22:13:20.123Z","host":"10.0.0.1","id":7,"acc":"USER","rtt":250000,' +
        '"server":"weft-1","kind":"Client","client_type":"nats"}',
    );
  });

  test("AC-34, AN-65: who a callout placed bears the key that vouches for him", () => {
    const cache = new RequestInfoCache(ACCOUNTS);
    const placed = {
      calloutAccount: "AC",
      userKey: "UK",
      issuerKey: "AKEY",
      templateKey: "",
      issuedAtSeconds: 1,
    };
    const identity = { placed: { ...placed, hasDefaultPermissions: false } };
    const text = textOf(cache, origin(requester({ identity }), ALL));
    expect(JSON.parse(text)).toMatchObject({ issuer_key: "AKEY" });
  });

  test("AC-34: with share who signed the requester's token, its name and tags; never the token", () => {
    const cache = new RequestInfoCache(ACCOUNTS);
    const byToken = requester({ identity: IDENTITY });
    const text = textOf(cache, origin(byToken, ALL));
    expect(text).toContain(
      '"server":"weft-1","issuer_key":"AKEY","name_tag":"ulla r.","tags":["team:red"],"kind":',
    );
    expect(text).not.toContain("a.b.c");
    expect(textOf(cache, origin(byToken))).toBe('{"acc":"USER","rtt":250000}');
    const placed = requester({ clientId: 8, identity: { tags: ["by:callout"] } });
    expect(textOf(cache, origin(placed, ALL))).toContain(
      '"server":"weft-1","tags":["by:callout"],"kind":',
    );
  });

  test("AC-37: who passed it on is named; a later share adds the server alone", () => {
    const cache = new RequestInfoCache(ACCOUNTS);
    const passedOn = { service: 3 };
    expect(textOf(cache, origin(requester(), passedOn))).toBe(
      '{"acc":"USER","svc":"MIDDLE","rtt":250000}',
    );
    expect(textOf(cache, origin(requester(), { ...passedOn, withServer: true }))).toBe(
      '{"acc":"USER","svc":"MIDDLE","rtt":250000,"server":"weft-1"}',
    );
    expect(textOf(cache, origin(requester(), { ...passedOn, ...ALL }))).toContain(
      '"acc":"USER","svc":"MIDDLE","user":"ulla"',
    );
  });

  test("attack 48: names cannot add header lines", () => {
    const facts = {
      name: "a\r\nEvil: 1",
      language: "",
      version: "",
      protocol: 1,
      connectTookMs: 0,
    };
    const text = textOf(new RequestInfoCache(ACCOUNTS), origin(requester({ facts }), ALL));
    expect(text).not.toMatch(/[\r\n]/);
    expect(JSON.parse(text)).toMatchObject({ name: "a\r\nEvil: 1" });
  });

  test("one line for as long as nothing changes, and another as soon as anything does", () => {
    const cache = new RequestInfoCache(ACCOUNTS);
    const session = requester();
    const from = origin(session, ALL);
    const first = cache.of(from);
    expect(cache.of(from)).toBe(first);
    expect(cache.of(origin({ ...session }, ALL))).toBe(first);
    const changed = [
      origin({ ...session, roundTripMs: 1 }, ALL),
      origin({ ...session, user: "other" }, ALL),
      origin({ ...session, identity: IDENTITY }, ALL),
      origin({ ...session, identity: { token: { ...IDENTITY.token, issuerKey: "AN2" } } }, ALL),
      origin({ ...session, identity: { token: { ...IDENTITY.token, name: "other" } } }, ALL),
      origin({ ...session, identity: { tags: ["one"] } }, ALL),
      origin({ ...session, facts: { ...session.facts, name: "renamed" } }, ALL),
      // Another connection in the same place.
      origin({ ...session, clientId: 7 + (1 << 16) }, ALL),
      origin(session, { ...ALL, account: 3 }),
      origin(session, { ...ALL, service: 3 }),
      origin(session, { shared: false, withServer: true }),
      origin(session),
      origin(undefined),
    ];
    const texts = new Set([textOf(cache, from)]);
    for (const one of changed) {
      const text = textOf(cache, one);
      expect(texts).not.toContain(text);
      texts.add(text);
      expect(textOf(cache, from)).toBe(first.block.toString("latin1", 29, first.block.length - 4));
    }
  });
});
