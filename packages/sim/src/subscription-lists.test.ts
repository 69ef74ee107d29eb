// MO-18, MO-24: a worker tells its live subscriptions in pieces of bounded work.
import type { SubscriptionAnswer, SubscriptionEntry, SubscriptionQuery } from "@weft/broker";
import { expect, test } from "vitest";
import { World } from "./world.ts";

interface Whole {
  readonly entries: readonly SubscriptionEntry[];
  readonly matched: number;
  readonly pieces: number;
}

/** All pieces put together, with skip and take kept up as control does. */
function listAll(world: World, wish: Partial<SubscriptionQuery> = {}): Whole {
  const entries: SubscriptionEntry[] = [];
  let matched = 0;
  let pieces = 0;
  let from: SubscriptionAnswer["next"] = { clientId: 0, passed: 0 };
  while (from !== undefined) {
    const { skip = 0, take = Number.MAX_SAFE_INTEGER } = wish;
    const answer: SubscriptionAnswer = world.core(1).listSubscriptions({
      ...wish,
      from,
      skip: Math.max(0, skip - matched),
      take: take - entries.length,
    });
    entries.push(...answer.entries);
    matched += answer.matched;
    pieces += 1;
    from = answer.next;
  }
  return { entries, matched, pieces };
}

function worldOf(counts: readonly number[]): World {
  const world = new World({
    seed: 1,
    workers: 1,
    chunkBytesMax: 1 << 16,
    recordsMax: 1 << 16,
  });
  for (const [place, count] of counts.entries()) {
    const client = world.connect(1);
    for (let sid = 1; sid <= count; sid += 1) client.subscribe(String(sid), `s.${place}.${sid}`);
  }
  world.settle();
  return world;
}

test("what is listed is what is subscribed, with all that is known of it", () => {
  const world = worldOf([0]);
  const client = world.connect(1);
  client.subscribe("7", "a.*", "workers");
  client.unsubscribe("7", 5);
  client.subscribe("8", "a.ü");
  client.subscribe("9", "gone");
  client.unsubscribe("9");
  world.settle();
  client.publish("a.b", "x");
  world.settle();
  const { entries } = listAll(world);
  expect(entries).toEqual([
    {
      clientId: 2,
      account: 0,
      subject: "a.*",
      queue: "workers",
      sid: "7",
      delivered: 1,
      max: 5,
    },
    expect.objectContaining({ sid: "8", queue: undefined, max: 0 }),
  ]);
});

test("a piece looks at a bounded number, and pieces go on where the last one ended", () => {
  const world = worldOf([9_000, 3, 9_000]);
  const whole = listAll(world);
  expect(whole.pieces).toBe(3);
  expect(whole.matched).toBe(18_003);
  expect(new Set(whole.entries.map(({ clientId, sid }) => `${clientId} ${sid}`)).size).toBe(18_003);
  const first = world.core(1).listSubscriptions({
    from: { clientId: 0, passed: 0 },
    skip: 0,
    take: 1,
  });
  expect(first.matched).toBeLessThan(9_000);
  expect(first.entries).toHaveLength(1);
});

test("skip and take cut a page out of it, matched counts the rest too", () => {
  const world = worldOf([5, 5]);
  const page = listAll(world, { skip: 4, take: 3 });
  expect(page.entries.map(({ clientId, sid }) => [clientId, sid])).toEqual([
    [1, "5"],
    [2, "1"],
    [2, "2"],
  ]);
  expect(page.matched).toBe(10);
});

test("filters: connections, account, a subject that is tested, a filter that overlaps", () => {
  const world = worldOf([2, 2]);
  world.connect(1).subscribe("1", "s.>");
  world.settle();
  const subjects = (wish: Partial<SubscriptionQuery>): string[] =>
    listAll(world, wish).entries.map(({ subject }) => subject);
  expect(subjects({ clientIds: [2, 99] })).toEqual(["s.1.1", "s.1.2"]);
  expect(subjects({ account: 1 })).toEqual([]);
  expect(subjects({ matching: "s.0.1" })).toEqual(["s.0.1", "s.>"]);
  expect(subjects({ colliding: "s.*.2" })).toEqual(["s.0.2", "s.1.2", "s.>"]);
});

test("MO-24: subscriptions made are counted, plans are as of the last tick", () => {
  const world = worldOf([3]);
  const [client] = world.clients;
  client?.unsubscribe("1");
  world.settle();
  for (let round = 0; round < 3; round += 1) client?.publish("s.0.2", "x");
  world.settle();
  world.tick();
  const { subscriptions, subscriptionsAdded, plansKept, fanoutMax } = world.counters(1);
  expect({ subscriptions, subscriptionsAdded }).toEqual({
    subscriptions: 2,
    subscriptionsAdded: 3,
  });
  expect({ plansKept, fanoutMax }).toEqual({ plansKept: 1, fanoutMax: 1 });
});

