// The seams that later parts will use, each used here by something that is not part of the server:
// the ordered feed of interest (routes, leafnodes), INFO anew, and a thread without sockets (streams).
// Sessions that are no clients': routes.test.ts.
import { createPrng, LIMITS } from "@weft/base";
import type { InterestWriter } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import { FakeRoutePeer, pictureOf } from "./fake-route-peer.ts";
import { FakeStreamThread } from "./fake-stream-thread.ts";
import { forEachSeed } from "./seeds.ts";
import { createSnapshot } from "./snapshot.ts";
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

test("CP-07: INFO that has changed goes to all who understand another one, on every worker", () => {
  const world = new World({ seed: 5, workers: 3 });
  const clients = [1, 2, 3].map((thread) => world.connect(thread));
  const strangers = [1, 2, 3].map((thread) => world.open(thread));
  for (const client of clients) client.send("PING\r\n");
  world.settle();
  const before = [...clients, ...strangers].map(({ infos }) => infos);
  const { server } = createSnapshot({});
  const connectUrls = ["127.0.0.1:4222", "far.example:4222"];
  for (let thread = 1; thread <= 3; thread += 1) {
    world.core(thread).announce({ ...server, connectUrls });
    world.core(thread).flush();
  }
  world.settle();
  const after = [...clients, ...strangers].map(({ infos }) => infos);
  expect(after.map((infos, place) => infos - (before[place] ?? 0))).toEqual([1, 1, 1, 0, 0, 0]);
  for (const { info } of clients) {
    expect((JSON.parse(info) as { connect_urls: unknown }).connect_urls).toEqual(connectUrls);
  }
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
