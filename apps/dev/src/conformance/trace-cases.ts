// Traced messages, and what is told and delivered of them: played against the server and against the
// reference.
import { type Headers, transportNode } from "./client-library.ts";
import { answer } from "./message-log.ts";
import { openRaw } from "./raw-client.ts";
import type { ServerUnderTest } from "./server-under-test.ts";
import { settled, type TraceOutcome, TraceStage } from "./trace-stage.ts";

export const TRACE_CONFIG = `server_name: traced
max_payload: 100k
accounts {
  SHOP {
    users: [
      { user: shop, password: pw }
      { user: bound, password: pw, permissions: { publish: { deny: ["secret.>"] } } }
      { user: deaf, password: pw, permissions: { subscribe: { allow: ">", deny: "loud.no" } } }
    ]
    exports: [
      { stream: "news.>" }
      { stream: "cut.*.at.*" }
      { service: "plain" }
      { service: "open", allow_trace: true }
      { service: "chain", allow_trace: true }
    ]
    mappings: { "old.*": "new.$1", "asked.*": "answered.$1" }
    msg_trace: "traces.others"
  }
  READER {
    users: [ { user: reader, password: pw } ]
    imports: [
      { stream: { account: SHOP, subject: "news.>" }, prefix: "from", allow_trace: true }
      { stream: { account: SHOP, subject: "cut.*.at.*" }, to: "seen.$2.$1", allow_trace: true }
    ]
  }
  QUIET {
    users: [ { user: quiet, password: pw } ]
    imports: [ { stream: { account: SHOP, subject: "news.>" } } ]
  }
  MIDDLE {
    users: [ { user: middle, password: pw } ]
    imports: [ { service: { account: SHOP, subject: "chain" }, to: "link" } ]
    exports: [ { service: "link", allow_trace: true } ]
  }
  BUYER {
    users: [ { user: buyer, password: pw } ]
    imports: [
      { service: { account: SHOP, subject: "plain" } }
      { service: { account: SHOP, subject: "open" }, to: "wide" }
      { service: { account: MIDDLE, subject: "link" }, to: "far" }
    ]
  }
  PLAIN { users: [ { user: plain, password: pw } ] }
}`;

const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

type Pairs = readonly (readonly [string, string])[];

function headersOf(pairs: Pairs): Headers {
  const headers = transportNode.headers();
  for (const [key, value] of pairs) headers.append(key, value);
  return headers;
}

const trace = (more: Pairs = []): Headers =>
  headersOf([["Nats-Trace-Dest", "traces.to"], ["Mine", "x"], ...more]);
const traceOnly = (word = "true"): Headers => trace([["Nats-Trace-Only", word]]);

export interface TraceCase {
  readonly name: string;
  /** Events that come of it. */
  readonly events: number;
  play(stage: TraceStage): Promise<void>;
}

/** A publish of `user` on `subject`; the events are heard in his account. */
function publishing(
  name: string,
  user: string,
  subject: string,
  headers: () => Headers,
  more: {
    events?: number;
    hear?: readonly (readonly [user: string, filter: string, queue?: string])[];
    before?: (stage: TraceStage) => Promise<void>;
  } = {},
): TraceCase {
  const { events = 1, hear = [], before } = more;
  return {
    name,
    events,
    play: async (stage) => {
      const traces = await stage.hear(user === "bound" ? "shop" : user, "traces.>");
      for (const [listener, filter, queue] of hear) await stage.hear(listener, filter, queue);
      await before?.(stage);
      const publisher = await stage.connect(user, { name: "publisher" });
      publisher.publish(subject, "body", { headers: headers() });
      await publisher.flush();
      await traces.waitForCount(events);
    },
  };
}

const fanout = [
  ["shop", "a.b"],
  ["shop", "a.*"],
  ["shop", ">"],
  ["shop", "a.b", "group"],
] as const;

const importers = [
  ["shop", "news.a"],
  ["reader", "from.news.*"],
  ["reader", "from.news.a"],
  ["quiet", "news.>"],
] as const;

