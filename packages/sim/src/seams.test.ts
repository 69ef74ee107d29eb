// The seams that later parts will use, each used here by something that is not part of the server:
// the ordered feed of interest (routes, leafnodes), a session that is no client's on a connection that a
// worker dialled (routes), and a thread without sockets (streams).
import { createPrng, LIMITS } from "@weft/base";
import type { InterestWriter } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { FakeRemoteServer } from "./fake-remote-server.ts";
import { FakeRoutePeer, pictureOf } from "./fake-route-peer.ts";
import { FakeRouteSession } from "./fake-route-session.ts";
import { FakeStreamThread } from "./fake-stream-thread.ts";
import { forEachSeed } from "./seeds.ts";
import { randomFilter } from "./subjects-pool.ts";
import { HASH_SEED, World } from "./world.ts";

const STREAM_THREAD = 4;
const GLOBAL_ACCOUNT = 0;

describe("a route peer that hears the feed of interest", () => {
  for (const lossOdds of [0, 20, 4]) {
    test(`ends with the same picture; one in ${lossOdds} of all that is sent is lost`, () => {
      let resyncs = 0;
      let broken = 0;
      forEachSeed(40 + lossOdds, 12, (seed) => {
        const prng = createPrng(seed);
        const world = new World({ seed, workers: 3 });
        const writers = world.interest.indexes.map(({ writer }) => writer as InterestWriter);
        const clients = [1, 2, 3, 3].map((thread) => world.connect(thread));
        clients[0]?.subscribe("0", "before.the.peer");
        world.settle();
        const isLost = (): boolean => lossOdds > 0 && prng.below(lossOdds) === 0;
        const peer = new FakeRoutePeer(writers, isLost);
        for (let step = 1; step < 150; step += 1) {
          const client = clients[prng.below(clients.length)];
          const queue = prng.below(3) === 0 ? "q" : undefined;
          if (prng.below(3) > 0) client?.subscribe(`${step}`, randomFilter(prng), queue);
          else client?.unsubscribe(`${1 + prng.below(step)}`);
          world.run(prng.below(8));
          for (const [place, segment] of peer.segments.entries()) {
            segment.receive(prng.below(6), 1 + prng.below(9));
            if (!segment.hasAll) continue;
            const writer = writers[place] as InterestWriter;
            expect(segment.picture, `step ${step}, seed ${seed}`).toEqual(pictureOf(writer));
          }
        }
        clients[1]?.transport.reset();
        world.settle();
        for (const [place, segment] of peer.segments.entries()) {
          segment.catchUp();
          const writer = writers[place] as InterestWriter;
          expect(segment.picture, `segment ${place}, seed ${seed}`).toEqual(pictureOf(writer));
          resyncs += segment.resyncs;
          broken += segment.broken;
        }
        expect(peer.isInterested(GLOBAL_ACCOUNT, "before.the.peer")).toBe(true);
        expect(peer.isInterested(GLOBAL_ACCOUNT + 1, "before.the.peer")).toBe(false);
        peer.stop();
      });
      if (lossOdds > 0) expect(Math.min(resyncs, broken)).toBeGreaterThan(0);
      else expect(resyncs + broken).toBe(0);
    });
  }
});

/** Workers 1 to 3, of which those named have a route each to a server of its own. */
function createWithRoutes(seed: number, ...routed: number[]) {
  const world = new World({ seed, workers: 3, laneBytes: 4_096, chunkBytesMax: 512 });
  const writers = world.interest.indexes.map(({ writer }) => writer as InterestWriter);
  const failures: string[] = [];
  const remotes = routed.map((thread, place) => {
    const remote = new FakeRemoteServer();
    const port = 6_222 + place;
    world.remotes.set(port, remote);
    const inTurn = (task: () => void): void =>
      world.scheduler.post(() => {
        task();
        world.core(thread).flush();
      });
    world.core(thread).peers.dial(
      { host: "far.example", port, timeoutMs: 1_000 },
      (...given) => new FakeRouteSession(...given, writers, inTurn),
      (reason) => failures.push(reason),
    );
    return remote;
  });
  const clients = [1, 2, 3].map((thread) => world.connect(thread));
  world.settle();
  expect(failures).toEqual([]);
  return { world, remotes, clients };
}

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
      const { world, remotes, clients } = createWithRoutes(seed, 2);
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
      const { world, remotes, clients } = createWithRoutes(seed, 1, 1, 3);
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
    const { world, remotes, clients } = createWithRoutes(9, 1, 2);
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
    const { world, remotes, clients } = createWithRoutes(10, 2);
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
    const { world, remotes, clients } = createWithRoutes(11, 1);
    const [remote] = remotes as [FakeRemoteServer];
    const laggards = [clients[0], clients[2]] as SimClient[];
    for (const laggard of laggards) laggard.subscribe("1", "flow");
    world.settle();
    for (const laggard of laggards) laggard.stopReading();
    const payload = "p".repeat(64 * 1024);
    const count = (LIMITS.stallHighBytes * 2) / payload.length;
    for (let sent = 0; sent < count; sent += 1) {
      remote.publish(GLOBAL_ACCOUNT, "flow", payload);
      world.settle();
      expect(remote.transport.paused).toBe(false);
    }
    for (const laggard of laggards) laggard.resumeReading();
    world.settle();
    world.assertQuiet();
    for (const laggard of laggards) expect(laggard.deliveries).toHaveLength(count);
  });

  test("one that does not read is ended at its limit, and holds nobody up", () => {
    const { world, remotes, clients } = createWithRoutes(12, 2);
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
});

