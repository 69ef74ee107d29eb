// Accounts: nothing crosses unless it is exported and imported, and then just so.
import { describe, expect, it } from "vitest";
import { type Connection, connectForTest, transportNode } from "./client-library.ts";
import { eventually } from "./deadline.ts";
import { answer, MessageLog } from "./message-log.ts";
import { type JsonObject, type RawClient, rawForTest } from "./raw-client.ts";
import { describeWithWorkers, isAtLeast, itSince, useServer } from "./server-under-test.ts";

const CONFIG = `accounts {
  MAKER {
    users: [ { user: maker, password: pw } ]
    exports: [
      { stream: "news.>" }
      { stream: "private.*", accounts: [FRIEND] }
      { service: "add" }
      { service: "many", response_type: stream }
      { service: "typed.*", accounts: [FRIEND] }
    ]
  }
  FRIEND {
    users: [ { user: friend, password: pw }, { user: friend2, password: pw } ]
    imports: [
      { stream: { account: MAKER, subject: "news.>" }, prefix: "from.maker" }
      { stream: { account: MAKER, subject: "private.*" }, to: "secret.*" }
      { service: { account: MAKER, subject: "add" }, to: "maths.add" }
      { service: { account: MAKER, subject: "many" } }
      { service: { account: MAKER, subject: "typed.*" }, share: true }
    ]
  }
  OTHER {
    users: [ { user: other, password: pw } ]
    imports: [ { stream: { account: MAKER, subject: "news.a" } } ]
    mappings: {
      "old.*.*": "new.$2.$1"
      "split": [ { destination: "split.a", weight: 30% }, { destination: "split.b", weight: 70% } ]
      "part.*": "part.{{partition(3,1)}}.{{wildcard(1)}}"
    }
  }
}`;

/** A login in an account whose former connections the server may not have seen closing yet. */
async function loginWhenFree(port: number, login: JsonObject): Promise<RawClient> {
  return eventually(async () => {
    const client = await rawForTest(port);
    try {
      return await client.login(login);
    } catch {
      return undefined;
    }
  }, "a place in the account");
}

