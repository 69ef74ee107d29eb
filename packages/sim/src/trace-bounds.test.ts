// Traced messages that are odd on purpose (AC-70, AC-74): whatever their headers, subscriptions and
// destinations, they end no thread, take bounded memory, and change nothing for the messages of others.
import type { AccountSpec } from "@weft/accounts";
import { describe, expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import { World, type WorldOptions } from "./world.ts";

const ROOM: Omit<WorldOptions, "seed" | "workers"> = {
  laneBytes: 1 << 22,
  chunkBytesMax: 1 << 20,
  recordsMax: 1 << 15,
};

function header(destination: string, more = ""): string {
  return `NATS/1.0\r\nNats-Trace-Dest: ${destination}\r\n${more}\r\n`;
}

/** Worker 1 hears of nothing that its traced messages do elsewhere. */
function loseReports(world: World): void {
  const { tracer } = world.core(1).publisher;
  if (tracer === undefined) throw new Error("there is no tracer");
  tracer.awaited.take = () => undefined;
}

describe("the destination of a trace", () => {
  test.each([1, 2])("AC-70: longer than any subject, %i workers", (workers) => {
    const lines: string[] = [];
    const onLog = (line: string): unknown => lines.push(line);
    const world = new World({ seed: 7, workers, ...ROOM, onLog });
    const receivers = [1, workers].map((thread) => world.connect(thread));
    for (const receiver of receivers) receiver.subscribe("1", ">");
    const publisher = world.connect(1);
    world.settle();
    for (const bytes of [65_535, 65_536, 200_000]) {
      publisher.publishWithHeader("news", header("d".repeat(bytes)), "m");
    }
    world.settle();
    world.advance(3_000);
    expect(world.faults).toEqual([]);
    expect(publisher.closedBy).toBeUndefined();
    for (const { deliveries } of receivers) {
      expect(deliveries.filter(({ subject }) => subject === "news")).toHaveLength(3);
      // The event of the first one.
      expect(deliveries.filter(({ subject }) => subject.startsWith("d"))).toHaveLength(1);
    }
    const refused = lines.filter((line) => line.includes("is not valid"));
    expect(refused).toHaveLength(2);
    for (const line of refused) expect(line.length).toBeLessThan(1_000);
  });

  test("AC-70: is looked at for permissions before the message goes anywhere, as long as it may be", () => {
    const world = new World({
      seed: 8,
      workers: 2,
      ...ROOM,
      users: [{ user: "u", password: "x", permissions: { publish: { allow: ["news"] } } }],
    });
    const receiver = world.connect(2, { user: "u", pass: "x" });
    receiver.subscribe("1", ">");
    const publisher = world.connect(1, { user: "u", pass: "x" });
    world.settle();
    publisher.publishWithHeader("news", header("d".repeat(3_000)), "m");
    world.settle();
    expect(receiver.deliveries).toEqual([]);
    expect(publisher.errors.join()).toContain("Permissions Violation for Publish");
  });
});

describe("the event of a trace", () => {
  const control = "\x01".repeat(3_000);

  test.each([
    [1, 1],
    [1, 2],
  ])(
    "A57, AC-71: of thousands of long filters is bounded, worker %i, subscribed on %i",
    (...row) => {
      const [from, to] = row;
      const world = new World({ seed: 9, workers: 2, ...ROOM });
      const crowd = world.connect(to);
      crowd.send(Array.from({ length: 2_000 }, (_, sid) => `SUB ${control} ${sid}\r\n`).join(""));
      const told = world.connect(from);
      told.subscribe("1", "told");
      const publisher = world.connect(from);
      world.settle();
      publisher.publishWithHeader(control, header("told", "Nats-Trace-Only: 1\r\n"), "m");
      publisher.publishWithHeader(control, header("told"), "m");
      world.settle();
      world.advance(100);
      expect(world.faults).toEqual([]);
      expect(crowd.deliveries).toHaveLength(2_000);
      expect(told.deliveries).toHaveLength(2);
      for (const { payload } of told.deliveries) {
        expect(payload.length).toBeLessThan(1 << 20);
        const event = JSON.parse(payload) as { events: { type: string }[] };
        expect(event.events.filter(({ type }) => type === "eg").length).toBeGreaterThan(5);
      }
    },
  );

  test("A57: is not made where nobody would get it", () => {
    const world = new World({ seed: 10, workers: 1, ...ROOM });
    const publisher = world.connect(1);
    publisher.subscribe("1", "news");
    world.settle();
    const inbound = world.core(1).publisher;
    const run = inbound.run.bind(inbound);
    const published: number[] = [];
    inbound.run = (plan, message, context, depth) => {
      published.push(message.bodyEnd - message.bodyStart);
      return run(plan, message, context, depth);
    };
    publisher.publishWithHeader("news", header("told"), "m");
    world.settle();
    expect(publisher.deliveries).toHaveLength(1);
    expect(published).toEqual([]);
    publisher.publishWithHeader("news", header("news"), "m");
    world.settle();
    expect(published).toHaveLength(1);
  });
});

describe("reports that do not come", () => {
  test("CP-64, AC-70: whoever cannot be heard of counts as reached: the requester is not told 503", () => {
    const world = new World({ seed: 11, workers: 2, ...ROOM });
    const service = world.connect(2);
    service.subscribe("1", "ask");
    const requester = world.connect(1);
    requester.subscribe("9", "inbox");
    world.settle();
    loseReports(world);
    requester.publishWithHeader("ask", header("told"), "m", "inbox");
    world.settle();
    world.advance(3_000);
    expect(service.deliveries).toHaveLength(1);
    expect(requester.deliveries).toEqual([]);
    // Nobody at all: that is known here.
    requester.publishWithHeader("nobody", header("told"), "m", "inbox");
    world.settle();
    expect(requester.deliveries[0]?.header).toContain("503");
  });

  const accounts: AccountSpec[] = [
    { name: "C", exports: [{ kind: "service", subject: "c.svc", allowTrace: true }] },
    {
      name: "B",
      exports: [{ kind: "service", subject: "b.svc", allowTrace: true }],
      imports: [{ kind: "service", account: "C", subject: "c.svc", to: "b.svc" }],
    },
    {
      name: "A",
      imports: [{ kind: "service", account: "B", subject: "b.svc" }],
    },
    { name: "Y", exports: [{ kind: "service", subject: "y" }] },
    { name: "X", imports: [{ kind: "service", account: "Y", subject: "y" }] },
  ];
  const users = accounts.map(({ name }) => ({ user: name, password: "x", account: name }));

  test("AC-74, A43: a stranger's traces that make room do not come between a request and its service", () => {
    const world = new World({ seed: 12, workers: 2, accounts, users, ...ROOM });
    const join = (thread: number, user: string): SimClient =>
      world.connect(thread, { user, pass: "x" });
    const service = join(2, "C");
    service.subscribe("1", "c.svc");
    const strangers = join(2, "X");
    strangers.subscribe("1", "f");
    const listener = join(1, "Y");
    listener.subscribe("1", "y");
    const stranger = join(1, "X");
    const requester = join(1, "A");
    requester.subscribe("9", "inbox");
    world.settle();
    loseReports(world);
    const flood = header("y", "X-Secret: of-X\r\n");
    for (let count = 0; count < 4_200; count += 1) stranger.publishWithHeader("f", flood, "m");
    world.settle();
    for (let count = 0; count < 20; count += 1) {
      requester.publishWithHeader("b.svc", header("a.trace"), `body ${count}`, "inbox");
    }
    world.settle();
    expect(service.deliveries.map(({ payload }) => payload)).toEqual(
      Array.from({ length: 20 }, (_, count) => `body ${count}`),
    );
    expect(service.deliveries.every(({ reply }) => reply?.startsWith("_R_."))).toBe(true);
    expect(service.deliveries.some((one) => one.header?.includes("of-X"))).toBe(false);
    world.advance(6_000);
    expect(listener.deliveries).toHaveLength(4_200);
    expect(world.faults).toEqual([]);
  });
});
