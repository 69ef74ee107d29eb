// What crosses accounts, and what is allowed, with publisher, subscriber and responder on workers
// of their own (AC-24, AC-25, AC-28 to AC-30, AC-32, AC-34, SU-30, SU-33, AZ-01, AZ-07, AZ-11).
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World, type WorldOptions } from "./world.ts";

const ACCOUNTS: readonly AccountSpec[] = [
  {
    name: "MAKER",
    exports: [
      { kind: "stream", subject: "news.>" },
      { kind: "service", subject: "svc.one" },
      { kind: "service", subject: "svc.many", responseType: "stream" },
      { kind: "service", subject: "svc.nobody" },
    ],
  },
  {
    name: "USER",
    imports: [
      { kind: "stream", account: "MAKER", subject: "news.>", prefix: "in" },
      { kind: "service", account: "MAKER", subject: "svc.one", to: "ask", share: true },
      { kind: "service", account: "MAKER", subject: "svc.many" },
      { kind: "service", account: "MAKER", subject: "svc.nobody" },
    ],
  },
  {
    name: "MAPPED",
    mappings: [
      { source: "old.*", destinations: [{ subject: "new.{{wildcard(1)}}" }] },
      {
        source: "split",
        destinations: [
          { subject: "left", weight: 50 },
          { subject: "right", weight: 30 },
          { subject: "split", weight: 5 },
        ],
      },
    ],
  },
];

const USERS: readonly UserSpec[] = [
  { user: "maker", password: "x", account: "MAKER" },
  { user: "user", password: "x", account: "USER" },
  { user: "mapped", password: "x", account: "MAPPED" },
  {
    user: "asker",
    password: "x",
    account: "USER",
    permissions: { publish: { allow: ["ask"] }, subscribe: { allow: ["inbox"] } },
  },
  {
    user: "outsider",
    password: "x",
    account: "USER",
    permissions: { publish: { allow: ["svc.>"], deny: ["ask"] } },
  },
  {
    user: "server",
    password: "x",
    account: "MAKER",
    permissions: { publish: { allow: ["_R_.>"] }, subscribe: { allow: ["svc.one"] } },
  },
  {
    user: "narrow",
    password: "x",
    account: "MAPPED",
    permissions: {
      publish: { allow: ["open.>"] },
      subscribe: { deny: ["secret.>"] },
      responses: { messagesMax: 1, expiresMs: 60_000 },
    },
  },
];

/** Where publisher and receiver are. */
const PLACES = [
  [1, 1],
  [1, 2],
  [3, 2],
] as const;

function createWorld(seed: number, more: Partial<WorldOptions> = {}): World {
  return new World({ seed, workers: 3, accounts: ACCOUNTS, users: USERS, ...more });
}

function join(world: World, thread: number, user: string): SimClient {
  return world.connect(thread, { user, pass: "x" });
}

/** Answers each request on `subject` with `answers`. */
function respond(responder: SimClient, subject: string, answers: readonly string[]): void {
  responder.subscribe("svc", subject);
  responder.onDelivery = ({ sid, reply }) => {
    if (sid !== "svc" || reply === undefined) return;
    for (const answer of answers) responder.publish(reply, answer);
  };
}

describe("stream imports", () => {
  for (const [from, to] of PLACES) {
    test(`AC-24, AC-25: from worker ${from} to ${to}`, () => {
      const world = createWorld(from * 10 + to);
      const maker = join(world, from, "maker");
      const importer = join(world, to, "user");
      const makersOwn = join(world, to, "maker");
      importer.subscribe("1", "in.news.*");
      importer.subscribe("2", "news.*");
      makersOwn.subscribe("1", "news.*");
      world.settle();
      maker.publish("news.today", "x", "re.ply");
      importer.publish("news.today", "not for the maker");
      importer.publish("in.news.today", "local");
      world.settle();
      const got = importer.deliveries.map(({ sid, subject, payload }) => [sid, subject, payload]);
      expect(got.sort()).toEqual([
        ["1", "in.news.today", "local"],
        ["1", "in.news.today", "x"],
        ["2", "news.today", "not for the maker"],
      ]);
      expect(makersOwn.deliveries.map(({ payload }) => payload)).toEqual(["x"]);
    });
  }

  test("AC-24: a queue group of the importer gets one copy, wherever its members are", () => {
    const world = createWorld(77, { laneBytes: 200 });
    const members = [1, 2, 2, 3].map((thread) => join(world, thread, "user"));
    for (const member of members) member.subscribe("1", "in.news.>", "q");
    world.settle();
    const maker = join(world, 1, "maker");
    for (let count = 0; count < 200; count += 1) maker.publish("news.a", `${count}`);
    world.settle();
    world.assertQuiet();
    const got = members.flatMap(({ deliveries }) => deliveries.map(({ payload }) => payload));
    expect(new Set(got).size).toBe(200);
    expect(got).toHaveLength(200);
    for (const { deliveries } of members) expect(deliveries.length).toBeGreaterThan(20);
  });
});