test("MO-18: a long subject that is asked for makes pieces small", () => {
  const world = worldOf([0]);
  const client = world.connect(1);
  const long = "a.".repeat(1_500);
  for (let sid = 1; sid <= 30; sid += 1) client.subscribe(String(sid), `${long}${sid}`);
  for (let sid = 31; sid <= 600; sid += 1)
    client.subscribe(String(sid), `${"a.".repeat(25)}${sid}`);
  world.settle();
  const { entries, pieces } = listAll(world, { colliding: `${"a.".repeat(30_000)}>` });
  expect(entries).toHaveLength(0);
  expect(pieces).toBe(1);
  for (let sid = 601; sid <= 900; sid += 1) client.subscribe(String(sid), `${long}${sid}`);
  world.settle();
  const many = listAll(world, { colliding: `${long}*` });
  expect(many.entries).toHaveLength(330);
  expect(many.pieces).toBeGreaterThanOrEqual(2);
  const reached = listAll(world, { matching: `${long}7` });
  expect(reached.entries.map(({ sid }) => sid)).toEqual(["7"]);
  expect(reached.pieces).toBeGreaterThanOrEqual(2);
});

test("A57, MO-18: a piece goes on where the last one stood, whatever has gone before it", () => {
  const world = worldOf([20_000]);
  const [client] = world.clients;
  const sids: string[] = [];
  let from: SubscriptionAnswer["next"] = { clientId: 0, passed: 0 };
  for (let piece = 0; from !== undefined; piece += 1) {
    const answer: SubscriptionAnswer = world
      .core(1)
      .listSubscriptions({ from, skip: 0, take: Number.MAX_SAFE_INTEGER });
    sids.push(...answer.entries.map(({ sid }) => sid));
    from = answer.next;
    // Counted from the first one, as many of those behind would be passed over.
    for (let gone = 1; gone <= 100; gone += 1) client?.unsubscribe(String(piece * 100 + gone));
    world.settle();
  }
  expect(sids).toEqual(Array.from({ length: 20_000 }, (_, sid) => String(sid + 1)));
});

test("A57, MO-18: who changes his subscriptions all the time is not listed for ever", () => {
  const world = worldOf([9_000]);
  const [client] = world.clients;
  let from: SubscriptionAnswer["next"] = { clientId: 0, passed: 0 };
  let pieces = 0;
  let matched = 0;
  for (let sid = 1; from !== undefined && pieces < 10; pieces += 1) {
    const answer: SubscriptionAnswer = world
      .core(1)
      .listSubscriptions({ from, skip: 0, take: Number.MAX_SAFE_INTEGER });
    from = answer.next;
    matched += answer.matched;
    // They come again behind all others.
    for (let count = 0; count < 9_000; count += 1, sid = (sid % 9_000) + 1) {
      client?.send(`UNSUB ${sid}\r\nSUB again.${sid} ${sid}\r\n`);
    }
    world.settle();
  }
  expect({ pieces, matched }).toEqual({ pieces: 2, matched: 9_000 });
});

test("MO-18: a list that nobody goes on with is forgotten; who comes late counts from the first", () => {
  const world = worldOf([9_000]);
  const [client] = world.clients;
  const list = (from: SubscriptionAnswer["next"]): SubscriptionAnswer =>
    world.core(1).listSubscriptions({
      from: from ?? { clientId: 0, passed: 0 },
      skip: 0,
      take: Number.MAX_SAFE_INTEGER,
    });
  const places = Array.from({ length: 20 }, () => list(undefined).next);
  expect(list(places[0]).entries).toHaveLength(9_000 - 8_192);
  world.advance(6_000);
  client?.unsubscribe("1");
  world.settle();
  expect(list(places[1]).entries).toHaveLength(9_000 - 8_192 - 1);
});

test("A57, MO-18: what is beyond the bound of a connection is neither looked at nor made", () => {
  const world = worldOf([30_000, 5, 30_000]);
  const listed = listAll(world, { takeOfEach: 10_000 });
  const byClient = new Map<number, number>();
  for (const { clientId } of listed.entries) {
    byClient.set(clientId, (byClient.get(clientId) ?? 0) + 1);
  }
  expect([...byClient.values()]).toEqual([10_000, 5, 10_000]);
  expect(listed.pieces).toBe(3);
});

