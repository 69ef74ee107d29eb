// Sessions that are no clients', on connections that a worker dialled: a fake route to a fake server. Each
// test has clients on three workers.
import { LIMITS } from "@weft/base";
import type { OpenPeer } from "@weft/broker";
import { describe, expect, test, vi } from "vitest";
import type { SimClient } from "./client.ts";
import { FakeRemoteServer } from "./fake-remote-server.ts";
import { FAULTY_SUBJECT, FakeRouteSession } from "./fake-route-session.ts";
import {
  createWithRoutes,
  GLOBAL_ACCOUNT,
  IMPORTS,
  MAKER_ACCOUNT,
  USER_ACCOUNT,
} from "./route-scene.ts";
import { forEachSeed } from "./seeds.ts";
import { World } from "./world.ts";

type PeerParts = Parameters<OpenPeer>;

describe("a route that a worker dialled", () => {
  test("hears of a refusal as a reason, and no session is made", () => {
    const world = new World({ seed: 1, workers: 1 });
    const failures: string[] = [];
    const open = (): never => expect.unreachable("nobody listens");
    const to = { host: "far.example", port: 6_222, timeoutMs: 1_000 };
    world.core(1).peers.dial(to, open, (reason) => failures.push(reason));
    expect(failures, "not before the call returns").toEqual([]);
    world.settle();
    expect(failures).toEqual(["ECONNREFUSED"]);
  });

  test("carries messages of every worker to the other server, once, and what it sends to every worker", () => {
    forEachSeed(70, 10, (seed) => {
      const { world, remotes, clients } = createWithRoutes(seed, [2]);
      const [remote] = remotes as [FakeRemoteServer];
      for (const client of clients) client.subscribe("1", `near.${client.thread}`);
      clients[0]?.subscribe("2", "near.all");
      clients[2]?.subscribe("2", "near.all");
      remote.want(GLOBAL_ACCOUNT, "far.>");
      world.settle();
      expect(remote.isWanted(GLOBAL_ACCOUNT, "near.3")).toBe(true);
      expect(remote.isWanted(GLOBAL_ACCOUNT + 1, "near.3")).toBe(false);
      for (let round = 0; round < 20; round += 1) {
        for (const client of clients) {
          client.publish(`far.${client.thread}`, `${round}`, `inbox.${round}`);
        }
        remote.publish(GLOBAL_ACCOUNT, "near.all", `${round}`, "far.inbox");
        world.run(7);
      }
      world.settle();
      world.assertQuiet();
      const rounds = Array.from({ length: 20 }, (_, round) => `${round}`);
      for (const { thread } of clients) {
        const here = remote.messages.filter(({ subject }) => subject === `far.${thread}`);
        expect(
          here.map(({ payload }) => payload),
          `seed ${seed}`,
        ).toEqual(rounds);
        expect(here.map(({ reply }) => reply)).toEqual(rounds.map((round) => `inbox.${round}`));
        expect(here.map(({ account }) => account)).toEqual(rounds.map(() => GLOBAL_ACCOUNT));
      }
      for (const client of [clients[0], clients[2]]) {
        const all = client?.deliveries.filter(({ subject }) => subject === "near.all");
        expect(
          all?.map(({ payload }) => payload),
          `seed ${seed}`,
        ).toEqual(rounds);
        expect(all?.map(({ reply }) => reply)).toEqual(rounds.map(() => "far.inbox"));
      }
    });
  });

  test("one hop: what came by a route goes to no route, on whichever worker that is", () => {
    forEachSeed(71, 10, (seed) => {
      const { world, remotes, clients } = createWithRoutes(seed, [1, 1, 3]);
      for (const remote of remotes) remote.want(GLOBAL_ACCOUNT, "shared");
      clients[1]?.subscribe("1", "shared");
      world.settle();
      for (const [place, remote] of remotes.entries()) {
        remote.publish(GLOBAL_ACCOUNT, "shared", `of ${place}`);
      }
      world.settle();
      const payloads = clients[1]?.takeDeliveries().map(({ payload }) => payload);
      expect(payloads?.sort(), `seed ${seed}`).toEqual(["of 0", "of 1", "of 2"]);
      for (const remote of remotes) expect(remote.messages, `seed ${seed}`).toEqual([]);
      clients[1]?.publish("shared", "of a client");
      world.settle();
      for (const remote of remotes) {
        expect(remote.messages.map(({ payload }) => payload)).toEqual(["of a client"]);
      }
    });
  });

  test("what one server wants no other is told; the last client here ends what it was told", () => {
    const { world, remotes, clients } = createWithRoutes(9, [1, 2]);
    const [first, second] = remotes as [FakeRemoteServer, FakeRemoteServer];
    first.want(GLOBAL_ACCOUNT, "wanted");
    first.want(GLOBAL_ACCOUNT, "work", "q", 2);
    world.settle();
    expect([...first.interest, ...second.interest]).toEqual([]);
    clients[0]?.subscribe("1", "wanted");
    clients[0]?.subscribe("2", "work", "q");
    clients[2]?.subscribe("2", "work", "q");
    world.settle();
    const told = new Map([
      [`${GLOBAL_ACCOUNT} wanted `, 1],
      [`${GLOBAL_ACCOUNT} work q`, 2],
    ]);
    expect(first.interest).toEqual(told);
    expect(second.interest).toEqual(told);
    clients[0]?.unsubscribe("1");
    for (const client of clients) client.unsubscribe("2");
    world.settle();
    expect([...first.interest, ...second.interest]).toEqual([]);
    clients[1]?.publish("wanted", "still");
    world.settle();
    expect(first.messages.map(({ payload }) => payload)).toEqual(["still"]);
    expect(second.messages).toEqual([]);
  });

  test("its groups share messages by weight with members here; its end is the end of its interest", () => {
    const { world, remotes, clients } = createWithRoutes(10, [2]);
    const [remote] = remotes as [FakeRemoteServer];
    remote.want(GLOBAL_ACCOUNT, "work", "q", 2);
    clients[2]?.subscribe("1", "work", "q");
    clients[0]?.subscribe("9", "inbox");
    world.settle();
    for (let count = 0; count < 300; count += 1) clients[0]?.publish("work", `${count}`, "inbox");
    world.settle();
    const { deliveries } = clients[2] as (typeof clients)[number];
    expect(remote.messages.length + deliveries.length).toBe(300);
    expect(Math.abs(remote.messages.length - 200)).toBeLessThan(50);
    expect(remote.messages.every(({ queue }) => queue === "q")).toBe(true);
    clients[2]?.unsubscribe("1");
    remote.transport.reset();
    world.settle();
    expect(world.counters(2).subscriptions).toBe(0);
    expect(world.index(2).writer?.recordsUsed).toBe(0);
    clients[0]?.takeDeliveries();
    clients[0]?.publish("work", "nobody", "inbox");
    world.settle();
    const answers = clients[0]?.takeDeliveries() ?? [];
    expect(answers.map(({ header }) => header)).toEqual([expect.stringContaining("503")]);
    world.assertQuiet();
  });

  test("is never told to wait for a client that lags", () => {
    const { world, remotes, clients } = createWithRoutes(11, [1]);
    const [remote] = remotes as [FakeRemoteServer];
    const laggards = [clients[0], clients[2]] as SimClient[];
    for (const laggard of laggards) laggard.subscribe("1", "flow");
    world.settle();
    const told = [1, 2, 3].map((thread) => vi.spyOn(world.bus(thread), "sendControl"));
    for (const laggard of laggards) laggard.stopReading();
    const payload = "p".repeat(64 * 1024);
    const count = (LIMITS.stallHighBytes * 2) / payload.length;
    for (let sent = 0; sent < count; sent += 1) {
      remote.publish(GLOBAL_ACCOUNT, "flow", payload);
      world.settle();
      expect(remote.transport.paused).toBe(false);
    }
    for (const one of told) expect(one).not.toHaveBeenCalled();
    for (const laggard of laggards) laggard.resumeReading();
    world.settle();
    world.assertQuiet();
    for (const laggard of laggards) expect(laggard.deliveries).toHaveLength(count);
  });

  test("one that does not read is ended at its limit, and holds nobody up", () => {
    const { world, remotes, clients } = createWithRoutes(12, [2]);
    const [remote] = remotes as [FakeRemoteServer];
    remote.want(GLOBAL_ACCOUNT, "flow");
    clients[2]?.subscribe("1", "flow");
    world.settle();
    remote.transport.setPeerReads(false);
    const payload = "p".repeat(256 * 1024);
    for (let sent = 0; sent < 400 && remote.closedBy === undefined; sent += 1) {
      clients[0]?.publish("flow", payload);
      world.advance(100);
      clients[2]?.takeDeliveries();
    }
    expect(remote.closedBy).toBe("local");
    expect(world.counters(2).slowConsumersPending).toBe(1);
    clients[0]?.publish("flow", "goes on");
    world.settle();
    expect(clients[2]?.takeDeliveries().map(({ payload: text }) => text)).toEqual(["goes on"]);
    world.assertQuiet();
  });

  test("another server is sent one message for all of its filters, and one for each group", () => {
    const { world, remotes, clients } = createWithRoutes(20, [2]);
    const [remote] = remotes as [FakeRemoteServer];
    for (const filter of ["far.>", "far.1", "far.*"]) remote.want(GLOBAL_ACCOUNT, filter);
    remote.want(GLOBAL_ACCOUNT, "far.1", "q", 3);
    world.settle();
    for (const client of clients) client.publish("far.1", `${client.thread}`);
    world.settle();
    const got = remote.messages.map(({ queue, payload }) => `${payload} ${queue}`).sort();
    expect(got).toEqual(["1 null", "1 q", "2 null", "2 q", "3 null", "3 q"]);
  });

  test("what is for a group goes to one of its members, over all threads, and to nobody else", () => {
    forEachSeed(72, 6, (seed) => {
      const { world, remotes, clients } = createWithRoutes(seed, [1, 3]);
      const [remote, other] = remotes as [FakeRemoteServer, FakeRemoteServer];
      for (const client of clients) {
        client.subscribe("1", "work");
        client.subscribe("2", "work", "q");
        client.subscribe("3", "work", "r");
      }
      // One hop: a member far away is no member for what came by a route.
      other.want(GLOBAL_ACCOUNT, "work", "q", 2);
      world.settle();
      for (let count = 0; count < 90; count += 1) {
        remote.publishTo("q", GLOBAL_ACCOUNT, "work", `${count}`);
      }
      world.settle();
      world.assertQuiet();
      expect(clients.flatMap(({ deliveries }) => deliveries).every(({ sid }) => sid === "2")).toBe(
        true,
      );
      const payloads = clients.flatMap(({ deliveries }) =>
        deliveries.map(({ payload }) => payload),
      );
      const all = Array.from({ length: 90 }, (_, count) => `${count}`);
      expect(payloads.sort(), `seed ${seed}`).toEqual(all.sort());
      for (const { deliveries } of clients) expect(deliveries.length).toBeGreaterThan(3);
      expect(other.messages).toEqual([]);
      remote.publishTo("nobody", GLOBAL_ACCOUNT, "work", "x");
      world.settle();
      expect(clients.flatMap(({ deliveries }) => deliveries)).toHaveLength(90);
    });
  });

  test("imports were applied where a message was published, and are not applied again", () => {
    const { world, remotes, clients } = createWithRoutes(21, [2], IMPORTS);
    const [remote] = remotes as [FakeRemoteServer];
    clients[0]?.subscribe("1", "in.news.a");
    world.settle();
    expect(remote.isWanted(USER_ACCOUNT, "in.news.a")).toBe(true);
    remote.publish(MAKER_ACCOUNT, "news.a", "in the account that exports");
    remote.publish(USER_ACCOUNT, "in.news.a", "in the one that imports");
    world.settle();
    const payloads = clients[0]?.takeDeliveries().map(({ payload }) => payload);
    expect(payloads).toEqual(["in the one that imports"]);
  });

  test("what was wanted in an account that is gone is wanted no more", () => {
    const { world, remotes } = createWithRoutes(22, [2], IMPORTS);
    const [remote] = remotes as [FakeRemoteServer];
    remote.want(MAKER_ACCOUNT, "a");
    remote.want(USER_ACCOUNT, "b");
    world.settle();
    expect(world.counters(2).subscriptions).toBe(2);
    world.reload({ accounts: [{ name: "USER" }], users: IMPORTS.users });
    world.settle();
    expect(world.counters(2).subscriptions).toBe(1);
  });

  test("waits for room between threads: nothing is lost, nothing overtakes, nobody else waits", () => {
    forEachSeed(73, 6, (seed) => {
      const { world, remotes, clients, sessions } = createWithRoutes(seed, [1], { laneBytes: 512 });
      const [remote] = remotes as [FakeRemoteServer];
      for (const client of clients) client.subscribe("1", "flow");
      world.settle();
      let waited = 0;
      const payload = "p".repeat(100);
      for (let count = 0; count < 200; count += 1) {
        remote.publish(GLOBAL_ACCOUNT, "flow", `${count} ${payload}`);
        world.run(3);
        if (sessions[0]?.transport !== undefined && remote.transport.paused) waited += 1;
      }
      world.settle();
      world.assertQuiet();
      const all = Array.from({ length: 200 }, (_, count) => `${count} ${payload}`);
      for (const { deliveries } of clients) {
        expect(
          deliveries.map((one) => one.payload),
          `seed ${seed}`,
        ).toEqual(all);
      }
      expect(waited, "the lane was full at times").toBeGreaterThan(0);
    });
  });

  test("F27: an encoder that throws costs its own connection, whoever published, wherever", () => {
    const { world, remotes, clients } = createWithRoutes(23, [2, 2]);
    const [faulty, sound] = remotes as [FakeRemoteServer, FakeRemoteServer];
    faulty.want(GLOBAL_ACCOUNT, FAULTY_SUBJECT);
    sound.want(GLOBAL_ACCOUNT, "sound");
    for (const client of clients) client.subscribe("1", ">");
    world.settle();
    for (const client of clients) {
      client.publish(FAULTY_SUBJECT, "x");
      client.publish("sound", "y");
    }
    world.settle();
    expect([faulty.closedBy, sound.closedBy]).toEqual(["local", undefined]);
    expect(sound.messages).toHaveLength(3);
    for (const { deliveries, closedBy } of clients) {
      expect(closedBy).toBeUndefined();
      expect(
        deliveries
          .map(({ payload }) => payload)
          .sort()
          .join(""),
      ).toBe("xxxyyy");
    }
    expect(world.counters(2).subscriptions).toBe(2);
  });

  test("ends when the server stops; one that is dialled yet ends at once", () => {
    const { world, remotes, sessions } = createWithRoutes(24, [2]);
    const [remote] = remotes as [FakeRemoteServer];
    world.advance(1_000);
    expect(sessions[0]?.ticks).toBeGreaterThan(8);
    world.core(2).peers.stop();
    world.settle();
    expect(remote.closedBy).toBe("local");
    expect(world.core(2).peers.count).toBe(0);
    const late = new FakeRemoteServer();
    world.remotes.set(7_000, late);
    const open = (...given: PeerParts) => new FakeRouteSession(...given, [], (task) => task());
    world.core(2).peers.dial({ host: "far", port: 7_000, timeoutMs: 1 }, open, () => undefined);
    world.settle();
    expect(late.closedBy).toBe("local");
    expect(world.core(2).peers.count).toBe(0);
  });

  test("what is none is refused: names twice, filters, subjects, after the end", () => {
    const { world, remotes, sessions } = createWithRoutes(25, [2]);
    const [session] = sessions as [FakeRouteSession];
    const { peers } = world.core(2);
    expect(peers.subscribe(session, GLOBAL_ACCOUNT, "a", undefined, "1")).toBe(true);
    expect(peers.subscribe(session, GLOBAL_ACCOUNT, "b", undefined, "1")).toBe(false);
    for (const filter of ["", "a..b", "a.>.b", `${"x.".repeat(2_100)}y`]) {
      expect(peers.subscribe(session, GLOBAL_ACCOUNT, filter, undefined, "2"), filter).toBe(false);
    }
    const [client] = [world.connect(1)];
    client.subscribe("1", ">");
    world.settle();
    for (const subject of ["", "a..b", "x".repeat(70_000)]) {
      remotes[0]?.publish(GLOBAL_ACCOUNT, subject, "x");
    }
    remotes[0]?.publish(GLOBAL_ACCOUNT, "a", "x", "r".repeat(70_000));
    remotes[0]?.publish(GLOBAL_ACCOUNT, "a", "good");
    world.settle();
    expect(client.deliveries.map(({ payload }) => payload)).toEqual(["good"]);
    remotes[0]?.transport.reset();
    world.settle();
    expect(peers.subscribe(session, GLOBAL_ACCOUNT, "c", undefined, "3")).toBe(false);
    expect(world.counters(2).subscriptions).toBe(0);
    expect(world.faults).toEqual([]);
  });
});
