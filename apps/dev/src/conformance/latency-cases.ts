// Requests to measured services, and the measurements that come of them: played against the server
// and against the reference. Must stay true: what differs from run to run (ids, times, durations) is
// masked; whether a duration is zero is not.
import { type Connection, connectForTest, type Headers, transportNode } from "./client-library.ts";
import { answer, MessageLog } from "./message-log.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

export const LATENCY_CONFIG = `server_name: measured
accounts {
  SHOP {
    users: [ { user: shop, password: pw } ]
    exports: [
      { service: "plain", latency: "results.plain" }
      { service: "shared", latency: { subject: "results.shared", sampling: 100 } }
      { service: "by.headers", latency: { sampling: headers, subject: "results.headers" } }
      { service: "soon", latency: "results.soon", threshold: "300ms" }
      { service: "many.*.of", latency: "results.many", threshold: "10s" }
      { service: "chain", latency: "results.chain" }
      { service: "silent" }
    ]
  }
  MIDDLE {
    users: [ { user: middle, password: pw } ]
    imports: [ { service: { account: SHOP, subject: "chain" }, to: "link", share: true } ]
    exports: [ { service: "link", latency: "results.link" } ]
  }
  BUYER {
    users: [ { user: buyer, password: pw } ]
    imports: [
      { service: { account: SHOP, subject: "plain" } }
      { service: { account: SHOP, subject: "shared" }, share: true }
      { service: { account: SHOP, subject: "by.headers" }, to: "asked" }
      { service: { account: SHOP, subject: "soon" } }
      { service: { account: SHOP, subject: "many.*.of" }, to: "any.$1" }
      { service: { account: SHOP, subject: "silent" } }
      { service: { account: MIDDLE, subject: "link" }, to: "far" }
    ]
  }
}`;

/** The connections of one case, opened in this order so that they lie on different workers. */
export interface LatencyActors {
  readonly server: ServerUnderTest;
  /** In SHOP; hears the measurements. */
  readonly listener: Connection;
  readonly buyer: Connection;
  /** In SHOP; answers. */
  readonly responder: Connection;
  readonly results: MessageLog;
}

export interface LatencyCase {
  readonly name: string;
  /** Measurements that come of it. */
  readonly count: number;
  play(actors: LatencyActors): Promise<void>;
}

const ANSWER_AFTER_MS = 5;

async function openActors(server: ServerUnderTest): Promise<LatencyActors> {
  const open = (user: string): Promise<Connection> =>
    connectForTest(server, { user, pass: "pw", name: `the ${user}` });
  const listener = await open("shop");
  const buyer = await open("buyer");
  const responder = await open("shop");
  const results = new MessageLog(listener, "results.>");
  await listener.flush();
  return { server, listener, buyer, responder, results };
}

async function serve(actors: LatencyActors, subject: string): Promise<MessageLog> {
  const log = answer(actors.responder, subject, (request) => {
    setTimeout(() => request.respond("here"), ANSWER_AFTER_MS);
  });
  await actors.responder.flush();
  return log;
}

const seconds = { timeout: 5_000 };

async function ask(actors: LatencyActors, subject: string, headers?: Headers): Promise<void> {
  const reply = await actors.buyer.request(
    subject,
    "please",
    headers === undefined ? seconds : { ...seconds, headers },
  );
  if (reply.string() !== "here") throw new Error(`no answer but ${reply.string()}`);
}

function headersOf(pairs: readonly (readonly [string, string])[]): Headers {
  const headers = transportNode.headers();
  for (const [key, value] of pairs) headers.append(key, value);
  return headers;
}

const HEADER_SETS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  none: [["Other", "x"]],
  "Uber-Trace-Id sampled": [
    ["Uber-Trace-Id", "479fefe9525eddb:5adb976bfc1f95c1:479fefe9525eddb:1"],
    ["Uberctx-Key", "v"],
    ["Other", "x"],
  ],
  "Uber-Trace-Id not sampled": [["Uber-Trace-Id", "479f:5adb:479f:0"]],
  "Uber-Trace-Id with two digits": [["uber-trace-id", "479f:5adb:479f:03"]],
  "Uber-Trace-Id of another form": [["Uber-Trace-Id", "479f:5adb"]],
  "X-B3-Sampled 1": [
    ["X-B3-TraceId", "80f198ee56343ba864fe8b2a57d3eff7"],
    ["X-B3-ParentSpanId", "05e3ac9a4f6e3b90"],
    ["X-B3-SpanId", "e457b5a2e4d86bd1"],
    ["X-B3-Sampled", "1"],
  ],
  "X-B3-Sampled 0": [
    ["X-B3-TraceId", "80f198ee56343ba864fe8b2a57d3eff7"],
    ["X-B3-Sampled", "0"],
  ],
  "X-B3-TraceId alone": [["x-b3-traceid", "80f198ee56343ba864fe8b2a57d3eff7"]],
  "B3 sampled": [["b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"]],
  "B3 denied": [["B3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0-05e3ac9a4f6e3b90"]],
  "B3 with the decision alone": [["B3", "0"]],
  "traceparent sampled": [
    ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    ["tracestate", "congo=t61"],
  ],
  "traceparent not sampled": [
    ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"],
  ],
};

