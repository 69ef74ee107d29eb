// What a user may do: allow, deny, queues, replies; and how a client hears of a refusal.
import type { Status } from "@nats-io/transport-node";
import { describe, expect, it } from "vitest";
import { type Connection, connectForTest } from "./client-library.ts";
import { within } from "./deadline.ts";
import { answer, MessageLog } from "./message-log.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, itSince, useServer } from "./server-under-test.ts";

const CONFIG = `authorization {
  default_permissions: { publish: "default.>", subscribe: ["default.>", "_INBOX.>"] }
  users: [
    { user: all, password: pw, permissions: { publish: ">", subscribe: ">" } }
    { user: limited, password: pw, permissions: {
      publish: { allow: ["a.>", "req.*"], deny: ["a.secret", "a.secret.>"] }
      subscribe: { allow: ["a.>", "_INBOX.>"], deny: ["a.hidden", "a.hidden.>"] }
    } }
    { user: queues, password: pw, permissions: {
      publish: ">", subscribe: ["plain", "jobs workers", "both", "both v1.*"]
    } }
    { user: once, password: pw, permissions: { subscribe: "service.>", allow_responses: true } }
    { user: twice, password: pw, permissions: {
      publish: "log.>", subscribe: "service.>", allow_responses: { max: 2, expires: "1m" }
    } }
    { user: soon, password: pw, permissions: {
      subscribe: "late.>", allow_responses: { max: 5, expires: "200ms" }
    } }
    { user: plainuser, password: pw }
  ]
}
mappings {
  "mapped.to.secret": "a.secret"
  "mapped.to.open": "a.open"
  "b.mapped": "a.mapped"
  "mapped.either": [ { destination: "a.open", weight: 50 }, { destination: "a.shut", weight: 50 } ]
  "mapped.weighted": [ { destination: "a.weighted", weight: 50 }, { destination: "a.secret.x", weight: 50 } ]
}`;

/** The next error that the server tells this client. */
function nextError(connection: Connection): Promise<string> {
  const statuses: AsyncIterable<Status> = connection.status();
  const first = async (): Promise<string> => {
    for await (const status of statuses) {
      if (status.type === "error") return status.error.message;
    }
    throw new Error("closed without an error");
  };
  return within(first(), "an error of the server");
}

