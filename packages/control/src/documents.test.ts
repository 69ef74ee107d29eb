// Events and envelopes: fields, their order, and what is left out.
import { describe, expect, test } from "vitest";
import { accountConnectionsEvent } from "./account-connections.ts";
import { envelopeAround, errorEnvelope, packingFor, userInfo } from "./answer.ts";
import { connectEvent, disconnectEvent } from "./connection-events.ts";
import { reloadEvent } from "./reload-event.ts";
import { serverInfo } from "./server-info.ts";
import { StatszSchedule, statszDocument } from "./statsz.ts";
import { eventId } from "./typed-event.ts";
import { wireTime, wireTimeOfMs } from "./wire-time.ts";

const SERVER = { name: "n", host: "h", id: "NID", version: "2.14.0" };
const STAMP = { sequence: 3, at: 1_700_000_000_000_000_001n, id: "x" };
const CLIENT = {
  clientId: 5,
  startedUnixMs: 1_700_000_000_123,
  address: "10.0.0.1",
  account: "A",
  user: "u",
  name: "",
  language: "ts",
  version: "1",
  roundTripNanos: 1_500,
};

function keys(document: object): string {
  return Object.keys(JSON.parse(JSON.stringify(document))).join(" ");
}

describe("documents", () => {
  test("SY-13: times to the nanosecond, without zeros at the end", () => {
    expect(wireTime(1_700_000_000_000_000_001n)).toBe("2023-11-14T22:13:20.000000001Z");
    expect(wireTime(1_700_000_000_120_000_000n)).toBe("2023-11-14T22:13:20.12Z");
    expect(wireTime(1_700_000_000_000_000_000n)).toBe("2023-11-14T22:13:20Z");
    // The same fraction in another second, and back.
    expect(wireTime(1_700_000_001_120_000_000n)).toBe("2023-11-14T22:13:21.12Z");
    expect(wireTime(1_700_000_000_120_000_000n)).toBe("2023-11-14T22:13:20.12Z");
    expect(wireTime(1_700_000_000_120_000_001n)).toBe("2023-11-14T22:13:20.120000001Z");
    expect(wireTimeOfMs(1_700_000_000_120)).toBe("2023-11-14T22:13:20.12Z");
    expect(wireTimeOfMs(1_700_000_000_050.4)).toBe("2023-11-14T22:13:20.05Z");
  });

  test("SY-13: ids have 22 characters of base 62 and do not come twice", () => {
    let next = 0;
    const entropy = {
      fill: (out: Uint8Array) => {
        for (let at = 0; at < out.length; at += 1) out[at] = next++ * 7;
      },
    };
    const ids = new Set(Array.from({ length: 20 }, () => eventId(entropy)));
    expect(ids.size).toBe(20);
    for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z]{22}$/);
  });

  test("SY-11: the server, with what is configured", () => {
    expect(keys(serverInfo(SERVER, STAMP))).toBe("name host id ver jetstream flags seq time");
    const full = {
      ...SERVER,
      cluster: "c",
      domain: "d",
      tags: ["t"],
      metadata: { m: "1" },
      featureFlags: { f: true },
    };
    expect(keys(serverInfo(full, STAMP))).toBe(
      "name host id cluster domain ver tags metadata feature_flags jetstream flags seq time",
    );
    const empty = { ...SERVER, tags: [], metadata: {}, featureFlags: {}, cluster: "" };
    expect(serverInfo(empty, STAMP)).toEqual(serverInfo(SERVER, STAMP));
  });

  test("SY-01, SY-12: a client that came", () => {
    const event = connectEvent(SERVER, CLIENT, STAMP);
    expect(keys(event)).toBe("type id timestamp server client");
    expect(keys((event as { client: object }).client)).toBe(
      "start host id acc user lang ver name_tag kind client_type",
    );
    expect(event).toMatchObject({ type: "io.nats.server.advisory.v1.client_connect", id: "x" });
  });

  test("SY-02: a client that went: what it sent is `sent`", () => {
    const traffic = { inMessages: 1, inBytes: 2, outMessages: 3, outBytes: 4 };
    const event = disconnectEvent(SERVER, CLIENT, traffic, "Client Closed", STAMP);
    expect(keys(event)).toBe("type id timestamp server client sent received reason");
    expect(event).toMatchObject({
      client: { rtt: 1_500, stop: wireTime(STAMP.at) },
      sent: { msgs: 1, bytes: 2 },
      received: { msgs: 3, bytes: 4 },
    });
  });

  test("SY-03: an account's connections", () => {
    const event = accountConnectionsEvent(SERVER, { acc: "A", conns: 2 }, STAMP);
    expect(keys(event)).toBe("type id timestamp server acc conns");
    expect(event).toMatchObject({ type: "io.nats.server.advisory.v1.account_connections" });
  });

  test("GP-5: what a reload did", () => {
    const reload = { changes: ["debug = true"], connectionsClosed: 1, subscriptionsRemoved: 2 };
    const event = reloadEvent(SERVER, { ...reload, digest: "sha256:0" }, STAMP);
    expect(keys(event)).toBe(
      "type id timestamp server changes connections_closed subscriptions_removed config_digest",
    );
    expect(event).toMatchObject({ changes: ["debug = true"], connections_closed: 1 });
  });

  test("SY-05: figures that are 0 are left out where the reference leaves them out", () => {
    const figures = {
      startedUnixMs: 0,
      memoryBytes: 1,
      cores: 2,
      processorPercent: 0.5,
      connections: 1,
      connectionsTotal: 2,
      accountsActive: 1,
      subscriptions: 3,
      inMessages: 4,
      inBytes: 5,
      outMessages: 6,
      outBytes: 7,
      slowConsumers: 0,
      staleConnections: 0,
      stalledClients: 0,
      workers: 4,
    };
    const always =
      "start mem cores cpu connections total_connections active_accounts subscriptions sent " +
      "sent_to_clients received received_from_clients slow_consumers";
    const quiet = statszDocument(SERVER, figures, STAMP) as { statsz: object };
    expect(keys(quiet.statsz)).toBe(`${always} active_servers gomaxprocs`);
    const busy = { ...figures, slowConsumers: 1, staleConnections: 1, stalledClients: 1 };
    const loud = statszDocument(SERVER, busy, STAMP) as { statsz: object };
    expect(keys(loud.statsz)).toBe(
      `${always} slow_consumer_stats stale_connections stale_connection_stats stalled_clients ` +
        "active_servers gomaxprocs",
    );
  });

  test("SY-04: figures come soon after the start, then every 10 s; a second apart at least", () => {
    const schedule = new StatszSchedule(0);
    const sent: number[] = [];
    for (let now = 0; now <= 60_000; now += 50) if (schedule.takeDue(now)) sent.push(now);
    expect(sent[0]).toBe(250);
    expect(sent.filter((at) => at > 30_000)).toHaveLength(3);
    for (const [place, at] of sent.entries()) {
      if (place > 2) expect(at - (sent[place - 1] as number)).toBeGreaterThanOrEqual(1_000);
    }
  });

  test("SY-22: envelopes with data, with an error, and with neither", () => {
    expect(keys(JSON.parse(envelopeAround(SERVER, STAMP, true).join('{"a":1}')) as object)).toBe(
      "server data",
    );
    expect(keys(JSON.parse(envelopeAround(SERVER, STAMP, false).join("")) as object)).toBe(
      "server",
    );
    const refused = errorEnvelope(SERVER, STAMP, { code: 400, description: "no" });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: 400, description: "no" } });
    expect(keys(JSON.parse(refused) as object)).toBe("server error");
    const notMade = errorEnvelope(SERVER, STAMP, { code: 500, description: "no", data: null });
    expect(keys(JSON.parse(notMade) as object)).toBe("server data error");
  });

  test("SY-26: snappy before gzip; what is not known is told so", () => {
    expect(["", "gzip", "GZIP, s2", "snappy", "br"].map(packingFor)).toEqual([
      "none",
      "gzip",
      "snappy",
      "snappy",
      "identity",
    ]);
  });

  test("SY-36: who a user is", () => {
    expect(JSON.parse(userInfo("u", "A", undefined))).toEqual({
      user: "u",
      account: "A",
      account_name: "A",
    });
  });
});