const MEASURED_SETS = new Set([
  "Uber-Trace-Id sampled",
  "Uber-Trace-Id with two digits",
  "X-B3-Sampled 1",
  "X-B3-TraceId alone",
  "B3 sampled",
  "traceparent sampled",
]);

const headerCases = Object.entries(HEADER_SETS).map(
  ([name, pairs]): LatencyCase => ({
    name: `AC-63: headers: ${name}`,
    count: MEASURED_SETS.has(name) ? 1 : 0,
    play: async (actors) => {
      await serve(actors, "by.headers");
      await ask(actors, "asked", headersOf(pairs));
    },
  }),
);

/** A request and its answer, and how many measurements come of it. */
function answered(name: string, service: string, count: number, asked = service): LatencyCase {
  return {
    name,
    count,
    play: async (actors) => {
      await serve(actors, service);
      await ask(actors, asked);
    },
  };
}

export const LATENCY_CASES: readonly LatencyCase[] = [
  answered("AC-61 AC-65: an answer, nothing shared", "plain", 1),
  answered("AC-65: an answer, shared", "shared", 1),
  answered(
    "AC-61: an export with a wildcard, under another name",
    "many.things.of",
    1,
    "any.things",
  ),
  answered("AC-60: a service that is not measured", "silent", 0),
  {
    name: "AC-62: 400, a request without a reply",
    count: 1,
    play: async (actors) => {
      const log = await serve(actors, "shared");
      actors.buyer.publish("shared", "please");
      await log.waitForCount(1);
    },
  },
  {
    name: "AC-62: 503, nobody is there",
    count: 1,
    play: async (actors) => {
      // Older references measure it without telling the requester.
      await actors.buyer.request("plain", "", { timeout: 300 }).catch(() => undefined);
    },
  },
  {
    name: "AC-62: 504, no answer in time",
    count: 1,
    play: async (actors) => {
      const log = new MessageLog(actors.responder, "soon");
      await actors.responder.flush();
      const late = actors.buyer.request("soon", "", { timeout: 3_000 }).catch(() => undefined);
      await log.waitForCount(1);
      await actors.results.waitForCount(1);
      log.messages[0]?.respond("too late");
      await actors.buyer.close();
      await late;
    },
  },
  {
    name: "AC-62: 408, the requester is gone",
    count: 1,
    play: async (actors) => {
      const log = new MessageLog(actors.responder, "shared");
      await actors.responder.flush();
      const lost = actors.buyer.request("shared", "", seconds).catch(() => undefined);
      await log.waitForCount(1);
      await actors.buyer.close();
      await lost;
      await actors.results.waitForCount(1);
      log.messages[0]?.respond("nobody listens");
    },
  },
  {
    name: "AC-62: 408, the requester waits no more",
    count: 1,
    play: async (actors) => {
      const log = new MessageLog(actors.responder, "plain");
      await actors.responder.flush();
      const inbox = new MessageLog(actors.buyer, "my.inbox");
      actors.buyer.publish("plain", "please", { reply: "my.inbox" });
      await log.waitForCount(1);
      inbox.subscription.unsubscribe();
      await actors.buyer.flush();
    },
  },
  {
    name: "AC-61: two imports, one behind the other",
    count: 2,
    play: async (actors) => {
      const middle = await connectForTest(actors.server, { user: "middle", pass: "pw" });
      const links = new MessageLog(middle, "results.>");
      await middle.flush();
      await serve(actors, "chain");
      await ask(actors, "far");
      const [link] = await links.waitForCount(1);
      actors.listener.publish("results.middle", link?.string() ?? "");
      await actors.listener.flush();
    },
  },
  ...headerCases,
];

const DURATIONS = new Set(["rtt", "service", "system", "total"]);
const MASKED = new Set(["id", "timestamp", "start", "host"]);

function masked(key: string, value: unknown): unknown {
  if (DURATIONS.has(key)) return value === 0 ? 0 : typeof value === "number" ? "<time>" : value;
  // The libraries of other runs are others.
  if (key === "ver") return "<version>";
  return MASKED.has(key) ? `<${typeof value}>` : value;
}

/** The measurements of one case as JSON text, in order of their subjects. */
export async function playLatencyCase(
  server: ServerUnderTest,
  { count, play }: LatencyCase,
): Promise<string[]> {
  const actors = await openActors(server);
  const { results, listener, buyer, responder } = actors;
  await play(actors);
  await results.waitForCount(count);
  // Nothing more comes of it: what follows would come behind.
  const end = new MessageLog(listener, "end");
  await listener.flush();
  listener.publish("end", "");
  await end.waitForCount(1);
  const shown = results.messages.map((message) => {
    const measured = message.json<{ status: number; service: number }>();
    // Less a round trip that is only estimated: on a busy machine nothing may be left.
    if (measured.status === 200) measured.service ||= 1;
    return `${message.subject} ${JSON.stringify(measured, masked)}`;
  });
  await Promise.all([listener.close(), buyer.close(), responder.close()]);
  return shown.sort();
}