describeWithWorkers("permissions", (workers) => {
  const server = useServer({ workers, config: CONFIG });
  const as = (user: string): Promise<Connection> => connectForTest(server(), { user, pass: "pw" });

  describe("of publishing", () => {
    it("AZ-04 AZ-05: allowed minus denied; a refusal is told and the connection stays", async () => {
      const [limited, all] = [await as("limited"), await as("all")];
      const log = new MessageLog(all, ">");
      await all.flush();
      for (const subject of ["b.no", "a.secret", "a.secret.x", "a", "req.a.b"]) {
        const error = nextError(limited);
        limited.publish(subject, "no");
        expect(await error).toMatch(
          new RegExp(
            `Permissions Violation for Publish to "${subject.replaceAll(".", "\\.")}"`,
            "i",
          ),
        );
      }
      for (const subject of ["a.x", "a.secrets", "req.a"]) limited.publish(subject);
      await log.waitForCount(3);
      expect(log.subjects).toEqual(["a.x", "a.secrets", "req.a"]);
    });
  });

  describe("of publishing on a mapped subject", () => {
    it("SU-39 AZ-05: the right is for where the message goes", async () => {
      const limited = await rawForTest(server().port);
      await limited.login({ user: "limited", pass: "pw" });
      const all = await as("all");
      const log = new MessageLog(all, "a.>");
      await all.flush();
      limited.send("PUB mapped.to.secret 1\r\n1\r\nPUB mapped.to.open 1\r\n2\r\n");
      limited.send("PUB b.mapped 1\r\n3\r\nPING\r\n");
      await limited.waitFor(/PONG\r\n/);
      expect(limited.received).toContain(
        `-ERR 'Permissions Violation for Publish to "a.secret"'\r\nPONG`,
      );
      await log.waitForCount(2);
      expect(log.subjects).toEqual(["a.open", "a.mapped"]);
    });

    itSince("2.11", "CP-64 SU-39: that nobody is there is told of that subject", async () => {
      const limited = await rawForTest(server().port);
      await limited.login({ user: "limited", pass: "pw", headers: true, no_responders: true });
      for (const subject of ["mapped.to.open", "mapped.either"]) {
        limited.send(`SUB _INBOX.x x\r\nPUB ${subject} _INBOX.x 1\r\n1\r\nPING\r\n`);
        await limited.waitFor(/Nats-Subject: a\.(?:open|shut)\r\n\r\n\r\nPONG\r\n/);
      }
    });

    it("SU-33 SU-39: and so it is for what is drawn", async () => {
      const limited = await rawForTest(server().port);
      await limited.login({ user: "limited", pass: "pw" });
      const all = await as("all");
      const log = new MessageLog(all, "a.>");
      await all.flush();
      const count = 200;
      for (let left = count; left > 0; left -= 1) limited.send("PUB mapped.weighted 1\r\nx\r\n");
      limited.send("PING\r\n");
      await limited.waitFor(/PONG\r\n/);
      const errors = limited.received.match(/^-ERR '.*'/gm) ?? [];
      expect(new Set(errors)).toEqual(
        new Set([`-ERR 'Permissions Violation for Publish to "a.secret.x"'`]),
      );
      await log.waitForCount(count - errors.length);
      expect(new Set(log.subjects)).toEqual(new Set(["a.weighted"]));
      expect(Math.abs(errors.length - count / 2)).toBeLessThan(40);
    });
  });

  describe("of subscribing", () => {
    it("AZ-06 AZ-08: a filter must lie in what is allowed and not in what is denied", async () => {
      const limited = await rawForTest(server().port);
      await limited.login({ user: "limited", pass: "pw" });
      const refused = ["b", ">", "*.x", "a.hidden", "a.hidden.x", "a.hidden.>"];
      for (const [sid, filter] of refused.entries()) {
        limited.send(`SUB ${filter} ${sid}\r\n`);
        const error = await limited.waitFor(/^-ERR '(.*)'\r\n/m);
        expect(error[1]).toBe(`Permissions Violation for Subscription to "${filter}"`);
      }
      for (const [sid, filter] of ["a.>", "a.*", "a.b"].entries()) {
        limited.send(`SUB ${filter} x${sid}\r\n`);
      }
      await limited.ping();
      expect(limited.received).not.toMatch(/-ERR[^\n]*"a\.[*>b]"/);
    });

    it("AZ-07: what is denied inside an allowed wildcard is never delivered", async () => {
      const [limited, all] = [await as("limited"), await as("all")];
      const log = new MessageLog(limited, "a.>");
      const queued = new MessageLog(limited, "a.>", { queue: "q" });
      await limited.flush();
      const subjects = ["a.hidden", "a.hidden.x", "a.ok", "a.hidden.y.z", "a.hiddens"];
      for (const subject of subjects) all.publish(subject);
      await log.waitForCount(2);
      await queued.waitForCount(2);
      await limited.flush();
      expect(log.subjects).toEqual(["a.ok", "a.hiddens"]);
      expect(queued.subjects).toEqual(["a.ok", "a.hiddens"]);
    });

    it("AZ-09 AZ-10: queues are allowed by name", async () => {
      const client = await rawForTest(server().port);
      await client.login({ user: "queues", pass: "pw" });
      const allowed = ["plain", "plain any", "jobs workers", "both", "both v1.x"];
      const refused = ["jobs", "jobs others", "jobs workers2", "both v2", "both v1"];
      for (const [sid, words] of allowed.entries()) client.send(`SUB ${words} ${sid}\r\n`);
      await client.ping();
      expect(client.received).not.toContain("-ERR");
      for (const [sid, words] of refused.entries()) {
        client.send(`SUB ${words} no${sid}\r\n`);
        const error = await client.waitFor(/^-ERR '(.*)'\r\n/m);
        const [subject, queue] = words.split(" ");
        const suffix = queue === undefined ? "" : ` using queue "${queue}"`;
        expect(error[1]).toBe(`Permissions Violation for Subscription to "${subject}"${suffix}`);
      }
    });

    it("tells the client's subscription why it ended", async () => {
      const limited = await as("limited");
      const log = new MessageLog(limited, "nothing.here");
      const closed = await within(log.subscription.closed, "the subscription to end");
      expect(String(closed)).toMatch(/permissions violation/i);
      expect(limited.isClosed()).toBe(false);
    });
  });

  describe("by default", () => {
    it("AN-14: users without their own get those of the block", async () => {
      const [user, all] = [await as("plainuser"), await as("all")];
      const log = new MessageLog(all, ">");
      await all.flush();
      const error = nextError(user);
      user.publish("elsewhere");
      expect(await error).toMatch(/publish to "elsewhere"/i);
      user.publish("default.a");
      await log.waitForCount(1);
      expect(log.subjects).toEqual(["default.a"]);
    });
  });

  describe("to answer", () => {
    it("AZ-11 AZ-12: one answer for each request, nothing else", async () => {
      const [once, all] = [await as("once"), await as("all")];
      const replies = new MessageLog(all, "answers.>");
      answer(once, "service.a", (request) => {
        request.respond("first");
        request.respond("second");
      });
      await Promise.all([once.flush(), all.flush()]);
      const error = nextError(once);
      all.publish("service.a", "", { reply: "answers.1" });
      expect(await error).toMatch(/publish to "answers\.1"/i);
      await replies.waitForCount(1);
      const unasked = nextError(once);
      once.publish("answers.2");
      expect(await unasked).toMatch(/publish to "answers\.2"/i);
      await once.flush();
      expect(replies.texts).toEqual(["first"]);
      const request = await all.request("service.a", "", { timeout: 5_000 });
      expect(request.string()).toBe("first");
    });

    it("AZ-11: as many answers as written, beside what is allowed anyway", async () => {
      const [twice, all] = [await as("twice"), await as("all")];
      const replies = new MessageLog(all, "answers2.>");
      const logs = new MessageLog(all, "log.>");
      answer(twice, "service.b", (request) => {
        for (const text of ["1", "2", "3"]) request.respond(text);
        twice.publish("log.done");
      });
      await Promise.all([twice.flush(), all.flush()]);
      for (const number of [1, 2]) {
        all.publish("service.b", "", { reply: `answers2.${number}` });
        await logs.waitForCount(number);
      }
      await replies.waitForCount(4);
      expect(replies.texts).toEqual(["1", "2", "1", "2"]);
    });

    it("AZ-12: an answer that comes too late is refused", async () => {
      const [soon, all] = [await as("soon"), await as("all")];
      const replies = new MessageLog(all, "answers3");
      const requests = new MessageLog(soon, "late.a");
      await Promise.all([soon.flush(), all.flush()]);
      all.publish("late.a", "", { reply: "answers3" });
      const [request] = await requests.waitForCount(1);
      request?.respond("in time");
      await replies.waitForCount(1);
      const error = nextError(soon);
      // The permission itself is what has to run out.
      await new Promise((resolve) => setTimeout(resolve, 300));
      request?.respond("too late");
      expect(await error).toMatch(/publish to "answers3"/i);
      await all.flush();
      expect(replies.texts).toEqual(["in time"]);
    });
  });
});
