// Requests, headers, drain, reconnect: the second half of what every client library has to find.
// Must stay true: requester and responder are different connections in each test.
import { expect, it, onTestFinished } from "vitest";
import { connectForTest } from "./client-library.ts";
import { type CaseSetting, connectionsOf, openConnections, twoConnections } from "./core-cases.ts";
import { eventually, within } from "./deadline.ts";
import { answer, MessageLog } from "./message-log.ts";
import { itSince, type StartOptions, startServer } from "./server-under-test.ts";

/** Requests and headers. */
export function defineRequestCases(setting: CaseSetting): void {
  const { library } = setting;

  it("SU-09: 200 requests of each of 3 requesters get their own answers", async () => {
    const connections = await openConnections(setting, 4);
    const responder = connectionsOf(connections, 0);
    answer(responder, "double", (request) => {
      request.respond(String(2 * Number(request.string())));
    });
    await responder.flush();
    const requests = connections.slice(1).flatMap((requester, number) =>
      Array.from({ length: 200 }, async (_, index) => {
        const value = number * 1_000 + index;
        const reply = await requester.request("double", String(value), { timeout: 10_000 });
        expect(reply.string()).toBe(String(2 * value));
      }),
    );
    await Promise.all(requests);
  });

  it("requestMany collects answers by count, time, silence and end mark", async () => {
    const connections = await openConnections(setting, 4);
    const requester = connectionsOf(connections, 3);
    for (const responder of connections.slice(0, 3)) {
      answer(responder, "poll", (request) => request.respond("here"));
      await responder.flush();
    }
    const once = async (options: Parameters<typeof requester.requestMany>[2]) => {
      const texts: string[] = [];
      for await (const reply of await requester.requestMany("poll", "", options)) {
        texts.push(reply.string());
      }
      return texts;
    };
    const all = ["here", "here", "here"];
    const { count, timer, stall, sentinel } = library.strategies;
    expect(await once({ strategy: count, maxMessages: 3, maxWait: 5_000 })).toEqual(all);
    expect(await once({ strategy: timer, maxWait: 300 })).toEqual(all);
    expect(await once({ strategy: stall, maxWait: 5_000 })).toEqual(all);
    answer(connectionsOf(connections, 0), "parts", (request) => {
      for (const text of ["1", "2", ""]) request.respond(text);
    });
    await connectionsOf(connections, 0).flush();
    const parts: string[] = [];
    const replies = await requester.requestMany("parts", "", {
      strategy: sentinel,
      maxWait: 5_000,
    });
    for await (const reply of replies) parts.push(reply.string());
    expect(parts.filter((text) => text !== "")).toEqual(["1", "2"]);
  });

  it("CP-42 CP-47 CP-71: headers keep case, order and number, both ways", async () => {
    const [responder, requester] = await twoConnections(setting);
    const seen = answer(responder, "headers", (request) => {
      const reply = library.headers();
      reply.append("Answer-To", request.headers?.get("Question") ?? "");
      request.respond(request.data, { headers: reply });
    });
    await responder.flush();
    const headers = library.headers();
    headers.append("Question", "why?");
    headers.append("list", "1");
    headers.append("list", "2");
    headers.append("LiSt-x", "with: colon");
    const reply = await requester.request("headers", "body", { headers, timeout: 5_000 });
    expect(reply.string()).toBe("body");
    expect(reply.headers?.get("Answer-To")).toBe("why?");
    const got = seen.messages[0]?.headers;
    expect(got?.values("list")).toEqual(["1", "2"]);
    expect(got?.get("LiSt-x")).toBe("with: colon");
    const empty = await requester.request("headers", "", { headers, timeout: 5_000 });
    expect(empty.data).toHaveLength(0);
    expect(empty.headers?.get("Answer-To")).toBe("why?");
  });

  it("CP-64: a request that nobody serves fails at once, and works when somebody comes", async () => {
    const [responder, requester] = await twoConnections(setting);
    const ask = () => requester.request("nobody.here", "", { timeout: 10_000 });
    for (let round = 0; round < 5; round++) {
      const error: unknown = await ask().catch((reason: unknown) => reason);
      expect(library.isNoResponders(error), String(error)).toBe(true);
      const service = answer(responder, "nobody.*", (request) => request.respond("now"));
      await responder.flush();
      expect((await ask()).string()).toBe("now");
      service.subscription.unsubscribe();
      await responder.flush();
    }
  });

  itSince("2.11", "CP-64: no responders are answered with the subject", async () => {
    const [requester] = await twoConnections(setting);
    const replies = new MessageLog(requester, "silent.reply");
    requester.publish("silent.subject", "", { reply: "silent.reply" });
    const [reply] = await replies.waitForCount(1);
    expect(reply?.headers?.get("Nats-Subject")).toBe("silent.subject");
    expect(reply?.data).toHaveLength(0);
  });
}

