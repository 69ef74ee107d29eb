// The feed: a peer that rebuilds the index from deltas, loses some, asks again and ends equal.
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { InterestTwin, TestSegment } from "./segment.model.ts";

type Weights = Map<string, number>;

function keyOf(account: number, filter: Uint8Array, queue: Uint8Array | null): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
  return JSON.stringify([account, text(filter), queue === null ? null : text(queue)]);
}

function set(weights: Weights, key: string, weight: number): void {
  if (weight === 0) weights.delete(key);
  else weights.set(key, weight);
}

function truth(twin: InterestTwin): [string, number][] {
  return twin.entries
    .map(({ account, filter, queue, count }): [string, number] => [
      JSON.stringify([account, filter, queue]),
      queue === null ? 1 : count,
    ])
    .sort();
}

/** Makes one random change on both. */
function change(segment: TestSegment, twin: InterestTwin, below: (bound: number) => number): void {
  const { entries } = twin;
  if (entries.length > 60 || (entries.length > 0 && below(2) === 0)) {
    const entry = entries[below(entries.length)] as (typeof entries)[number];
    segment.remove(entry.node, entry.queue);
    twin.remove(entry);
    return;
  }
  const filter = `${["a", "*", "b"][below(3)]}.${below(9)}.${["x", ">", "*"][below(3)]}`;
  const queue = [null, "q", "r"][below(3)] as string | null;
  const account = below(3);
  twin.add(account, filter, queue, segment.add(account, filter, queue));
}

test("a peer that loses deltas resyncs and ends equal", () => {
  const random = createPrng(7);
  const below = (bound: number): number => random.below(bound);
  const segment = new TestSegment(1_000);
  const twin = new InterestTwin();
  let weights: Weights = new Map();
  let last = 0;
  let resyncs = 0;
  segment.writer.listen((sequence, account, filter, queue, weight) => {
    if (below(20) === 0) return;
    if (sequence !== last + 1) return;
    last = sequence;
    set(weights, keyOf(account, filter, queue), weight);
  });
  for (let step = 0; step < 3_000; step += 1) {
    change(segment, twin, below);
    if (last === segment.writer.feed.sequence) {
      if (step % 50 === 0) expect([...weights].sort()).toEqual(truth(twin));
    } else if (below(10) === 0) {
      resyncs += 1;
      const fresh: Weights = new Map();
      last = segment.writer.snapshot((account, filter, queue, weight) => {
        set(fresh, keyOf(account, filter, queue), weight);
      });
      weights = fresh;
      expect([...weights].sort()).toEqual(truth(twin));
    }
  }
  expect(resyncs).toBeGreaterThan(20);
});

test("a snapshot in parts and the deltas between them give the true picture", () => {
  const random = createPrng(11);
  const below = (bound: number): number => random.below(bound);
  const segment = new TestSegment(1_000);
  const twin = new InterestTwin();
  for (let step = 0; step < 300; step += 1) change(segment, twin, below);
  for (let round = 0; round < 20; round += 1) {
    const weights: Weights = new Map();
    const stop = segment.writer.listen((_sequence, account, filter, queue, weight) => {
      set(weights, keyOf(account, filter, queue), weight);
    });
    let parts = 0;
    for (let cursor = 1; cursor !== 0; parts += 1) {
      cursor = segment.writer.snapshotPart(cursor, 13, (account, filter, queue, weight) => {
        set(weights, keyOf(account, filter, queue), weight);
      });
      for (let step = 0; step < 5; step += 1) change(segment, twin, below);
    }
    expect(parts).toBeGreaterThan(3);
    expect([...weights].sort()).toEqual(truth(twin));
    stop();
  }
});

test("sequences count on when nobody listens", () => {
  const segment = new TestSegment(100);
  const node = segment.add(1, "a", null);
  segment.add(1, "a", null);
  expect(segment.writer.feed.sequence).toBe(1);
  const seen: string[] = [];
  segment.writer.listen((sequence, account, filter, queue, weight) => {
    seen.push(`${sequence} ${keyOf(account, filter, queue)} ${weight}`);
  });
  segment.remove(node, null);
  segment.remove(node, null);
  segment.add(2, "x.*.>", "q");
  segment.add(2, "x.*.>", "q");
  expect(seen).toEqual(['2 [1,"a",null] 0', '3 [2,"x.*.>","q"] 1', '4 [2,"x.*.>","q"] 2']);
});

test("all who listen hear of every change, each until it stops", () => {
  const segment = new TestSegment(100);
  const heard: string[] = [];
  const listener = (name: string) => (sequence: number, _account: number, filter: Uint8Array) => {
    heard.push(`${name}${sequence} ${Buffer.from(filter).toString()}`);
    if (name === "b") stops[1]?.();
  };
  const same = listener("a");
  const stops = [same, listener("b"), same].map((one) => segment.writer.listen(one));
  segment.add(1, "x.*", null);
  stops[0]?.();
  stops[0]?.();
  segment.add(1, "y.>", null);
  stops[2]?.();
  segment.add(1, "z", null);
  expect(heard).toEqual(["a1 x.*", "b1 x.*", "a1 x.*", "a2 y.>"]);
});

test("what other servers want is matched, and left out of deltas and snapshots", () => {
  const random = createPrng(13);
  const segment = new TestSegment(1_000);
  const { writer } = segment;
  const weights: Weights = new Map();
  writer.listen((_sequence, account, filter, queue, weight) => {
    const key = keyOf(account, filter, queue);
    expect(weights.get(key) ?? 0, "a change is a change").not.toBe(weight);
    set(weights, key, weight);
  });
  const held: { node: number; queue: string | null; isRemote: boolean; filter: string }[] = [];
  const bytesOf = (text: string | null): Buffer | null =>
    text === null ? null : Buffer.from(text, "latin1");
  for (let step = 0; step < 4_000; step += 1) {
    if (held.length > 12 || (held.length > 0 && random.below(2) === 0)) {
      const [one] = held.splice(random.below(held.length), 1) as [(typeof held)[number]];
      writer.remove(one.node, bytesOf(one.queue), one.isRemote);
    } else {
      const filter = ["a", "a.*", "b.>", "a.b"][random.below(4)] as string;
      const queue = [null, "q"][random.below(2)] as string | null;
      const isRemote = random.below(2) === 0;
      const bytes = Buffer.from(filter, "latin1");
      const max = Number.POSITIVE_INFINITY;
      const node = writer.add(1, bytes, 0, bytes.length, bytesOf(queue), max, isRemote);
      held.push({ node, queue, isRemote, filter });
    }
    const expected: Weights = new Map();
    for (const { filter, queue, isRemote } of held) {
      if (isRemote) continue;
      const key = JSON.stringify([1, filter, queue]);
      expected.set(key, queue === null ? 1 : (expected.get(key) ?? 0) + 1);
    }
    expect([...weights].sort(), `step ${step}`).toEqual([...expected].sort());
    const picture: Weights = new Map();
    writer.snapshot((account, filter, queue, weight) => {
      set(picture, keyOf(account, filter, queue), weight);
    });
    expect(picture, `step ${step}`).toEqual(expected);
    const nodes = new Set(held.map(({ node }) => node));
    for (const { filter, node } of held) {
      const bytes = Buffer.from(filter, "latin1");
      expect(writer.find(1, bytes, 0, bytes.length)).toBe(node);
    }
    if (nodes.size === 0) expect(writer.recordsUsed).toBe(0);
  }
});
