// Runs of messages between threads: what shares a frame and what does not, and a lane that fills in
// the middle of a run.
import { FrameHead, MessageView, readFrameHead, readItem } from "@weft/broker";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { numbers } from "./run-frames.ts";
import { forEachSeed } from "./seeds.ts";
import { World } from "./world.ts";

interface SeenFrame {
  readonly subject: string;
  readonly clientId: number;
  readonly payloads: string[];
}

/** Writes down the data frames that reach a worker, and hands them on. */
function watchFrames(world: World, thread: number): SeenFrame[] {
  const seen: SeenFrame[] = [];
  const core = world.core(thread);
  const message = new MessageView();
  const head = new FrameHead();
  world.attach(thread, {
    onDataFrame: (from, bytes, start, end) => {
      let at = readFrameHead(bytes, start, message, head);
      const { subject, subjectStart, subjectEnd, sourceClientId: clientId } = message;
      const name = subject.toString("latin1", subjectStart, subjectEnd);
      const payloads: string[] = [];
      while (at < end) {
        at = readItem(bytes, at, message);
        payloads.push(message.body.toString("latin1", message.bodyStart, message.bodyEnd));
      }
      seen.push({ subject: name, clientId, payloads });
      return core.onDataFrame(from, bytes, start, end);
    },
    onControlFrame: (from, bytes, start) => core.onControlFrame(from, bytes, start),
    onSpace: (to) => core.onSpace(to),
    flush: () => core.flush(),
  });
  return seen;
}

function publishAll(client: SimClient, subjects: readonly string[], count: number): void {
  let text = "";
  for (let place = 0; place < count; place += 1) {
    const subject = subjects[place % subjects.length] as string;
    text += `PUB ${subject} ${`${place}`.length}\r\n${place}\r\n`;
  }
  client.send(text);
}

describe("what shares a frame", () => {
  test("one connection, one subject: a few frames carry all, in order", () => {
    forEachSeed(90, 4, (seed) => {
      const world = new World({ seed, workers: 2, chunkBytesMax: 1 << 16 });
      const receiver = world.connect(2);
      receiver.subscribe("1", "a.b");
      world.settle();
      const frames = watchFrames(world, 2);
      const publisher = world.connect(1);
      world.settle();
      publishAll(publisher, ["a.b"], 2_000);
      world.settle();
      world.assertQuiet();
      expect(receiver.deliveries.map(({ payload }) => payload)).toEqual(numbers(2_000));
      expect(frames.flatMap(({ payloads }) => payloads)).toEqual(numbers(2_000));
      expect(frames.length, `seed ${seed}`).toBeLessThan(200);
    });
  });

  test("another subject or another connection begins a frame of its own; order holds", () => {
    forEachSeed(91, 6, (seed) => {
      const world = new World({ seed, workers: 2, chunkBytesMax: 1 << 12 });
      const receiver = world.connect(2);
      receiver.subscribe("1", ">");
      world.settle();
      const frames = watchFrames(world, 2);
      const publishers = [world.connect(1), world.connect(1)];
      world.settle();
      for (const [place, publisher] of publishers.entries()) {
        publishAll(publisher, [`p${place}.a`, `p${place}.a`, `p${place}.b`], 300);
      }
      world.settle();
      world.assertQuiet();
      for (const [place] of publishers.entries()) {
        const mine = receiver.deliveries.filter(({ subject }) => subject.startsWith(`p${place}.`));
        expect(
          mine.map(({ payload }) => payload),
          `seed ${seed}`,
        ).toEqual(numbers(300));
        for (const [at, { subject }] of mine.entries()) {
          expect(subject).toBe(`p${place}.${at % 3 === 2 ? "b" : "a"}`);
        }
      }
      const clients = new Map<string, number>();
      for (const { subject, clientId } of frames) {
        const owner = subject.slice(0, 2);
        expect(clients.get(owner) ?? clientId).toBe(clientId);
        clients.set(owner, clientId);
      }
      expect(new Set(clients.values()).size).toBe(2);
      expect(frames.some(({ payloads }) => payloads.length === 2)).toBe(true);
    });
  });

  test("replies, headers and large bodies between small ones stay whole and in order", () => {
    forEachSeed(92, 10, (seed) => {
      const world = new World({ seed, workers: 2, chunkBytesMax: 1 << 16 });
      const receiver = world.connect(2);
      receiver.subscribe("1", "a.b");
      world.settle();
      const publisher = world.connect(1);
      const wanted: unknown[] = [];
      for (let place = 0; place < 60; place += 1) {
        const payload = `${place}.`.repeat(world.prng.below(4) === 0 ? 6_000 : 1 + (place % 200));
        const reply = world.prng.below(2) === 0 ? `_INBOX.${place}` : undefined;
        const header = world.prng.below(2) === 0 ? "NATS/1.0\r\nA: b\r\n\r\n" : undefined;
        if (header === undefined) publisher.publish("a.b", payload, reply);
        else publisher.publishWithHeader("a.b", header, payload, reply);
        wanted.push({ sid: "1", subject: "a.b", reply, header, payload });
      }
      world.settle();
      world.assertQuiet();
      expect(receiver.deliveries, `seed ${seed}`).toEqual(wanted);
    });
  });
});

