// Reloads at random moments of random traffic, against a simple twin (RL-12, RL-13, AZ-15 to AZ-17).
import { createPrng, type Prng } from "@weft/base";
import { expect, test } from "vitest";
import type { SimClient } from "./client.ts";
import {
  deliveries,
  drawConfig,
  FILTERS,
  followed,
  type ModelClient,
  type ModelConfig,
  maySubscribe,
  optionsOf,
  SUBJECTS,
} from "./reload-model.ts";
import { forEachSeed, forEachSeedInTurns } from "./seeds.ts";
import { HASHED_PASSWORD, World } from "./world.ts";

const FAMILY = 71;

/** A client and what the twin knows of it. */
interface Pair {
  readonly client: SimClient;
  state: ModelClient;
  nextSid: number;
}

interface Published {
  readonly payload: string;
  readonly subject: string;
  /** As it was when the reload began. */
  readonly publisher: ModelClient;
}

class Run {
  readonly #prng: Prng;
  readonly #world: World;
  readonly #clientsCount: number;
  #config: ModelConfig;
  #pairs: Pair[] = [];
  #messages = 0;

  constructor(seed: number, clientsCount: number) {
    this.#prng = createPrng(seed);
    this.#clientsCount = clientsCount;
    this.#config = drawConfig(this.#prng);
    const workers = 1 + this.#prng.below(3);
    this.#world = new World({ seed, workers, laneBytes: 1 << 14, ...optionsOf(this.#config) });
  }

