// The monitoring port with real clients: pages, figures and lists; and side by side with a
// nats-server of this machine, whose pages have the same fields of the same types.
import { describe, expect, it, onTestFinished } from "vitest";
import { shapeDifferences, shapeOf } from "./page-shape.ts";
import { openRaw, type RawClient, rawForTest } from "./raw-client.ts";
import { laterReference, reference, whyNoLaterReference, whyNoReference } from "./reference.ts";
import { describeWithWorkers, freePort, isOtherServer, startServer } from "./server-under-test.ts";
import {
  ERROR_PAGES,
  SHAPE_PAGES,
  WANTED_LATER_SHAPES,
  WANTED_SHAPES,
} from "./wanted-page-shapes.ts";

// By its name, so from the build, as another program would load it.
const { startServer: embed } = await import("@weft/server");

const CONFIG = `
server_name: one
accounts {
  A {
    users: [{ user: ann, password: pw }, { user: ada, password: pw }]
    exports: [{ stream: "s.>" }, { service: "q.x", response_type: stream, accounts: [B] }]
    mappings: { foo: bar, "x.*": [{ destination: "y.$1", weight: 50% }] }
  }
  B {
    users: [{ user: bob, password: pw }]
    imports: [
      { stream: { account: A, subject: "s.>" }, prefix: in }
      { service: { account: A, subject: "q.x" }, to: local.q }
    ]
  }
}
`;

interface Subject {
  readonly port: number;
  readonly url: string;
}

async function startReference(program: string): Promise<Subject> {
  const port = await freePort();
  const config = `${CONFIG}\nhttp: "127.0.0.1:${port}"\n`;
  const server = await startServer({ config, command: [program] });
  onTestFinished(async () => {
    await server.stop();
  });
  return { port: server.port, url: `http://127.0.0.1:${port}` };
}

async function startWeft(workers: number, more = ""): Promise<Subject> {
  const monitoring = { host: "127.0.0.1", port: 0, secure: false, basePath: "" };
  const server = await embed({
    config: CONFIG + more,
    host: "127.0.0.1",
    port: 0,
    workers: Math.max(1, workers),
    options: { monitoring },
  });
  onTestFinished(() => server.close());
  return { port: server.port, url: server.monitoringUrl ?? "" };
}