async function serve(stage: TraceStage, subject: string): Promise<void> {
  const responder = await stage.connect("shop", { name: "responder" });
  answer(responder, subject, (request) => request.respond("here"));
  await responder.flush();
}

function asking(name: string, subject: string, service: string, headers: () => Headers): TraceCase {
  return {
    name,
    events: 1,
    play: async (stage) => {
      const traces = await stage.hear("buyer", "traces.>");
      await stage.hear("shop", service);
      await serve(stage, service);
      const buyer = await stage.connect("buyer", { name: "publisher" });
      await buyer
        .request(subject, "body", { headers: headers(), timeout: 300 })
        .catch(() => undefined);
      await traces.waitForCount(1);
    },
  };
}

const parent = (flags: string, more: Pairs = []): Headers =>
  headersOf([["TraceParent", `${PARENT}-${flags}`], ...more]);

export const TRACE_CASES: readonly TraceCase[] = [
  publishing("AC-70 AC-71: several subscriptions", "shop", "a.b", trace, { hear: fanout }),
  publishing("AC-70: a trace only", "shop", "a.b", traceOnly, { hear: fanout }),
  publishing("AC-70: a trace only, said otherwise", "shop", "a.b", () => traceOnly("ON"), {
    hear: [["shop", "a.b"]],
  }),
  publishing("AC-70: a word that is not said", "shop", "a.b", () => traceOnly("yes"), {
    hear: [["shop", "a.b"]],
  }),
  publishing("AC-71: nobody is there", "shop", "a.b", trace),
  publishing("AC-71: an account without imports", "plain", "a.b", trace, {
    hear: [["plain", "a.b"]],
  }),
  publishing("AC-70: gzip", "shop", "a.b", () => trace([["Accept-Encoding", "gzip, snap"]])),
  publishing("AC-70: snappy", "shop", "a.b", () => trace([["Accept-Encoding", "S2"]])),
  publishing("AC-70: an unknown packing", "shop", "a.b", () => trace([["Accept-Encoding", "br"]])),
  publishing("AC-71: a mapping", "shop", "old.x", trace, { hear: [["shop", "new.x"]] }),
  publishing("AC-74: streams of other accounts", "shop", "news.a", trace, { hear: importers }),
  publishing("AC-74: streams of other accounts, a trace only", "shop", "news.a", traceOnly, {
    hear: importers,
  }),
  publishing("AC-74: a stream with tokens in another order", "shop", "cut.1.at.2", trace, {
    hear: [
      ["reader", "seen.2.*"],
      ["reader", "seen.>"],
      ["reader", "*.2.1"],
    ],
  }),
  publishing("AC-74: a group over accounts", "shop", "news.a", traceOnly, {
    hear: [["reader", "from.news.a", "group"]],
  }),
  publishing("AC-73: traceparent, sampled", "shop", "a.b", () => parent("01"), {
    hear: [["shop", "a.b"]],
  }),
  publishing("AC-73: traceparent, not sampled", "shop", "a.b", () => parent("00"), {
    events: 0,
    hear: [["shop", "a.b"]],
  }),
  publishing(
    "AC-73: traceparent never keeps back",
    "shop",
    "a.b",
    () => {
      return parent("01", [["Nats-Trace-Only", "true"]]);
    },
    { hear: [["shop", "a.b"]] },
  ),
  publishing("AC-73: no destination of the account", "plain", "a.b", () => parent("01"), {
    events: 0,
    hear: [["plain", "a.b"]],
  }),
  publishing("AC-73: both", "shop", "a.b", () => parent("01", [["Nats-Trace-Dest", "traces.to"]]), {
    hear: [["shop", "a.b"]],
  }),
  publishing(
    "AC-75: tracing was disabled before",
    "shop",
    "a.b",
    () => {
      return parent("01", [["Nats-Trace-Dest", "trace disabled"]]);
    },
    { events: 0, hear: [["shop", "a.b"]] },
  ),
  publishing(
    "AC-75: a destination that is no subject",
    "shop",
    "a.b",
    () => {
      return headersOf([["Nats-Trace-Dest", "traces..x"]]);
    },
    { events: 0, hear: [["shop", "a.b"]] },
  ),
  publishing(
    "AC-75: the same, a trace only",
    "shop",
    "a.b",
    () => {
      return headersOf([
        ["Nats-Trace-Dest", "traces..x"],
        ["Nats-Trace-Only", "1"],
      ]);
    },
    { events: 0, hear: [["shop", "a.b"]] },
  ),
  publishing(
    "AC-70: another spelling is none",
    "shop",
    "a.b",
    () => {
      return headersOf([["nats-trace-dest", "traces.to"]]);
    },
    { events: 0, hear: [["shop", "a.b"]] },
  ),
  publishing(
    "AC-75: a destination that is denied",
    "bound",
    "a.b",
    () => {
      return headersOf([["Nats-Trace-Dest", "secret.traces"]]);
    },
    {
      events: 0,
      hear: [
        ["shop", "a.b"],
        ["shop", "secret.>"],
      ],
    },
  ),
  publishing("AC-76: a subject that is denied", "bound", "secret.x", trace, {
    hear: [["shop", "secret.x"]],
  }),
  publishing("AC-76: a subscriber that may not", "shop", "loud.no", trace, {
    hear: [
      ["deaf", "loud.*"],
      ["shop", "loud.no"],
    ],
  }),
  publishing("AC-76: only a subscriber that may not", "shop", "loud.no", traceOnly, {
    hear: [["deaf", "loud.*"]],
  }),
  {
    name: "AC-76: no echo",
    events: 1,
    play: async (stage) => {
      const traces = await stage.hear("shop", "traces.>");
      const publisher = await stage.connect("shop", { noEcho: true });
      await stage.listen(publisher, "a.b");
      publisher.publish("a.b", "body", { headers: trace() });
      await traces.waitForCount(1);
    },
  },
  {
    name: "AC-76: too large",
    events: 1,
    play: async (stage) => {
      const traces = await stage.hear("shop", "traces.>");
      const raw = await openRaw(stage.server.port);
      await raw.login({ user: "shop", pass: "pw", name: "raw" });
      const block = "NATS/1.0\r\nNats-Trace-Dest: traces.to\r\n\r\n";
      raw.send(`HPUB a.b ${block.length} 200000\r\n${block}`);
      await raw.waitForClose();
      await traces.waitForCount(1);
    },
  },
  asking("AC-74: a service that is closed", "plain", "plain", trace),
  asking("AC-74: a service that is closed, a trace only", "plain", "plain", traceOnly),
  asking("AC-74: an open service", "wide", "open", trace),
  asking("AC-74: an open service, a trace only", "wide", "open", traceOnly),
  asking("AC-74: two services, one behind the other", "far", "chain", trace),
  {
    name: "AC-74: a traced answer",
    events: 1,
    play: async (stage) => {
      const traces = await stage.hear("shop", "traces.>");
      const responder = await stage.connect("shop", { name: "responder" });
      answer(responder, "open", (request) => request.respond("here", { headers: trace() }));
      await responder.flush();
      const buyer = await stage.connect("buyer");
      const reply = await buyer.request("wide", "body", { timeout: 3_000 });
      if (reply.headers?.get("Nats-Trace-Dest") !== "trace disabled") {
        throw new Error("the answer can still be traced");
      }
      await traces.waitForCount(1);
    },
  },
  {
    name: "AC-71: a request that nobody takes",
    events: 1,
    play: async (stage) => {
      const traces = await stage.hear("shop", "traces.>");
      const publisher = await stage.connect("shop", { name: "publisher" });
      const refused = await publisher
        .request("nobody", "body", { headers: trace(), timeout: 5_000 })
        .catch((error: unknown) => error);
      if (!transportNode.isNoResponders(refused)) throw new Error(`not refused: ${refused}`);
      await traces.waitForCount(1);
    },
  },
];

/** One case from its first connection to its last event. */
export async function playTraceCase(
  server: ServerUnderTest,
  one: TraceCase,
): Promise<TraceOutcome> {
  const stage = new TraceStage(server);
  await one.play(stage);
  await settled(stage);
  return stage.end();
}
