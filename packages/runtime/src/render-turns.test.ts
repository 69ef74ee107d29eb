import { expect, test } from "vitest";
import { type Asker, RenderTurns, type TurnBounds } from "./render-turns.ts";

/** Tasks that end when they are told to. */
class Tasks {
  readonly turns: RenderTurns;
  readonly begun: string[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(waitingMax: TurnBounds["waitingMax"] = { http: 3, system: 2, account: 1 }) {
    this.turns = new RenderTurns({ atOnce: 2, waitingMax });
  }

  ask(asker: Asker, name: string, address?: string | undefined): Promise<string> | undefined {
    const task = (): Promise<string> => {
      this.begun.push(name);
      return new Promise((resolve) => this.#ends.push(() => resolve(name)));
    };
    return this.turns.take(asker, task, address);
  }

  /** The oldest task ends, and who follows it begins. */
  async endOne(): Promise<void> {
    this.#ends.shift()?.();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

test("MO-06, SY-21: neither HTTP nor the system account keeps the other waiting", async () => {
  const tasks = new Tasks();
  for (const name of ["h1", "h2", "h3", "h4", "h5"]) void tasks.ask("http", name);
  for (const name of ["s1", "s2"]) void tasks.ask("system", name);
  expect(tasks.begun).toEqual(["h1", "h2"]);
  for (let ended = 0; ended < 4; ended += 1) await tasks.endOne();
  expect(tasks.begun).toEqual(["h1", "h2", "s1", "h3", "s2", "h4"]);
  // Whoever comes back at once does not take the turn of who has waited.
  void tasks.ask("system", "s3");
  await tasks.endOne();
  await tasks.endOne();
  expect(tasks.begun.slice(6)).toEqual(["s3", "h5"]);
});

test("A20: many requests of one address do not keep another from its turn", async () => {
  const tasks = new Tasks({ http: 14, system: 1, account: 1 });
  for (let index = 0; index < 6; index += 1) void tasks.ask("http", `a${index}`, "192.0.2.1");
  for (const name of ["b0", "b1"]) void tasks.ask("http", name, "192.0.2.2");
  void tasks.ask("http", "c0", "192.0.2.3");
  for (let ended = 0; ended < 7; ended += 1) await tasks.endOne();
  expect(tasks.begun).toEqual(["a0", "a1", "a2", "b0", "c0", "a3", "b1", "a4", "a5"]);
});

test("A20: requests of one address leave places in the line to another", () => {
  const tasks = new Tasks({ http: 16, system: 4, account: 1 });
  const askAll = (asker: Asker, address?: string): number => {
    let waiting = 0;
    while (tasks.ask(asker, "page", address) !== undefined) waiting += 1;
    return waiting;
  };
  // Two are made at once.
  expect(askAll("http", "192.0.2.1")).toBe(2 + 8);
  expect([askAll("http", "192.0.2.2"), askAll("http", "192.0.2.3")]).toEqual([4, 2]);
  expect(askAll("http", "192.0.2.1")).toBe(0);
  expect([askAll("http", ""), askAll("http", "192.0.2.4")]).toEqual([1, 1]);
  // The system account has no addresses, and its whole line.
  expect([askAll("system"), askAll("account")]).toEqual([4, 1]);
});

test("who finds its own line full is refused, the other line is not", async () => {
  const tasks = new Tasks();
  for (const name of ["h1", "h2", "h3", "h4", "h5"]) {
    expect(tasks.ask("http", name)).toBeInstanceOf(Promise);
  }
  expect(tasks.ask("http", "h6")).toBeUndefined();
  expect(tasks.ask("system", "s1")).toBeInstanceOf(Promise);
  expect(tasks.ask("system", "s2")).toBeInstanceOf(Promise);
  expect(tasks.ask("system", "s3")).toBeUndefined();
  expect([tasks.turns.running, tasks.turns.waiting]).toEqual([2, 5]);
  for (let ended = 0; ended < 7; ended += 1) await tasks.endOne();
  expect([tasks.turns.running, tasks.turns.waiting]).toEqual([0, 0]);
  expect(tasks.begun).toHaveLength(7);
});

test("a task that fails gives its turn back", async () => {
  const turns = new RenderTurns({ atOnce: 1, waitingMax: { http: 1, system: 1, account: 1 } });
  const failing = turns.take("http", () => Promise.reject(new Error("no page")));
  const next = turns.take("http", () => Promise.resolve("page"));
  await expect(failing).rejects.toThrow("no page");
  expect(await next).toBe("page");
  expect(turns.running).toBe(0);
});