function createWithStreamThread(seed: number, laneBytes: number, chunkBytesMax: number) {
  const world = new World({ seed, workers: 3, extraThreads: 1, laneBytes, chunkBytesMax });
  const thread = new FakeStreamThread({
    index: world.index(STREAM_THREAD),
    bus: world.bus(STREAM_THREAD),
    hashSeed: HASH_SEED,
  });
  world.attach(STREAM_THREAD, thread);
  return { world, thread };
}

describe("a stream thread", () => {
  test("answers requests from clients on every worker, in their order", () => {
    forEachSeed(50, 10, (seed) => {
      const { world, thread } = createWithStreamThread(seed, 300, 256);
      thread.subscribe(GLOBAL_ACCOUNT, "store.>");
      thread.onRequest = ({ account, reply, payload }) => {
        thread.publish(account, reply, `stored ${payload}`);
      };
      const clients = [1, 2, 3].map((worker) => world.connect(worker));
      for (const client of clients) client.subscribe("1", `inbox.${client.thread}.*`);
      world.settle();
      for (let round = 0; round < 30; round += 1) {
        for (const client of clients) {
          const { thread: worker } = client;
          client.publish(`store.${worker}`, `${round}`, `inbox.${worker}.${round}`);
        }
        world.run(5);
      }
      world.settle();
      world.assertQuiet();
      expect(thread.requests).toHaveLength(90);
      const rounds = Array.from({ length: 30 }, (_, round) => `stored ${round}`);
      for (const client of clients) {
        expect(client.deliveries.map(({ payload }) => payload)).toEqual(rounds);
        expect(client.deliveries.map(({ sid }) => sid)).toEqual(rounds.map(() => "1"));
      }
    });
  });

  test("is a member of queue groups and of 503s like a worker", () => {
    const { world, thread } = createWithStreamThread(3, 1 << 16, 4_096);
    const requester = world.connect(1);
    requester.subscribe("1", "inbox");
    world.settle();
    requester.publish("work", "nobody", "inbox");
    world.settle();
    expect(requester.takeDeliveries()).toHaveLength(1);
    thread.subscribe(GLOBAL_ACCOUNT, "work", "q");
    const member = world.connect(2);
    member.subscribe("1", "work", "q");
    world.settle();
    for (let count = 0; count < 300; count += 1) requester.publish("work", `${count}`, "inbox");
    world.settle();
    expect(requester.deliveries).toEqual([]);
    expect(thread.requests.length + member.deliveries.length).toBe(300);
    expect(Math.abs(member.deliveries.length - 150)).toBeLessThan(50);
    expect(thread.requests.every(({ plain, queues }) => !plain && queues[0] === "q")).toBe(true);
  });

  test("is never told to wait for a client that lags", () => {
    const { world, thread } = createWithStreamThread(4, 1 << 16, 4_096);
    const laggard = world.connect(2);
    laggard.subscribe("1", "flow");
    world.settle();
    laggard.stopReading();
    const payload = "p".repeat(64 * 1024);
    for (let bytes = 0; bytes < LIMITS.stallHighBytes * 2; bytes += payload.length) {
      expect(thread.publish(GLOBAL_ACCOUNT, "flow", payload)).toBe(1);
      thread.flush();
      world.settle();
    }
    expect(thread.controlKinds).toEqual([]);
    expect(laggard.closedBy).toBeUndefined();
    laggard.resumeReading();
    world.settle();
    world.assertQuiet();
    expect(laggard.deliveries).toHaveLength((LIMITS.stallHighBytes * 2) / payload.length);
  });
});