describe("service imports", () => {
  for (const [from, to] of PLACES) {
    test(`AC-28, AC-34: request on worker ${from}, responder on ${to}`, () => {
      const world = createWorld(from * 10 + to, { laneBytes: 400 });
      const requester = world.connect(from, { user: "user", pass: "x", name: "asker" });
      const responder = join(world, to, "maker");
      respond(responder, "svc.one", ["first", "second"]);
      requester.subscribe("9", "inbox.*");
      world.settle();
      requester.publish("ask", "question", "inbox.1");
      world.settle();
      const [request] = responder.deliveries;
      expect(request?.subject).toBe("svc.one");
      expect(request?.reply).toMatch(/^_R_\./);
      expect(request?.header).toContain('"name":"asker"');
      expect(request?.payload).toBe("question");
      // AC-29: a singleton takes one answer.
      const got = requester.deliveries.map(({ subject, payload }) => [subject, payload]);
      expect(got).toEqual([["inbox.1", "first"]]);
      expect(responder.errors).toEqual([]);
    });

    test(`AC-29: streamed answers from worker ${to} to ${from} keep their order`, () => {
      const world = createWorld(from * 10 + to, { laneBytes: 300 });
      const requester = join(world, from, "user");
      const responder = join(world, to, "maker");
      const answers = Array.from({ length: 40 }, (_, place) => `${place}`);
      respond(responder, "svc.many", [...answers, "", "too late"]);
      requester.subscribe("9", "inbox.*");
      world.settle();
      requester.publish("svc.many", "question", "inbox.1");
      world.settle();
      world.assertQuiet();
      expect(requester.deliveries.map(({ payload }) => payload)).toEqual([...answers, ""]);
    });

    test(`AC-32: nobody serves; request on worker ${from}`, () => {
      const world = createWorld(from * 10 + to);
      const requester = join(world, from, "user");
      const bystander = join(world, to, "user");
      requester.subscribe("9", "inbox.*");
      bystander.subscribe("9", "svc.other");
      world.settle();
      requester.publish("svc.nobody", "question", "inbox.1");
      world.settle();
      expect(requester.deliveries.map(({ header }) => header?.slice(0, 12))).toEqual([
        "NATS/1.0 503",
      ]);
    });
  }

  test("AC-30: an answer after the threshold finds nobody", () => {
    const world = createWorld(5);
    const requester = join(world, 1, "user");
    const responder = join(world, 2, "maker");
    responder.subscribe("svc", "svc.one");
    requester.subscribe("9", "inbox.*");
    world.settle();
    requester.publish("ask", "question", "inbox.1");
    world.settle();
    const reply = responder.deliveries[0]?.reply ?? "";
    world.advance(121_000);
    responder.publish(reply, "late");
    world.settle();
    expect(requester.deliveries).toEqual([]);
  });

  test("attack 42: a token is worth nothing in another account", () => {
    const world = createWorld(6);
    const requester = join(world, 1, "user");
    const responder = join(world, 2, "maker");
    const stranger = join(world, 3, "mapped");
    responder.subscribe("svc", "svc.one");
    requester.subscribe("9", "inbox.*");
    world.settle();
    requester.publish("ask", "question", "inbox.1");
    world.settle();
    const reply = responder.deliveries[0]?.reply ?? "";
    stranger.publish(reply, "forged");
    world.settle();
    expect(requester.deliveries).toEqual([]);
    responder.publish(reply, "true");
    world.settle();
    expect(requester.deliveries.map(({ payload }) => payload)).toEqual(["true"]);
  });
});

