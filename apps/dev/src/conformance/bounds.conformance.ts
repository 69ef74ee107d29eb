// Bounds that keep one account, one operator's tool or one slow reader from the memory of others.
import { LIMITS } from "@weft/base";
import { expect } from "vitest";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, itWeft, useServer } from "./server-under-test.ts";

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