describe("a lane that fills in the middle of a run", () => {
  test("the message that finds no room waits; nothing is lost, doubled or overtaken", () => {
    let refusals = 0;
    forEachSeed(93, 10, (seed) => {
      const laneBytes = 300 + (seed % 7) * 211;
      const world = new World({ seed, workers: 3, laneBytes, chunkBytesMax: 1 << 14 });
      const receivers = [world.connect(2), world.connect(3), world.connect(3)];
      receivers[0]?.subscribe("1", "run.*");
      receivers[1]?.subscribe("1", "run.0");
      receivers[2]?.subscribe("1", "run.1", "group");
      world.settle();
      const publishers = [world.connect(1), world.connect(1)];
      world.settle();
      for (const [place, publisher] of publishers.entries()) {
        publishAll(publisher, [`run.${place}`], 250);
      }
      world.settle();
      world.assertQuiet();
      refusals += world.lanes.refusals;
      expect(world.faults).toEqual([]);
      for (const place of [0, 1]) {
        const own = [receivers[0], receivers[place + 1]] as SimClient[];
        for (const receiver of own) {
          const got = receiver.deliveries.filter(({ subject }) => subject === `run.${place}`);
          expect(
            got.map(({ payload }) => payload),
            `seed ${seed}`,
          ).toEqual(numbers(250));
        }
      }
    });
    expect(refusals).toBeGreaterThan(10);
  });

  test("connections that go on in one turn share a lane and no frame", () => {
    let refusals = 0;
    forEachSeed(94, 10, (seed) => {
      const laneBytes = 400 + (seed % 5) * 97;
      const world = new World({ seed, workers: 2, laneBytes, chunkBytesMax: 1 << 14 });
      const receiver = world.connect(2);
      receiver.subscribe("1", "same");
      world.settle();
      const frames = watchFrames(world, 2);
      const publishers = [world.connect(1), world.connect(1), world.connect(1)];
      world.settle();
      for (const [place, publisher] of publishers.entries()) {
        for (let count = 0; count < 150; count += 1) {
          publisher.publish("same", `${place}/${count}/${"x".repeat(world.prng.below(60))}`);
        }
      }
      world.settle();
      world.assertQuiet();
      refusals += world.lanes.refusals;
      expect(world.faults).toEqual([]);
      for (const { payloads } of frames) {
        expect(new Set(payloads.map((text) => text[0])).size, `seed ${seed}`).toBe(1);
      }
      for (const [place] of publishers.entries()) {
        const own = receiver.deliveries.filter(({ payload }) => payload.startsWith(`${place}/`));
        expect(own.map(({ payload }) => payload.split("/")[1])).toEqual(numbers(150));
      }
    });
    expect(refusals).toBeGreaterThan(10);
  });
});

describe("one queue group alone, with members on every thread", () => {
  test("SU-20, SU-21: each message to exactly one, all members about as often", () => {
    const world = new World({ seed: 5, workers: 3, laneBytes: 2_048, chunkBytesMax: 1 << 14 });
    const members = [1, 1, 2, 3, 3, 3].map((thread) => world.connect(thread));
    for (const member of members) member.subscribe("1", "work.*", "group");
    world.settle();
    const frames = watchFrames(world, 3);
    const publisher = world.connect(1);
    world.settle();
    publishAll(publisher, ["work.a"], 6_000);
    world.settle();
    world.assertQuiet();
    const got = members.flatMap(({ deliveries }) => deliveries.map(({ payload }) => payload));
    expect(got).toHaveLength(6_000);
    expect(new Set(got).size).toBe(6_000);
    for (const { deliveries } of members) {
      expect(deliveries.length).toBeGreaterThan(850);
      expect(deliveries.length).toBeLessThan(1_150);
      const places = deliveries.map(({ payload }) => Number(payload));
      expect(places).toEqual([...places].sort((left, right) => left - right));
    }
    expect(frames.length).toBeLessThan(frames.flatMap(({ payloads }) => payloads).length / 2);
  });
});
