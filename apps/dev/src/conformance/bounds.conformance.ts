// Bounds that keep one account, one operator's tool or one slow reader from the memory of others.
import { LIMITS } from "@weft/base";
import { expect } from "vitest";
import { eventually } from "./deadline.ts";
import { type RawClient, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  freePort,
  itWeft,
  serverForTest,
  useServer,
} from "./server-under-test.ts";

const REPLY_BYTES = 50_000;
/** More than one account may have under way with replies of that size. */
const FLOOD = Math.ceil(LIMITS.serviceReplyBytesPerAccountMax / REPLY_BYTES) + 60;

describeWithWorkers("bounds of service replies", (workers) => {
  const server = useServer({
    workers,
    config: `max_control_line: 60000
      accounts {
        MAKER { users: [ { user: maker, password: pw } ], exports: [ { service: "svc" } ] }
        LOUD { users: [ { user: loud, password: pw } ]
          imports: [ { service: { account: MAKER, subject: "svc" } } ] }
        QUIET { users: [ { user: quiet, password: pw } ]
          imports: [ { service: { account: MAKER, subject: "svc" } } ] }
      }`,
  });
  const as = async (user: string) => (await rawForTest(server().port)).login({ user, pass: "pw" });

  itWeft("AC-28: long replies of one account push out its own oldest alone", async () => {
    const [maker, loud, quiet] = await Promise.all(["maker", "loud", "quiet"].map(as));
    if (maker === undefined || loud === undefined || quiet === undefined) throw new Error("none");
    maker.send("SUB svc 1\r\n");
    for (const client of [loud, quiet]) client.send("SUB r.> 1\r\n");
    await Promise.all([maker.ping(), loud.ping(), quiet.ping()]);
    const pad = "x".repeat(REPLY_BYTES);
    quiet.send(`PUB svc r.quiet.${pad} 0\r\n\r\n`);
    await maker.waitFor(/^H?MSG svc 1 /m);
    for (let at = 0; at < FLOOD; at += 1) loud.send(`PUB svc r.${at}.${pad} 0\r\n\r\n`);
    loud.send("PUB svc r.end 7\r\nthe-end\r\n");
    await maker.waitFor(/the-end\r\n/, 20_000);
    const replies = [...maker.received.matchAll(/^H?MSG svc 1 (\S+) /gm)];
    expect(replies).toHaveLength(FLOOD + 2);
    for (const [, reply] of replies) maker.send(`PUB ${reply} 0\r\n\r\n`);
    await Promise.all([quiet.waitFor(/^MSG r\.quiet\./m), loud.waitFor(/^MSG r\.end /m, 20_000)]);
    const answered = [...loud.received.matchAll(/^MSG r\.(\d+)\./gm)].map(([, at]) => Number(at));
    expect(answered.length).toBeGreaterThan(FLOOD / 2);
    expect(answered.length * REPLY_BYTES).toBeLessThan(LIMITS.serviceReplyBytesPerAccountMax);
    expect(answered[0]).toBe(FLOOD - answered.length);
  });
});

/** Subscriptions whose page is more than the kernel takes for a reader that stands still. */
const SUBSCRIPTIONS = 24_000;
const LONG_SUBJECT = `long.${"s".repeat(800)}`;
const STALLED_READERS = 4;
const FLOODED_REQUESTS = 200;

describeWithWorkers("bounds of monitoring pages", (workers) => {
  /** A server with a monitoring port and a client that has so many subscriptions. */
  async function started(subscriptions: number): Promise<{ port: number; monitor: number }> {
    const monitor = await freePort();
    const { port } = await serverForTest({
      workers,
      config: `http: "127.0.0.1:${monitor}"
        accounts {
          SYS { users: [ { user: sys, password: pw } ] }
          ACC { users: [ { user: acc, password: pw } ] }
        }
        system_account: SYS`,
    });
    const client = await (await rawForTest(port)).login({ user: "acc", pass: "pw" });
    let text = "";
    for (let sid = 1; sid <= subscriptions; sid += 1) {
      text += `SUB ${LONG_SUBJECT}.${sid} ${sid}\r\n`;
    }
    client.send(text);
    await client.ping();
    return { port, monitor };
  }

  itWeft("attack 20: who does not read a large page makes room for who does", async () => {
    const { monitor } = await started(SUBSCRIPTIONS);
    const path = "/subsz?subs=1&limit=100000";
    const stalled: RawClient[] = [];
    for (let reader = 0; reader < STALLED_READERS; reader += 1) {
      const client = await rawForTest(monitor);
      client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await client.waitFor(/^HTTP\/1\.1 200 /, 20_000);
      client.stopReading();
      stalled.push(client);
    }
    const response = await fetch(`http://127.0.0.1:${monitor}${path}`);
    const page = (await response.json()) as { subscriptions_list: unknown[] };
    expect(page.subscriptions_list.length).toBeGreaterThanOrEqual(SUBSCRIPTIONS);
    // Well before a reader is cut for standing still alone.
    await eventually(() => {
      // What is written to a connection that was cut ends it, though nobody reads.
      for (const client of stalled) if (!client.isClosed) client.send("\r\n");
      return stalled.some(({ isClosed }) => isClosed) ? true : undefined;
    }, "a reader to be cut");
  });

  itWeft(
    "SY-21: pages of the system account wait in a bounded line, others are answered",
    async () => {
      const { port, monitor } = await started(100);
      const system = await (await rawForTest(port)).login({ user: "sys", pass: "pw" });
      system.send("SUB r.* 1\r\nSUB s.* 2\r\n");
      await system.ping();
      const body = JSON.stringify({ subscriptions: true, limit: 1_000 });
      let flood = "";
      for (let at = 0; at < FLOODED_REQUESTS; at += 1) {
        flood += `PUB $SYS.REQ.SERVER.PING.SUBSZ r.${at} ${body.length}\r\n${body}\r\n`;
      }
      const pages = Array.from({ length: 20 }, () =>
        fetch(`http://127.0.0.1:${monitor}/subsz?subs=1`).then((response) => response.json()),
      );
      system.send(`${flood}PUB $SYS.REQ.SERVER.PING.IDZ s.id 0\r\n\r\n`);
      const answers = await eventually(() => {
        const found = new Set(system.received.match(/^MSG r\.\d+ /gm));
        return found.size === FLOODED_REQUESTS ? found : undefined;
      }, "every request to be answered");
      await system.waitFor(/^MSG s\.id /m);
      const made = system.received.match(/"subscriptions_list":\[/g) ?? [];
      const refused = system.received.match(/"error":\{"code":503,/g) ?? [];
      expect(made.length).toBeGreaterThanOrEqual(LIMITS.systemPagesWaitingMax);
      expect(refused.length).toBeGreaterThan(0);
      expect(made.length + refused.length).toBe(answers.size);
      expect(await Promise.all(pages)).toHaveLength(20);
    },
  );
});