  play(rounds: number): void {
    for (let round = 0; round < rounds; round += 1) {
      this.#join();
      this.#subscribe();
      this.#checkTraffic("between reloads");
      this.#reload();
      this.#checkTraffic("after a reload");
    }
    for (const { client } of this.#pairs) client.close();
    this.#world.settle();
    this.#world.advance(2_000);
    for (let thread = 1; thread <= this.#world.workers; thread += 1) {
      expect(this.#world.counters(thread)).toMatchObject({ subscriptions: 0, connections: 0 });
    }
    expect(this.#world.faults).toEqual([]);
  }

  #join(): void {
    const users = [...this.#config.users.values()];
    while (this.#pairs.length < this.#clientsCount) {
      const user = users[this.#prng.below(users.length)];
      if (user === undefined) return;
      const { name, password } = user;
      const thread = 1 + this.#prng.below(this.#world.workers);
      const client = this.#world.connect(thread, { user: name, pass: password, echo: true });
      this.#pairs.push({ client, state: { user, subscriptions: new Map() }, nextSid: 1 });
    }
    this.#world.settle();
    for (const { client } of this.#pairs) expect(client.closedBy).toBeUndefined();
  }

  #subscribe(): void {
    for (const pair of this.#pairs) {
      const filter = FILTERS[this.#prng.below(FILTERS.length)] as string;
      const sid = String(pair.nextSid);
      pair.nextSid += 1;
      pair.client.subscribe(sid, filter);
      if (!maySubscribe(pair.state.user, filter)) continue;
      const subscriptions = new Map([...pair.state.subscriptions, [sid, filter]]);
      pair.state = { ...pair.state, subscriptions };
    }
    this.#world.settle();
    for (const { client } of this.#pairs) client.errors.length = 0;
  }

  /** Everybody publishes something, and everybody gets exactly what the twin says. */
  #checkTraffic(when: string): void {
    const published = this.#pairs.map((pair) => this.#publish(pair));
    this.#world.settle();
    this.#expectExactly(published, when);
  }

  #publish({ client, state }: Pair): Published {
    const subject = SUBJECTS[this.#prng.below(SUBJECTS.length)] as string;
    const payload = `m${this.#messages}`;
    this.#messages += 1;
    client.publish(subject, payload);
    return { payload, subject, publisher: state };
  }

  #expectExactly(published: readonly Published[], when: string): void {
    for (const { client, state } of this.#pairs) {
      const got = byPayload(client);
      for (const { payload, subject, publisher } of published) {
        const wanted = deliveries(this.#config, publisher.user, subject, state);
        expect(got.get(payload) ?? [], `${payload} ${when}`).toEqual(wanted);
      }
    }
    for (const { client } of this.#pairs) client.takeDeliveries();
    for (const { client } of this.#pairs) client.errors.length = 0;
  }

  #reload(): void {
    const before = this.#config;
    const after = drawConfig(this.#prng);
    const during: Published[] = [];
    const late: Published[] = [];
    const former = new Map(this.#pairs.map((pair) => [pair, pair.state]));
    let isDone = false;
    this.#world.reload(optionsOf(after), () => {
      isDone = true;
      // The reload was acknowledged: from here on only the new rules count, on every thread.
      this.#config = after;
      this.#followAll(after);
      for (const pair of this.#pairs) late.push(this.#publish(pair));
    });
    for (const pair of this.#pairs) if (this.#prng.below(2) === 0) during.push(this.#publish(pair));
    for (let step = this.#prng.below(40); step > 0 && !isDone; step -= 1) {
      this.#world.run(1);
      const pair = this.#pairs[this.#prng.below(this.#pairs.length)];
      if (pair !== undefined && !isDone) during.push(this.#publish(pair));
    }
    this.#world.settle();
    expect(isDone).toBe(true);
    this.#expectPossible(during, former, [before, after]);
    this.#expectExactly(late, "after the answer");
  }

  /** Who has to go is gone, and who stays has lost what he may not keep. */
  #followAll(after: ModelConfig): void {
    const stay: Pair[] = [];
    for (const pair of this.#pairs) {
      const state = followed(pair.state, after);
      if (state === undefined) {
        this.#gone.push(pair.client);
        continue;
      }
      const lost = pair.state.subscriptions.size - state.subscriptions.size;
      this.#lost.set(pair.client, lost);
      pair.state = state;
      stay.push(pair);
    }
    this.#pairs = stay;
  }

  readonly #gone: SimClient[] = [];
  readonly #lost = new Map<SimClient, number>();

  /** Rules of before and after may meet while threads change one after the other; no others. */
  #expectPossible(
    during: readonly Published[],
    former: ReadonlyMap<Pair, ModelClient>,
    configs: readonly ModelConfig[],
  ): void {
    for (const client of this.#gone.splice(0)) expect(client.closedBy).toBeDefined();
    for (const [client, lost] of this.#lost) {
      const revoked = client.errors.filter((text) => /Subscription to .* \(sid/.test(text));
      expect(revoked).toHaveLength(lost);
    }
    this.#lost.clear();
    for (const { client, state } of this.#pairs) {
      expect(client.closedBy).toBeUndefined();
      const receiver = [...former].find(([pair]) => pair.client === client)?.[1] ?? state;
      const got = byPayload(client);
      for (const { payload, subject, publisher } of during) {
        const possible = new Set<string>();
        for (const config of configs) {
          for (const rights of configs) {
            const user = rights.users.get(publisher.user.name) ?? publisher.user;
            const sender = { ...user, account: publisher.user.account };
            for (const found of deliveries(config, sender, subject, receiver)) possible.add(found);
          }
        }
        for (const found of got.get(payload) ?? []) expect([...possible]).toContain(found);
      }
    }
  }
}

function byPayload(client: SimClient): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { payload, subject, sid } of client.deliveries) {
    const known = found.get(payload) ?? [];
    known.push(`${subject} ${sid}`);
    found.set(payload, known.sort());
  }
  return found;
}

test("reloads in the middle of traffic: as the twin says, on any number of threads", () => {
  forEachSeed(FAMILY, 20, (seed) => new Run(seed, 8).play(6));
});

test("A57: the same with so many connections that they are judged in slices", () => {
  forEachSeed(FAMILY + 3, 2, (seed) => new Run(seed, 90).play(1));
});

test("requests between accounts find back over a reload, whatever goes with it", () => {
  forEachSeed(FAMILY + 1, 20, (seed) => {
    const maker = { name: "M", exports: [{ kind: "service", subject: "ask" }] } as const;
    const importing = {
      name: "R",
      imports: [{ kind: "service", account: "M", subject: "ask", to: "q" }],
    } as const;
    const users = ["M", "R"].map((name) => ({ user: name, password: "p", account: name }));
    const world = new World({ seed, workers: 3, accounts: [maker, importing], users });
    const prng = createPrng(seed);
    const service = world.connect(1 + prng.below(3), { user: "M", pass: "p" });
    const asker = world.connect(1 + prng.below(3), { user: "R", pass: "p" });
    service.subscribe("1", "ask");
    asker.subscribe("2", "in");
    world.settle();
    asker.publish("q", "?", "in");
    world.settle();
    const reply = service.takeDeliveries()[0]?.reply ?? "";
    expect(reply).toMatch(/^_R_\./);
    const after = [
      { accounts: [maker, importing], users },
      { accounts: [{ name: "X" }, { name: "R" }, { name: "M" }], users },
    ][prng.below(2)];
    world.reload(after ?? {});
    if (prng.below(2) === 0) world.run(prng.below(6));
    service.publish(reply, "!");
    world.settle();
    expect(asker.takeDeliveries().map(({ payload }) => payload)).toEqual(["!"]);
    asker.publish("q", "?", "in");
    world.settle();
    expect(service.takeDeliveries().length).toBe(after?.accounts.length === 2 ? 1 : 0);
    // The account of who asked goes: nobody may get its answers.
    const last = service.deliveries.length;
    world.reload({ accounts: [maker], users: users.slice(0, 1) });
    world.settle();
    service.publish(reply, "late");
    world.settle();
    expect(asker.closedBy).toBeDefined();
    expect(service.deliveries.length).toBe(last);
    expect(world.faults).toEqual([]);
  });
});

test("a login that waits for its hash is judged by the users of after", async () => {
  await forEachSeedInTurns(FAMILY + 2, 20, (seed) => {
    const hash = "$2a$04$bZtcaqCB9EJqMNBk/RtvHuyRvZ.WJ9Qp/8basPX4gzPgFQpy8nkXC";
    const [kept, gone] = ["kept", "gone"].map((user) => ({ user, password: hash }));
    const users = [kept, gone].filter((user) => user !== undefined);
    const world = new World({ seed, workers: 2, users });
    const clients = users.map(({ user }, place) =>
      world.connect(1 + place, { user, pass: HASHED_PASSWORD }),
    );
    for (const client of clients) client.send("SUB x 1\r\nPING\r\n");
    world.run(createPrng(seed).below(8));
    world.reload({ users: users.slice(0, 1) });
    world.settle();
    world.advance(500);
    const [stays, goes] = clients;
    expect(stays?.closedBy).toBeUndefined();
    expect(stays?.pongs).toBe(1);
    expect(goes?.closedBy).toBeDefined();
    stays?.publish("x", "!");
    world.settle();
    expect(stays?.takeDeliveries()).toHaveLength(1);
    expect(world.counters(2).subscriptions).toBe(0);
    expect(world.faults).toEqual([]);
  });
});
