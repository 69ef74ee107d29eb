// Rights where the account maps subjects: a publisher needs them for where the message goes, as with
// nats-server, and so does its receiver (SU-39). Publisher and subscriber on workers of their own.
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import { expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World, type WorldOptions } from "./world.ts";

const ACCOUNTS: readonly AccountSpec[] = [
  {
    name: "MAPPED",
    mappings: [
      { source: "old.*", destinations: [{ subject: "new.{{wildcard(1)}}" }] },
      { source: "open.in.*", destinations: [{ subject: "closed.{{wildcard(1)}}" }] },
      { source: "closed.out.*", destinations: [{ subject: "open.{{wildcard(1)}}" }] },
      { source: "open.secret", destinations: [{ subject: "secret.x" }] },
      { source: "open.reserved", destinations: [{ subject: "$GNR.x" }] },
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
  { user: "mapped", password: "x", account: "MAPPED" },
  {
    user: "drawn",
    password: "x",
    account: "MAPPED",
    permissions: { publish: { allow: ["left", "split"] } },
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

function violation(subject: string): string {
  return `Permissions Violation for Publish to "${subject}"`;
}

for (const [from, to] of PLACES) {
  test(`SU-39: a mapped subject, publisher on worker ${from}, subscriber on ${to}`, () => {
    const world = createWorld(from * 10 + to);
    const narrow = join(world, from, "narrow");
    const reader = join(world, to, "narrow");
    const wide = join(world, to, "mapped");
    wide.subscribe("1", ">");
    reader.subscribe("1", ">");
    world.settle();
    narrow.publish("open.in.a", "what becomes of it is not allowed");
    narrow.publish("closed.out.b", "and here it is");
    wide.publish("open.secret", "the reader may not hear what it becomes");
    world.settle();
    expect(narrow.errors).toEqual(['Permissions Violation for Publish to "closed.a"']);
    expect(wide.deliveries.map(({ subject }) => subject).sort()).toEqual(["open.b", "secret.x"]);
    expect(reader.deliveries.map(({ subject }) => subject)).toEqual(["open.b"]);
  });

  test(`SU-39, AZ-05: what is drawn, publisher on worker ${from}, subscriber on ${to}`, () => {
    const world = createWorld(from * 10 + to, { laneBytes: 300, chunkBytesMax: 1 << 14 });
    const [narrow, drawn] = ["narrow", "drawn"].map((user) => join(world, from, user));
    const wide = join(world, to, "mapped");
    wide.subscribe("1", ">");
    world.settle();
    const count = 200;
    for (let left = count; left > 0; left -= 1) {
      narrow?.publish("split", "none of them is allowed");
      drawn?.publish("split", "one of them is not");
    }
    world.settle();
    const ofNarrow = new Set(narrow?.errors);
    expect(ofNarrow).toEqual(new Set(["left", "right", "split"].map(violation)));
    expect(new Set(drawn?.errors)).toEqual(new Set([violation("right")]));
    const got = wide.deliveries.map(({ subject }) => subject);
    expect(new Set(got)).toEqual(new Set(["left", "split"]));
    const refused = drawn?.errors.length ?? 0;
    expect(refused + got.length).toBeLessThanOrEqual(count);
    expect(refused + got.length).toBeGreaterThan(count / 2);
  });

  test(`SU-39, AZ-20: an answer by its mapped subject, from worker ${from} to ${to}`, () => {
    const world = createWorld(from * 10 + to);
    const narrow = join(world, from, "narrow");
    const wide = join(world, to, "mapped");
    narrow.subscribe("1", "open.ask");
    wide.subscribe("2", "new.>");
    world.settle();
    for (const text of ["once", "twice"]) {
      wide.publish("open.ask", text, "new.x");
      world.settle();
      narrow.publish("old.x", text);
      narrow.publish("old.x", "unasked");
      world.settle();
    }
    expect(wide.deliveries.map(({ payload }) => payload)).toEqual(["once", "twice"]);
    expect(narrow.errors).toEqual([violation("new.x"), violation("new.x")]);
  });
}

for (const [from, to] of PLACES) {
  test(`SU-39, AC-28: an answer that is mapped is none, from worker ${from} to ${to}`, () => {
    const accounts: readonly AccountSpec[] = [
      {
        name: "MAKER",
        exports: [{ kind: "service", subject: "svc" }],
        mappings: [{ source: "_R_.>", destinations: [{ subject: "logs.>" }] }],
      },
      { name: "ASKER", imports: [{ kind: "service", account: "MAKER", subject: "svc" }] },
    ];
    const users: readonly UserSpec[] = [
      {
        user: "maker",
        password: "x",
        account: "MAKER",
        permissions: { publish: { allow: ["logs.>"] } },
      },
      { user: "asker", password: "x", account: "ASKER" },
    ];
    const world = new World({ seed: from * 10 + to, workers: 3, accounts, users });
    const maker = join(world, from, "maker");
    const asker = join(world, to, "asker");
    maker.subscribe("1", "svc");
    maker.subscribe("2", "logs.>");
    asker.subscribe("1", "inbox");
    world.settle();
    asker.publish("svc", "question", "inbox");
    world.settle();
    const [request] = maker.takeDeliveries();
    expect(request?.reply).toMatch(/^_R_\./);
    // He may publish where it is mapped to, and nowhere else.
    const reply = request?.reply ?? "";
    maker.publish(reply, "answer");
    world.settle();
    const logged = maker.takeDeliveries().map(({ subject }) => subject);
    expect(logged).toEqual([reply.replace("_R_", "logs")]);
    expect(asker.takeDeliveries()).toEqual([]);
    expect(maker.errors).toEqual([]);
  });
}