/** Drain and coming back. */
export function defineLifeCases(setting: CaseSetting, serverOptions: StartOptions): void {
  it("drains a subscription: what was sent is handled, then no more", async () => {
    const [subscriber, publisher] = await twoConnections(setting);
    const log = new MessageLog(subscriber, "drain.one");
    await subscriber.flush();
    const mark = new MessageLog(subscriber, "drain.mark");
    await subscriber.flush();
    for (let index = 0; index < 500; index++) publisher.publish("drain.one", String(index));
    publisher.publish("drain.mark");
    // Once the mark is here, the server has delivered what was sent before it.
    await mark.waitForCount(1);
    await log.subscription.drain();
    expect(log.subscription.isClosed()).toBe(true);
    expect(log.texts).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
    const check = new MessageLog(subscriber, "drain.check");
    await subscriber.flush();
    publisher.publish("drain.one");
    publisher.publish("drain.check");
    await check.waitForCount(1);
    expect(log.messages).toHaveLength(500);
  });

  it("drains a connection: pending requests are answered, then it closes cleanly", async () => {
    const [responder, requester] = await twoConnections(setting);
    answer(responder, "drain.all", (request) => request.respond(request.data));
    await responder.flush();
    const asked = Array.from({ length: 100 }, (_, index) =>
      requester.request("drain.all", String(index), { timeout: 5_000 }),
    );
    await Promise.all(asked);
    requester.publish("drain.all", "last");
    const closed = responder.closed();
    await within(responder.drain(), "the drain");
    expect(await closed).toBeUndefined();
    expect(responder.isClosed()).toBe(true);
    const error: unknown = await requester
      .request("drain.all", "", { timeout: 5_000 })
      .catch((reason: unknown) => reason);
    expect(setting.library.isNoResponders(error), String(error)).toBe(true);
  });

  it("comes back after a restart of the server with all subscriptions", async () => {
    let server = await startServer(serverOptions);
    onTestFinished(async () => {
      await server.stop();
    });
    const connections = await Promise.all(
      Array.from({ length: 4 }, () =>
        connectForTest(
          server,
          {
            ...setting.options,
            reconnect: true,
            maxReconnectAttempts: -1,
            reconnectTimeWait: 50,
            reconnectJitter: 10,
            reconnectJitterTLS: 10,
          },
          setting.library,
        ),
      ),
    );
    const logs = connections.map((connection) => new MessageLog(connection, "again.*"));
    const jobs = connections.map(
      (connection) => new MessageLog(connection, "jobs", { queue: "q" }),
    );
    await Promise.all(connections.map((connection) => connection.flush()));
    const back = connections.map(async (connection) => {
      for await (const status of connection.status()) if (status.type === "reconnect") return;
    });
    await server.stop();
    server = await server.startAgain();
    await within(Promise.all(back), "all clients to come back");
    await Promise.all(connections.map((connection) => connection.flush()));
    for (const connection of connections) connection.publish("again.a");
    for (const log of logs) await log.waitForCount(4);
    for (let index = 0; index < 40; index++) connectionsOf(connections, index % 4).publish("jobs");
    await eventually(
      () => (jobs.reduce((sum, log) => sum + log.messages.length, 0) >= 40 ? true : undefined),
      "40 jobs",
    );
    await Promise.all(connections.map((connection) => connection.flush()));
    expect(jobs.reduce((sum, log) => sum + log.messages.length, 0)).toBe(40);
  });
}
