// Requests that pass through several accounts, and what each hears of who asks (AC-34, AC-37).
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World } from "./world.ts";

const ACCOUNTS: readonly AccountSpec[] = [
  {
    name: "MAKER",
    exports: [
      { kind: "service", subject: "svc.>" },
      { kind: "service", subject: "open.>" },
    ],
  },
  {
    name: "MIDDLE",
    exports: [{ kind: "service", subject: "mid.>" }],
    imports: [
      { kind: "service", account: "MAKER", subject: "svc.a", to: "mid.quiet" },
      { kind: "service", account: "MAKER", subject: "open.a", to: "mid.open", share: true },
    ],
  },
  {
    name: "USER",
    imports: [
      { kind: "service", account: "MIDDLE", subject: "mid.quiet", to: "ask.quiet" },
      { kind: "service", account: "MIDDLE", subject: "mid.open", to: "ask.open" },
      { kind: "service", account: "MAKER", subject: "svc.>" },
    ],
  },
  {
    name: "SHARER",
    imports: [
      { kind: "service", account: "MIDDLE", subject: "mid.quiet", to: "ask.quiet", share: true },
      { kind: "service", account: "MIDDLE", subject: "mid.open", to: "ask.open", share: true },
    ],
  },
];

const USERS: readonly UserSpec[] = ACCOUNTS.map(({ name }) => ({
  user: name.toLowerCase(),
  password: "x",
  account: name,
}));

function createWorld(seed: number): World {
  return new World({ seed, workers: 3, accounts: ACCOUNTS, users: USERS, laneBytes: 600 });
}

/** Answers "done" to everything on `filter`. */
function serve(world: World, thread: number, filter: string): SimClient {
  const maker = world.connect(thread, { user: "maker", pass: "x", name: "server" });
  maker.subscribe("svc", filter);
  maker.onDelivery = ({ reply }) => {
    if (reply !== undefined) maker.publish(reply, "done");
  };
  return maker;
}

function infoOf(maker: SimClient, at = 0): Record<string, unknown> {
  const header = maker.deliveries[at]?.header ?? "";
  const lines = header.match(/^Nats-Request-Info: .*$/gm) ?? [];
  expect(lines).toHaveLength(1);
  return JSON.parse((lines[0] ?? "").slice("Nats-Request-Info: ".length)) as Record<
    string,
    unknown
  >;
}

describe("chains of service imports", () => {
  for (const [from, to] of [
    [1, 1],
    [1, 2],
    [3, 2],
  ] as const) {
    test.each([
      ["user", "ask.quiet", "USER", false, false],
      ["user", "ask.open", "USER", false, true],
      ["sharer", "ask.quiet", "SHARER", true, true],
      ["sharer", "ask.open", "SHARER", true, true],
    ] as const)(`AC-37: %s on %s, worker ${from}, served on ${to}`, (...row) => {
      const [user, subject, account, details, server] = row;
      const world = createWorld(from * 10 + to);
      const requester = world.connect(from, { user, pass: "x", name: "asker" });
      const maker = serve(world, to, ">");
      requester.subscribe("9", "inbox.*");
      world.settle();
      for (let count = 0; count < 3; count += 1) {
        const forged = 'NATS/1.0\r\nA: 1\r\nNats-Request-Info: {"acc":"FORGED"}\r\n\r\n';
        requester.publishWithHeader(subject, forged, `question ${count}`, `inbox.${count}`);
      }
      world.settle();
      world.assertQuiet();
      const answers = requester.deliveries.map(({ subject: on, payload }) => `${on} ${payload}`);
      expect(answers).toEqual(["inbox.0 done", "inbox.1 done", "inbox.2 done"]);
      const info = infoOf(maker);
      expect(info["acc"]).toBe(account);
      expect(info["svc"]).toBe("MIDDLE");
      // The account in the middle cannot share what was not shared with it.
      expect(info["name"]).toBe(details ? "asker" : undefined);
      expect(info["user"]).toBe(details ? user : undefined);
      expect(typeof info["server"]).toBe(server ? "string" : "undefined");
      expect(maker.deliveries[0]?.header).toContain("\r\nA: 1\r\n");
    });
  }

  test("AC-34: an answer that is a request itself tells nothing of an earlier requester", () => {
    const world = createWorld(7);
    const sharer = world.connect(1, { user: "sharer", pass: "x", name: "asker" });
    const user = world.connect(1, { user: "user", pass: "x", name: "other" });
    const maker = serve(world, 1, ">");
    world.settle();
    sharer.publish("ask.open", "first", "inbox.1");
    world.settle();
    user.publish("svc.a", "second", "svc.b");
    world.settle();
    const onward = maker.deliveries.findIndex(({ subject }) => subject === "svc.b");
    expect(infoOf(maker, onward)).toEqual({ acc: "MAKER", rtt: expect.any(Number) });
  });
});