describe("mappings", () => {
  for (const [from, to] of PLACES) {
    test(`SU-30, SU-33: from worker ${from} to ${to}`, () => {
      const world = createWorld(from * 10 + to, { laneBytes: 300, chunkBytesMax: 1 << 14 });
      const publisher = join(world, from, "mapped");
      const subscriber = join(world, to, "mapped");
      subscriber.subscribe("1", ">");
      world.settle();
      publisher.publish("old.x", "moved");
      const count = 1_000;
      for (let left = count; left > 0; left -= 1) publisher.publish("split", "s");
      world.settle();
      world.assertQuiet();
      expect(subscriber.deliveries[0]?.subject).toBe("new.x");
      const of = (subject: string): number =>
        subscriber.deliveries.filter((delivery) => delivery.subject === subject).length;
      // SU-34: with the source among them, the gap below 100 % is lost on purpose.
      expect(Math.abs(of("left") - 500)).toBeLessThan(80);
      expect(Math.abs(of("right") - 300)).toBeLessThan(75);
      expect(Math.abs(of("split") - 50)).toBeLessThan(40);
      expect(of("left") + of("right") + of("split")).toBe(subscriber.deliveries.length - 1);
    });
  }
});

describe("permissions", () => {
  for (const [from, to] of PLACES) {
    test(`AZ-01, AZ-07: publisher on worker ${from}, subscriber on ${to}`, () => {
      const world = createWorld(from * 10 + to);
      const narrow = join(world, from, "narrow");
      const reader = join(world, to, "narrow");
      const wide = join(world, to, "mapped");
      wide.subscribe("1", ">");
      reader.subscribe("1", ">");
      reader.subscribe("2", "secret.x");
      world.settle();
      narrow.publish("open.x", "1");
      narrow.publish("closed.x", "2");
      wide.publish("secret.x", "3");
      wide.publish("public.x", "4");
      world.settle();
      expect(narrow.errors).toEqual(['Permissions Violation for Publish to "closed.x"']);
      expect(reader.errors).toEqual(['Permissions Violation for Subscription to "secret.x"']);
      expect(wide.deliveries.map(({ payload }) => payload).sort()).toEqual(["1", "3", "4"]);
      expect(reader.deliveries.map(({ payload }) => payload).sort()).toEqual(["1", "4"]);
    });

    test(`AZ-19: through a service import, from worker ${from} to ${to}`, () => {
      const world = createWorld(from * 10 + to);
      const responder = join(world, to, "server");
      respond(responder, "svc.one", ["answer"]);
      const [asker, outsider] = [join(world, from, "asker"), join(world, from, "outsider")];
      for (const one of [asker, outsider]) one.subscribe("9", "inbox");
      world.settle();
      asker.publish("ask", "question", "inbox");
      outsider.publish("ask", "question", "inbox");
      world.settle();
      // Its own subject has to be allowed, the exporter's is not looked at.
      expect(outsider.errors).toEqual(['Permissions Violation for Publish to "ask"']);
      expect(responder.deliveries.map(({ subject }) => subject)).toEqual(["svc.one"]);
      expect(asker.deliveries.map(({ payload }) => payload)).toEqual(["answer"]);
      expect(responder.errors).toEqual([]);
    });

    test(`AZ-07, CP-64: who may not hear a request is nobody; requester on worker ${from}`, () => {
      const world = createWorld(from * 10 + to);
      const requester = join(world, from, "mapped");
      requester.subscribe("9", "inbox.*");
      // A group over all threads, or plain subscriptions on one.
      const deaf = (to === 1 ? [1, 2, 3, 3] : [to, to]).map((thread) =>
        join(world, thread, "narrow"),
      );
      for (const one of deaf) one.subscribe("1", ">", to === 1 ? "q" : undefined);
      world.settle();
      requester.publish("secret.x", "question", "inbox.1");
      world.settle();
      for (const one of deaf) expect(one.deliveries).toEqual([]);
      expect(requester.deliveries.map(({ header }) => header?.slice(0, 12))).toEqual([
        "NATS/1.0 503",
      ]);
    });

    test(`AZ-11: one answer is allowed; requester on worker ${from}, responder on ${to}`, () => {
      for (let seed = 0; seed < 20; seed += 1) {
        const world = createWorld(seed, { laneBytes: 120 });
        const requester = join(world, from, "mapped");
        const responder = join(world, to, "narrow");
        const noise = join(world, to, "mapped");
        requester.subscribe("9", "inbox.*");
        requester.subscribe("8", "noise");
        respond(responder, "serve", ["first", "second"]);
        world.settle();
        // The lane that the answer takes is full now and then.
        for (let count = 0; count < 20; count += 1) noise.publish("noise", "x".repeat(50));
        requester.publish("serve", "question", "inbox.1");
        world.settle();
        world.assertQuiet();
        const answers = requester.deliveries.filter(({ sid }) => sid === "9");
        expect(
          answers.map(({ payload }) => payload),
          `seed ${seed}`,
        ).toEqual(["first"]);
        expect(responder.errors).toEqual(['Permissions Violation for Publish to "inbox.1"']);
      }
    });
  }
});
