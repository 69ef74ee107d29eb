// Control as a participant without sockets: services of the system account asked from every account
// and worker, events that cost nothing unheard, and lanes that are full (SY-01, SY-02, SY-14, SY-33,
// SY-36).
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import { createPrng } from "@weft/base";
import { InternalParticipant } from "@weft/broker";
import { describe, expect, test } from "vitest";
import type { ThreadHandler } from "./lanes.ts";
import { forEachSeed } from "./seeds.ts";
import { createSnapshot } from "./snapshot.ts";
import { HASH_SEED, World, type WorldOptions } from "./world.ts";

const SYSTEM_ACCOUNT = 1;
const ACCOUNTS: readonly AccountSpec[] = [{ name: "$SYS" }, { name: "A" }];
const USERS: readonly UserSpec[] = [
  { user: "sys", password: "x", account: "$SYS" },
  { user: "a", password: "x", account: "A" },
];
const SYS = { user: "sys", pass: "x" };
const A = { user: "a", pass: "x" };
const NO_HEADER = Buffer.alloc(0);

/** Control's side: answers what it is asked, as fast as it is let. */
class ControlThread implements ThreadHandler {
  readonly participant: InternalParticipant<string>;
  readonly asked: string[] = [];
  answer = (subject: string, payload: string): string => `${subject} ${payload}`;

  constructor(world: World) {
    let drawn = 0;
    this.participant = new InternalParticipant(createSnapshot({ accounts: ACCOUNTS }), {
      bus: world.bus(0),
      index: world.index(0),
      generations: world.interest.generations,
      clock: world.clock,
      entropy: { fill: (out) => out.fill(++drawn & 0xff) },
      prng: createPrng(1),
      hashSeed: HASH_SEED,
    });
    world.attach(0, this);
  }

  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    return this.participant.onDataFrame(from, bytes, start, end);
  }

  onControlFrame(): void {
    throw new Error("control publishes nothing that is answered by a control frame");
  }

  onSpace(to: number): void {
    this.participant.onSpace(to);
  }

  flush(): void {
    for (;;) {
      const request = this.participant.next();
      if (request === undefined) break;
      this.asked.push(`${request.service} ${request.subject}`);
      const text = this.answer(request.subject, request.payload.toString("latin1"));
      const bytes = Buffer.from(text, "latin1");
      this.participant.publish(request.account, request.reply, NO_HEADER, bytes);
    }
    this.participant.flush();
  }
}

function createWorld(options: Partial<WorldOptions> & { seed: number; workers: number }) {
  const world = new World({ accounts: ACCOUNTS, users: USERS, ...options });
  return { world, control: new ControlThread(world) };
}