/** Of the first worker, from the beginning. */
function piecesOf(world: World, wish: Partial<SubscriptionQuery> = {}): SubscriptionAnswer[] {
  const pieces: SubscriptionAnswer[] = [];
  let from: SubscriptionAnswer["next"] = { clientId: 0, passed: 0 };
  while (from !== undefined) {
    const query = { ...wish, from, skip: 0, take: Number.MAX_SAFE_INTEGER };
    const piece: SubscriptionAnswer = world.core(1).listSubscriptions(query);
    pieces.push(piece);
    from = piece.next;
  }
  return pieces;
}

function textOf({ entries }: SubscriptionAnswer): number {
  return entries.reduce((sum, one) => sum + one.subject.length + one.sid.length, 0);
}

const LONG_SID = 3_900;
const PIECE_TEXT_MAX = 1024 * 1024;

/** Connections whose sids are as long as a line allows. */
function longWorld(counts: readonly number[]): World {
  const world = worldOf(counts.map(() => 0));
  for (const [place, count] of counts.entries()) {
    for (let sid = 1; sid <= count; sid += 1) {
      world.clients[place]?.subscribe(String(sid).padStart(LONG_SID, "0"), `long.${sid}`);
    }
    world.settle();
  }
  return world;
}

test("MO-18: long sids make pieces small, and each is told once", () => {
  const world = longWorld([400, 3, 400, 0, 500]);
  const pieces = piecesOf(world);
  const texts = pieces.map(textOf);
  expect(Math.max(...texts)).toBeLessThanOrEqual(PIECE_TEXT_MAX + LONG_SID + 100);
  // All but the last are full.
  expect(Math.min(...texts.slice(0, -1))).toBeGreaterThanOrEqual(PIECE_TEXT_MAX);
  const told = pieces.flatMap(({ entries }) => entries.map((one) => `${one.clientId} ${one.sid}`));
  expect(told).toHaveLength(1_303);
  expect(new Set(told).size).toBe(1_303);
  expect(pieces.reduce((sum, { matched }) => sum + matched, 0)).toBe(1_303);
});

test("MO-18: a piece that its text ended goes on where it stood, as any other does", () => {
  const world = longWorld([600]);
  const [client] = world.clients;
  const list = (from: SubscriptionAnswer["next"]): SubscriptionAnswer =>
    world.core(1).listSubscriptions({
      from: from ?? { clientId: 0, passed: 0 },
      skip: 0,
      take: Number.MAX_SAFE_INTEGER,
      takeOfEach: 500,
    });
  const first = list(undefined);
  const told = first.entries.map(({ sid }) => Number(sid));
  for (let gone = 1; gone <= 100; gone += 1) {
    client?.unsubscribe(String(gone).padStart(LONG_SID, "0"));
  }
  world.settle();
  for (let from = first.next; from !== undefined; ) {
    const piece = list(from);
    told.push(...piece.entries.map(({ sid }) => Number(sid)));
    from = piece.next;
  }
  expect(told).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
});

test("MO-18: texts that nobody wants are not handed over, and do not end a piece", () => {
  const world = longWorld([600]);
  const [names, ...more] = piecesOf(world, { texts: ["subject"] });
  expect(more).toEqual([]);
  expect(names?.entries[0]).toMatchObject({ subject: "long.1", queue: undefined, sid: "" });
  const [bare] = piecesOf(world, { texts: [], takeOfEach: 1 });
  expect(bare?.entries).toMatchObject([{ clientId: 1, subject: "", queue: undefined, sid: "" }]);
});

test("MO-18: pieces that end between connections leave the places of other lists alone", () => {
  // So many are a piece to the character.
  const count = 512;
  const sidBytes = PIECE_TEXT_MAX / count - 196;
  const world = worldOf(Array.from({ length: 20 }, () => 0));
  for (const client of world.clients) {
    for (let sid = 1; sid <= count; sid += 1) {
      client.subscribe(String(sid).padStart(sidBytes, "0"), `s.${"x".repeat(194)}`);
    }
    world.settle();
  }
  const slow = world.connect(1);
  for (let sid = 1; sid <= 9_000; sid += 1) slow.subscribe(String(sid), "short");
  world.settle();
  const list = (from: NonNullable<SubscriptionAnswer["next"]>): SubscriptionAnswer =>
    world.core(1).listSubscriptions({
      clientIds: [21],
      from,
      skip: 0,
      take: Number.MAX_SAFE_INTEGER,
    });
  const first = list({ clientId: 0, passed: 0 });
  expect(first.entries).toHaveLength(8_192);
  slow.unsubscribe("1");
  world.settle();
  const clientIds = Array.from({ length: 20 }, (_, at) => at + 1);
  expect(piecesOf(world, { clientIds }).map(({ entries }) => entries.length)).toEqual(
    Array(20).fill(count),
  );
  const rest = first.next === undefined ? undefined : list(first.next);
  expect(rest?.entries[0]?.sid).toBe("8193");
});