describeWithWorkers("accounts", (workers) => {
  const server = useServer({ workers, config: CONFIG });
  const as = (user: string): Promise<Connection> => connectForTest(server(), { user, pass: "pw" });

  it("AC-01: the same subject in two accounts never crosses", async () => {
    const connections = await Promise.all(["maker", "friend", "other"].map(as));
    const logs = connections.map((connection) => new MessageLog(connection, "same.>"));
    const all = connections.map((connection) => new MessageLog(connection, ">"));
    await Promise.all(connections.map((connection) => connection.flush()));
    for (const [index, connection] of connections.entries()) {
      connection.publish("same.subject", String(index));
    }
    for (const [index, log] of logs.entries()) {
      await log.waitForCount(1);
      await connections[index]?.flush();
      expect(log.texts).toEqual([String(index)]);
      expect(all[index]?.texts).toEqual([String(index)]);
    }
  });

  it("AC-24 AC-25 AC-26: a stream import reads, under its prefix, and never writes back", async () => {
    const [maker, friend, other] = [await as("maker"), await as("friend"), await as("other")];
    const friends = new MessageLog(friend, "from.maker.news.>");
    const others = new MessageLog(other, "news.*");
    const makers = new MessageLog(maker, ">");
    await Promise.all([maker, friend, other].map((connection) => connection.flush()));
    maker.publish("news.a", "1", { reply: "where.to" });
    maker.publish("news.b.c", "2");
    await friends.waitForCount(2);
    await others.waitForCount(1);
    expect(friends.subjects).toEqual(["from.maker.news.a", "from.maker.news.b.c"]);
    expect(friends.messages[0]?.reply).toBe("where.to");
    expect(others.subjects).toEqual(["news.a"]);
    friend.publish("from.maker.news.a", "back");
    other.publish("news.a", "back");
    await Promise.all([friend.flush(), other.flush()]);
    maker.publish("end");
    await makers.waitForCount(3);
    expect(makers.texts).toEqual(["1", "2", ""]);
  });

  it("AC-25: a stream import can be renamed", async () => {
    const [maker, friend] = [await as("maker"), await as("friend")];
    const log = new MessageLog(friend, "secret.*");
    await friend.flush();
    maker.publish("private.x", "for friends");
    await log.waitForCount(1);
    expect(log.subjects).toEqual(["secret.x"]);
  });

  it("AC-41: queue members of the importer share what comes", async () => {
    const maker = await as("maker");
    const members = [await as("friend"), await as("friend2"), await as("friend")];
    const logs = members.map(
      (member) => new MessageLog(member, "from.maker.news.q", { queue: "readers" }),
    );
    const check = new MessageLog(members[0] as Connection, "from.maker.news.q");
    await Promise.all(members.map((member) => member.flush()));
    for (let index = 0; index < 300; index++) maker.publish("news.q", String(index));
    await check.waitForCount(300);
    await Promise.all(members.map((member) => member.flush()));
    const numbers = logs.flatMap((log) => log.texts.map(Number)).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 300 }, (_, index) => index));
    for (const log of logs) expect(log.messages.length).toBeGreaterThan(40);
  });

  it("AC-28: a service import carries requests over and answers back", async () => {
    const [maker, friend, friend2] = [await as("maker"), await as("friend"), await as("friend2")];
    const seen = answer(maker, "add", (request) => {
      const { a, b } = request.json<{ a: number; b: number }>();
      request.respond(JSON.stringify(a + b));
    });
    await maker.flush();
    const asked = [friend, friend2].flatMap((requester, number) =>
      Array.from({ length: 50 }, async (_, index) => {
        const body = JSON.stringify({ a: number * 100, b: index });
        const reply = await requester.request("maths.add", body, { timeout: 5_000 });
        expect(reply.json<number>()).toBe(number * 100 + index);
      }),
    );
    await Promise.all(asked);
    for (const request of seen.messages) {
      expect(request.subject).toBe("add");
      expect(request.reply).toMatch(/^_R_\./);
    }
  });

  it("AC-29: a single answer ends the reply, a stream of answers does not", async () => {
    const [maker, friend] = [await as("maker"), await as("friend")];
    const several = (request: { respond(text: string): boolean }): void => {
      for (const text of ["1", "2", "3"]) request.respond(text);
    };
    const done = new MessageLog(maker, "done");
    answer(maker, "add", several);
    answer(maker, "many", several);
    const replies = new MessageLog(friend, "to.me.>");
    await Promise.all([maker.flush(), friend.flush()]);
    friend.publish("maths.add", "", { reply: "to.me.single" });
    friend.publish("many", "", { reply: "to.me.stream" });
    await replies.waitForCount(4);
    maker.publish("done");
    await done.waitForCount(1);
    await friend.flush();
    const bySubject = (subject: string): string[] =>
      replies.messages.filter((m) => m.subject === subject).map((m) => m.string());
    expect(bySubject("to.me.single")).toEqual(["1"]);
    expect(bySubject("to.me.stream")).toEqual(["1", "2", "3"]);
  });

  itSince("2.10", "AC-32: nobody behind a service import is told at once", async () => {
    const friend = await as("friend");
    const error: unknown = await friend
      .request("maths.add", "{}", { timeout: 5_000 })
      .catch((reason: unknown) => reason);
    expect(transportNode.isNoResponders(error), String(error)).toBe(true);
  });

  it("AC-34: with share, the service hears who asks", async () => {
    const [maker, friend] = [await as("maker"), await as("friend")];
    const seen = answer(maker, "typed.x", (request) => request.respond("ok"));
    await maker.flush();
    await friend.request("typed.x", "", { timeout: 5_000 });
    const header = seen.messages[0]?.headers?.get("Nats-Request-Info") ?? "";
    const facts = JSON.parse(header) as Record<string, unknown>;
    expect(facts["acc"]).toBe("FRIEND");
    expect(facts["user"]).toBe("friend");
  });

  it("CP-62: nobody publishes replies of services himself", async () => {
    const maker = await rawForTest(server().port);
    await maker.login({ user: "maker", pass: "pw" });
    maker.send("PUB x _R_.forged.reply 2\r\nhi\r\nPING\r\n");
    const error = await maker.waitFor(/^-ERR '(.*)'\r\nPONG/m);
    expect(error[1]).toBe('Permissions Violation for Publish with Reply of "_R_.forged.reply"');
  });

  it("SU-31 SU-41 SU-42: mappings rename what is published", async () => {
    const [publisher, subscriber] = [await as("other"), await as("other")];
    const log = new MessageLog(subscriber, ">");
    await subscriber.flush();
    publisher.publish("old.a.b");
    await log.waitForCount(1);
    expect(log.subjects).toEqual(["new.b.a"]);
    for (const key of ["k1", "k2", "k3", "k4", "k5"]) {
      publisher.publish(`part.${key}`);
      publisher.publish(`part.${key}`);
    }
    await log.waitForCount(11);
    for (let index = 1; index < 11; index += 2) {
      expect(log.subjects[index]).toMatch(/^part\.[012]\.k\d$/);
      expect(log.subjects[index + 1]).toBe(log.subjects[index]);
    }
  });

  it("SU-33: weights share out what is published", async () => {
    const [publisher, subscriber] = [await as("other"), await as("other")];
    const [a, b] = ["split.a", "split.b"].map((subject) => new MessageLog(subscriber, subject));
    const end = new MessageLog(subscriber, "split.end");
    await subscriber.flush();
    for (let index = 0; index < 2_000; index++) publisher.publish("split");
    publisher.publish("split.end");
    await end.waitForCount(1);
    expect((a?.messages.length ?? 0) + (b?.messages.length ?? 0)).toBe(2_000);
    // 600 are expected; the bounds are about six standard deviations away.
    expect(a?.messages.length).toBeGreaterThan(480);
    expect(a?.messages.length).toBeLessThan(720);
  });

  describe("with limits", () => {
    const limited = useServer({
      workers,
      config: `accounts { SMALL {
        users: [ { user: small, password: pw } ]
        ${isAtLeast("2.10") ? "limits { max_connections: 3, max_subscriptions: 2, max_payload: 16 }" : ""}
      } }`,
    });

    itSince("2.10", "AC-06 CP-35: connections, over all workers", async () => {
      const login = { user: "small", pass: "pw" };
      const clients = await Promise.all([0, 1, 2].map(() => rawForTest(limited().port)));
      for (const client of clients) await client.login(login);
      const fourth = await rawForTest(limited().port);
      fourth.sendConnect(login);
      await fourth.waitFor(/^-ERR 'maximum account active connections exceeded'\r\n/m);
      await fourth.waitForClose();
      clients[0]?.socket.end();
      await clients[0]?.waitForClose();
      await loginWhenFree(limited().port, login);
    });

    itSince("2.10", "AC-06 CP-60 CP-53: subscriptions and payload", async () => {
      const client = await loginWhenFree(limited().port, { user: "small", pass: "pw" });
      client.send("SUB a 1\r\nSUB b 2\r\nSUB c 3\r\n");
      await client.waitFor(/^-ERR 'maximum subscriptions exceeded'\r\n/m);
      client.send("PUB a 17\r\n");
      await client.waitFor(/^-ERR 'Maximum Payload Violation'\r\n/m);
      await client.waitForClose();
    });
  });
});