describe("services of control", () => {
  for (const workers of [1, 2, 4]) {
    test(`SY-33, SY-36: every account reaches its own, in order; ${workers} workers`, () => {
      forEachSeed(70 + workers, 8, (seed) => {
        const { world, control } = createWorld({ seed, workers, laneBytes: 400 });
        control.participant.serve(SYSTEM_ACCOUNT, "$SYS.REQ.USER.*.INFO", "user");
        control.participant.serve(SYSTEM_ACCOUNT, "$SYS.REQ.ACCOUNT.*.STATZ", "statz");
        const threads = Array.from({ length: workers }, (_, place) => place + 1);
        const clients = threads.flatMap((thread) => [
          world.connect(thread, A),
          world.connect(thread, SYS),
        ]);
        for (const [place, client] of clients.entries()) client.subscribe("1", `in.${place}.*`);
        world.settle();
        for (let round = 0; round < 20; round += 1) {
          for (const [place, client] of clients.entries()) {
            client.publish("$SYS.REQ.USER.INFO", `${round}`, `in.${place}.${round}`);
          }
          world.run(4);
        }
        world.settle();
        world.assertQuiet();
        for (const [place, client] of clients.entries()) {
          const account = place % 2 === 0 ? "A" : "$SYS";
          expect(client.deliveries.map(({ payload }) => payload)).toEqual(
            Array.from({ length: 20 }, (_, round) => `$SYS.REQ.USER.${account}.INFO ${round}`),
          );
          client.takeDeliveries();
        }
        const [user, system] = clients;
        user?.publish("$SYS.REQ.ACCOUNT.PING.STATZ", "", "in.0.x");
        user?.publish("$SYS.REQ.ACCOUNT.$SYS.STATZ", "", "in.0.y");
        system?.publish("$SYS.REQ.ACCOUNT.A.STATZ", "", "in.1.x");
        world.settle();
        // The second one stays in its account: nobody is there.
        const texts = user?.deliveries.map(({ payload, header }) => header ?? payload).sort();
        expect(texts).toEqual(["$SYS.REQ.ACCOUNT.A.STATZ ", expect.stringContaining("503")]);
        expect(system?.deliveries.map(({ payload }) => payload)).toEqual([
          "$SYS.REQ.ACCOUNT.A.STATZ ",
        ]);
      });
    });
  }

  test("answers that find every lane full wait, and none is lost; the asker waits, not others", () => {
    forEachSeed(80, 6, (seed) => {
      const { world, control } = createWorld({ seed, workers: 2, laneBytes: 600 });
      control.participant.serve(SYSTEM_ACCOUNT, "$SYS.REQ.SERVER.PING.VARZ", "varz");
      control.answer = () => "v".repeat(3_000);
      const asker = world.connect(1, SYS);
      const others = [world.connect(1, A), world.connect(2, A)];
      asker.subscribe("1", "in");
      others[1]?.subscribe("1", "flow");
      world.settle();
      for (let round = 0; round < 700; round += 1) {
        asker.publish("$SYS.REQ.SERVER.PING.VARZ", "", "in");
        if (round % 7 === 0) others[0]?.publish("flow", `${round}`);
      }
      world.settle();
      world.assertQuiet();
      expect(asker.deliveries).toHaveLength(700);
      expect(others[1]?.deliveries).toHaveLength(100);
    });
  });

  test("a body of more than 64 KiB is not taken along, and is told so", () => {
    const { world, control } = createWorld({ seed: 5, workers: 1 });
    control.participant.serve(SYSTEM_ACCOUNT, "long", "long");
    const seen: boolean[] = [];
    const client = world.connect(1, SYS);
    const { participant } = control;
    control.flush = () => {
      for (let next = participant.next(); next !== undefined; next = participant.next()) {
        seen.push(next.isTooLong);
        expect(next.payload.length).toBeLessThanOrEqual(64 * 1024);
      }
      participant.flush();
    };
    client.publish("long", "x".repeat(64 * 1024));
    client.publish("long", "x".repeat(64 * 1024 + 1));
    world.settle();
    expect(seen).toEqual([false, true]);
  });

  test("RL-12: after another snapshot what is served stays, and messages go by the new one", () => {
    const { world, control } = createWorld({ seed: 9, workers: 1 });
    control.participant.serve(SYSTEM_ACCOUNT, "$SYS.REQ.USER.*.INFO", "user");
    const client = world.connect(1, A);
    client.subscribe("1", "in");
    client.subscribe("2", "from.sys.event");
    world.settle();
    const ask = (): void => {
      client.publish("$SYS.REQ.USER.INFO", "", "in");
      world.settle();
    };
    const tell = (): boolean => {
      const told = control.participant.publish(SYSTEM_ACCOUNT, "event", NO_HEADER, NO_HEADER);
      control.participant.flush();
      world.settle();
      return told;
    };
    ask();
    expect(tell()).toBe(false);
    const accounts: AccountSpec[] = [
      { name: "$SYS", exports: [{ kind: "stream", subject: "event" }] },
      {
        name: "A",
        imports: [{ kind: "stream", account: "$SYS", subject: "event", prefix: "from.sys" }],
      },
    ];
    control.participant.follow(createSnapshot({ accounts }));
    expect(tell()).toBe(true);
    ask();
    expect(client.deliveries.map(({ subject }) => subject)).toEqual(["in", "from.sys.event", "in"]);
  });

  for (const workers of [1, 2, 4]) {
    test(`who listens no longer is not there; ${workers} workers`, () => {
      const { world, control } = createWorld({ seed: 90 + workers, workers });
      const client = world.connect(workers, A);
      client.subscribe("1", "in.*");
      const taken: string[] = [];
      const account = createSnapshot({ accounts: ACCOUNTS }).accounts.accounts.findIndex(
        ({ name }) => name === "A",
      );
      for (const text of ["first", "again"]) {
        control.participant.listen(account, "box.*", ({ subject }) => taken.push(subject));
        world.settle();
        client.publish(`box.${text}`, "", "in.1");
        world.settle();
        expect(taken.splice(0)).toEqual([`box.${text}`]);
        control.participant.unlisten(account, "box.*");
        world.settle();
        client.publish(`box.${text}`, "", "in.2");
        world.settle();
        expect(taken).toEqual([]);
        const [none] = client.takeDeliveries();
        expect(none?.header).toContain("503");
        world.assertQuiet();
      }
    });
  }

  test("an answer to oneself goes nowhere", () => {
    const { world, control } = createWorld({ seed: 6, workers: 1 });
    control.participant.serve(SYSTEM_ACCOUNT, "$SYS.REQ.SERVER.PING", "ping");
    const client = world.connect(1, SYS);
    client.publish("$SYS.REQ.SERVER.PING", "", "$SYS.REQ.SERVER.PING");
    world.settle();
    expect(control.asked).toHaveLength(1);
  });

  test("SY-35: subscriptions are counted over all threads, by queue too", () => {
    const { world, control } = createWorld({ seed: 8, workers: 2 });
    for (const thread of [1, 2]) {
      const client = world.connect(thread, A);
      client.subscribe("1", "x.*");
      client.subscribe("2", "x.y", "q");
      client.subscribe("3", "x.y", "r");
      client.subscribe("4", "x.y", "q");
    }
    world.settle();
    const count = (queue?: string) => control.participant.countSubscriptions(2, "x.y", queue);
    expect([count(), count("q"), count("r"), count("none")]).toEqual([8, 4, 2, 0]);
    expect(control.participant.countSubscriptions(SYSTEM_ACCOUNT, "x.y", undefined)).toBe(0);
  });
});