interface Page {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function get({ url }: Subject, path: string): Promise<Page> {
  const response = await fetch(url + path);
  const { status, headers } = response;
  return { status, type: headers.get("content-type"), text: await response.text() };
}

async function json(subject: Subject, path: string): Promise<Record<string, unknown>> {
  const { status, text } = await get(subject, path);
  expect(status, `${path}: ${text}`).toBe(200);
  return JSON.parse(text) as Record<string, unknown>;
}

async function client(subject: Subject, user: string, name: string): Promise<RawClient> {
  const one = await openRaw(subject.port);
  onTestFinished(() => one.end());
  await one.info();
  return one.login({ user, pass: "pw", name, lang: "raw", version: "1.2.3" });
}

/** Three clients, none with a figure of another's, so that every order is one; and one that has gone. */
async function playClients(subject: Subject): Promise<void> {
  const ann = await client(subject, "ann", "c-ann");
  const ada = await client(subject, "ada", "c-ada");
  const bob = await client(subject, "bob", "c-bob");
  ann.send("SUB a.* 1\r\nSUB a.b q 2\r\nUNSUB 2 5\r\nSUB t 3\r\n");
  ada.send("SUB a.> 1\r\n");
  bob.send("SUB in.s.x 1\r\nSUB b 2\r\n");
  for (const one of [ann, ada, bob]) await one.ping();
  ada.send("PUB a.b 5\r\nhello\r\nPUB a.c 2\r\nhi\r\nPUB s.x 1\r\nx\r\n");
  bob.send("PUB b 30\r\n123456789012345678901234567890\r\n".repeat(4));
  await bob.waitFor(/MSG in\.s\.x/);
  for (const one of [ada, bob, ann]) await one.ping();
  const gone = await client(subject, "ann", "c-gone");
  gone.send("SUB g 1\r\nPUB g 1\r\nx\r\n");
  await gone.ping();
  gone.end();
  const closed = (): Promise<unknown[]> => names(subject, "state=closed");
  await expect.poll(closed, { timeout: 10_000 }).toContain("c-gone");
}

async function names(subject: Subject, query: string): Promise<unknown[]> {
  const page = await json(subject, `/connz?${query}`);
  return (page["connections"] as Record<string, unknown>[]).map((one) => one["name"]);
}

const SORTS = ["cid", "start", "subs", "msgs_to", "msgs_from", "bytes_to", "bytes_from"];

const BESIDE = [
  { program: reference, wanted: WANTED_SHAPES, name: `the reference${whyNoReference}` },
  {
    program: laterReference,
    wanted: WANTED_LATER_SHAPES,
    name: `a newer reference${whyNoLaterReference}`,
  },
];

describe.each(BESIDE)("monitoring beside $name", ({ program, wanted }) => {
  const tried = it.skipIf(program === undefined);

  tried.each([1, 2])("MO-10 to MO-26: same fields and types (%i workers)", async (workers) => {
    const [theirs, ours] = [await startReference(program ?? ""), await startWeft(workers)];
    await playClients(theirs);
    await playClients(ours);
    const differences: Record<string, string[]> = {};
    for (const path of SHAPE_PAGES) {
      const [before, after] = [await json(theirs, path), await json(ours, path)];
      const found = shapeDifferences(shapeOf(before), shapeOf(after));
      if (found.length > 0) differences[path] = found;
    }
    expect(differences).toEqual(
      Object.fromEntries(wanted.map(({ path, differs }) => [path, [...differs].sort()])),
    );
    for (const key of SORTS) {
      const query = `sort=${key}`;
      expect(await names(ours, query), key).toEqual(await names(theirs, query));
    }
    for (const query of ["acc=A&sort=subs", "user=bob", "offset=1&limit=1"]) {
      expect(await names(ours, query), query).toEqual(await names(theirs, query));
    }
    for (const path of ERROR_PAGES) {
      expect({ path, ...(await get(ours, path)) }).toEqual({ path, ...(await get(theirs, path)) });
    }
  });

  it("differences that are wanted have their reasons", () => {
    for (const { path, why } of wanted) {
      expect(SHAPE_PAGES).toContain(path);
      expect(why.length, path).toBeGreaterThan(20);
    }
  });
});

describeWithWorkers("the monitoring port", (workers) => {
  if (isOtherServer) return;

  it("MO-10, MO-18: figures are those of what clients did", async () => {
    const subject = await startWeft(workers);
    await playClients(subject);
    expect(await json(subject, "/varz")).toMatchObject({
      server_name: "one",
      connections: 3,
      total_connections: 4,
      subscriptions: 6,
      in_msgs: 8,
      in_bytes: 129,
      auth_required: true,
    });
    const page = await json(subject, "/connz?auth=1&subs=detail&sort=subs&limit=1");
    expect(page).toMatchObject({ num_connections: 1, total: 3, limit: 1 });
    const [ann] = page["connections"] as Record<string, unknown>[];
    expect(ann).toMatchObject({
      name: "c-ann",
      lang: "raw",
      version: "1.2.3",
      authorized_user: "ann",
      account: "A",
      subscriptions: 3,
      out_msgs: 3,
      out_bytes: 12,
      in_msgs: 0,
      ip: "127.0.0.1",
    });
    expect(ann?.["subscriptions_list_detail"]).toEqual([
      { subject: "a.*", sid: "1", msgs: 2, cid: ann?.["cid"] },
      { subject: "a.b", qgroup: "q", sid: "2", msgs: 1, max: 5, cid: ann?.["cid"] },
      { subject: "t", sid: "3", msgs: 0, cid: ann?.["cid"] },
    ]);
  });

  it("MO-10, AN-88: the server asks for logins, even if guests are let in", async () => {
    const subject = await startWeft(workers, "no_auth_user: ann\n");
    expect(await json(subject, "/varz")).toHaveProperty("auth_required", true);
    const guest = await rawForTest(subject.port);
    expect(await guest.info()).not.toHaveProperty("auth_required");
  });

  it("MO-24: subscriptions of all threads, tested by a subject and by account", async () => {
    const subject = await startWeft(workers);
    await playClients(subject);
    const subjects = async (query: string): Promise<string[]> => {
      const page = await json(subject, `/subsz?subs=1&${query}`);
      const list = (page["subscriptions_list"] ?? []) as Record<string, unknown>[];
      return list.map((one) => `${one["account"]} ${one["subject"]}`).sort();
    };
    const all = ["A a.*", "A a.>", "A a.b", "A t", "B b", "B in.s.x"];
    expect(await subjects("")).toEqual(all);
    expect(await subjects("test=a.b")).toEqual(["A a.*", "A a.>", "A a.b"]);
    expect(await subjects("acc=B")).toEqual(["B b", "B in.s.x"]);
    const one = [0, 1, 2, 3, 4, 5, 6].map((offset) => subjects(`limit=1&offset=${offset}`));
    expect((await Promise.all(one)).flat().sort()).toEqual(all);
  });

  it("MO-26, SB-106: accounts and the recent past", async () => {
    const subject = await startWeft(workers);
    await playClients(subject);
    const { account_statz: stats } = await json(subject, "/accstatz");
    expect(stats).toEqual([
      expect.objectContaining({
        acc: "A",
        conns: 2,
        num_subscriptions: 4,
        received: expect.objectContaining({ msgs: 4, bytes: 9 }),
      }),
      expect.objectContaining({ acc: "B", conns: 1, num_subscriptions: 2 }),
    ]);
    const recent = (await json(subject, "/recentz?auth=1")) as {
      closed: { connections: unknown[] };
      closed_by_reason: unknown;
    };
    expect(recent.closed_by_reason).toEqual({ "Client Closed": 1 });
    expect(recent.closed.connections).toEqual([
      expect.objectContaining({
        name: "c-gone",
        reason: "Client Closed",
        authorized_user: "ann",
        in_msgs: 1,
        subscriptions: 1,
      }),
    ]);
    const { text, type } = await get(subject, "/metrics");
    expect(type).toContain("application/openmetrics-text");
    expect(text).toContain('weft_account_connections{account="A"} 2\n');
    expect(text).toContain('weft_connections_closed_total{reason="Client Closed"} 1\n');
  });

  it("SB-106: a slow consumer, with the reason and its figures", async () => {
    const subject = await startWeft(workers, "max_pending: 1MB\nwrite_deadline: 500ms");
    const slow = await client(subject, "ann", "c-slow");
    slow.send("SUB flood 1\r\n");
    await slow.ping();
    slow.stopReading();
    const publisher = await client(subject, "ada", "c-fast");
    const message = `PUB flood 65536\r\n${"x".repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 400; sent += 1) publisher.send(message);
    type Recent = { slow_consumers: { connections: Record<string, unknown>[] } };
    const shown = async (): Promise<Record<string, unknown>[]> =>
      ((await json(subject, "/recentz?auth=1")) as Recent).slow_consumers.connections;
    await expect.poll(shown, { timeout: 15_000 }).toHaveLength(1);
    const [recent] = await shown();
    const reason = expect.stringMatching(/^Slow Consumer \((Pending Bytes|Write Deadline)\)$/);
    expect(recent).toMatchObject({ name: "c-slow", account: "A", subscriptions: 1, reason });
    expect(recent?.["out_bytes"]).toBeGreaterThan(65_535);
    const closed = await json(subject, "/connz?state=closed");
    expect(closed["connections"]).toEqual([expect.objectContaining({ name: "c-slow", reason })]);
    expect(await json(subject, "/varz")).toMatchObject({ slow_consumers: 1 });
  });

  it("attack 71: no page shows a secret; MO-32, MO-35: the threads, the command line is shown without", async () => {
    const port = await freePort();
    const config = `
      http: "127.0.0.1:${port}"
      monitor_login { users: [{ user: ops, password: CANARY1 }], tokens: [CANARY2] }
    `;
    const flags = ["--auth", "CANARY3"];
    const server = await startServer({ config, workers, flags });
    onTestFinished(async () => {
      await server.stop();
    });
    const good = await openRaw(server.port);
    const bad = await openRaw(server.port);
    onTestFinished(() => good.end());
    await good.login({ auth_token: "CANARY3", name: "good" });
    bad.sendConnect({ user: "x", pass: "CANARY4", auth_token: "CANARY5" });
    await bad.waitForClose();
    const pages = ["/varz", "/connz?auth=1&state=all", "/recentz?auth=1", "/debug/vars"];
    const headers = { Authorization: "Bearer CANARY2" };
    let text = "";
    for (const path of [
      ...pages,
      "/accountz?acc=$G",
      "/metrics",
      "/stacksz",
      "/",
      "/subsz?subs=1",
    ]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      expect(response.status, path).toBe(200);
      text += await response.text();
    }
    expect(text).toContain('"name": "good"');
    expect(text).toContain('"--auth","[REDACTED]"');
    expect(text).toMatch(/"config_digest": "sha256:[0-9a-f]{64}"/);
    expect(text).not.toContain("CANARY");
    expect((await fetch(`http://127.0.0.1:${port}/varz`)).status).toBe(401);
  });

  it("what other tools ask is answered: nats-top, the exporter for Prometheus", async () => {
    const subject = await startWeft(workers);
    await playClients(subject);
    for (const sort of ["cid", "subs", "msgs_to", "bytes_from", "idle", "last", "uptime", "rtt"]) {
      const query = `limit=1024&sort=${sort}&subs=1`;
      expect(await json(subject, `/connz?${query}`)).toMatchObject({ num_connections: 3 });
    }
    // MO-20: before a ping has measured it, what the answer to INFO took.
    expect(JSON.stringify(await json(subject, "/connz"))).not.toContain('"rtt":"0s"');
    const exporter = [
      "/varz",
      "/connz?auth=true",
      "/connz?limit=1024&offset=0",
      "/routez",
      "/subsz",
      "/gatewayz?accs=1",
      "/leafz",
      "/accstatz?unused=1",
      "/accountz",
      "/jsz?consumers=true&config=true&raft=true",
      "/healthz?js-enabled-only=true",
      "/healthz?js-server-only=true",
    ];
    for (const path of exporter) expect(await json(subject, path), path).toBeTypeOf("object");
  });
});