describe("events", () => {
  test("SY-01, SY-02: made only while somebody of the system account listens", () => {
    forEachSeed(90, 6, (seed) => {
      const { world } = createWorld({ seed, workers: 2 });
      const unheard = world.connect(1, A);
      world.settle();
      unheard.close();
      world.settle();
      expect(world.counters(1).systemEvents + world.counters(2).systemEvents).toBe(0);
      const listener = world.connect(2, SYS);
      const spy = world.connect(2, A);
      listener.subscribe("1", "$SYS.ACCOUNT.*.*");
      spy.subscribe("1", ">");
      world.settle();
      listener.takeDeliveries();
      const heard = world.connect(1, { ...A, name: "heard" });
      world.settle();
      heard.close();
      world.settle();
      const events = listener.deliveries.map(({ subject, payload }) => {
        const { client, reason } = JSON.parse(payload) as { client: object; reason?: string };
        return { subject, client, reason };
      });
      expect(events).toMatchObject([
        { subject: "$SYS.ACCOUNT.A.CONNECT", client: { name: "heard", acc: "A", user: "a" } },
        {
          subject: "$SYS.ACCOUNT.A.DISCONNECT",
          client: { name: "heard" },
          reason: "Client Closed",
        },
      ]);
      // SY-14
      expect(spy.deliveries).toEqual([]);
      expect(world.counters(1).systemEvents).toBe(2);
    });
  });

  test("a listener that does not read makes nobody wait", () => {
    const { world } = createWorld({ seed: 11, workers: 2, laneBytes: 600 });
    const listener = world.connect(2, SYS);
    listener.subscribe("1", "$SYS.ACCOUNT.>");
    world.settle();
    listener.stopReading();
    for (let round = 0; round < 200; round += 1) {
      const client = world.connect(1, { ...A, name: "n".repeat(200) });
      client.close();
    }
    world.settle();
    expect(world.counters(1).connections).toBe(0);
    listener.resumeReading();
    world.settle();
    world.assertQuiet();
    expect(listener.deliveries).toHaveLength(400);
  });

  test("SY-07: a refused login is told, with the name that was claimed and no secret", () => {
    const { world } = createWorld({ seed: 12, workers: 2 });
    const listener = world.connect(2, SYS);
    listener.subscribe("1", "$SYS.SERVER.*.CLIENT.AUTH.ERR");
    world.settle();
    world.connect(1, { user: "a", pass: "canary", name: "who" });
    world.settle();
    const [event] = listener.deliveries;
    expect(event?.subject).toBe("$SYS.SERVER.NSIMULATEDSERVER.CLIENT.AUTH.ERR");
    expect(event?.payload).not.toContain("canary");
    expect(JSON.parse(event?.payload ?? "{}")).toMatchObject({
      type: "io.nats.server.advisory.v1.client_disconnect",
      client: { acc: "$G", user: "a", name: "who" },
      reason: "Authentication Failure",
    });
  });
});
