// Routing between accounts: the rows, random export and import graphs against a judge, and cost.
import { createPrng, type Prng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { compileAccounts } from "./compile.ts";
import { AccountRouting } from "./routing.ts";
import type { AccountsSnapshot } from "./snapshot.ts";
import type { AccountSpec, ImportSpec, MappingSpec } from "./spec.ts";
import { createRoutingJudge } from "./testing/routing-judge.ts";
import { streamTargets } from "./testing/stream-targets.ts";

/** Time limit of the tests whose length depends on the budget. */
const DEEP_MS = 600_000;
const ROUNDS = process.env["WEFT_DEEP"] === "1" ? 60_000 : 600;

function routingOf(
  specs: AccountSpec[],
  topLevelMappings?: MappingSpec[],
  noSystemAccount?: boolean,
): AccountRouting {
  const result = compileAccounts(specs, { topLevelMappings, noSystemAccount });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  // What a worker gets has been through a structured clone.
  return new AccountRouting(structuredClone(result.snapshot));
}

describe("routing", () => {
  test("AC-01: without exports and imports nothing crosses", () => {
    const account = routingOf([{ name: "A" }, { name: "B" }], undefined, true).account(2);
    expect([account.hasStreamImporters, account.hasServiceImports, account.hasMappings]).toEqual([
      false,
      false,
      false,
    ]);
    expect(streamTargets(account, "a")).toEqual([]);
    expect(account.serviceImports("a")).toEqual([]);
    expect(account.mapping("a")).toBeUndefined();
  });

  test("SY-33, SY-36: every account may ask the system account about itself", () => {
    const specs: AccountSpec[] = [
      { name: "S", exports: [{ kind: "service", subject: "mine" }] },
      {
        name: "A",
        imports: [{ kind: "service", account: "S", subject: "mine", to: "$SYS.REQ.USER.INFO" }],
      },
      { name: "b.c" },
    ];
    const routing = routingOf(specs);
    const asked = (account: number, subject: string) =>
      routing.account(account).serviceImports(subject);
    const [statz] = asked(2, "$SYS.REQ.ACCOUNT.PING.STATZ");
    expect(statz?.subject).toBe("$SYS.REQ.ACCOUNT.S.STATZ");
    expect(statz?.import).toMatchObject({ importer: 2, exporter: 1, responseType: "stream" });
    // Replies are told by their import: it stays the same object.
    expect(asked(2, "$SYS.REQ.ACCOUNT.PING.STATZ")[0]?.import).toBe(statz?.import);
    for (const subject of ["$SYS.REQ.ACCOUNT.PING.CONNZ", "$SYS.REQ.SERVER.PING.CONNZ"]) {
      expect(asked(0, subject)[0]?.subject).toBe("$SYS.REQ.ACCOUNT.$G.CONNZ");
      expect(asked(1, subject)).toEqual([]);
    }
    expect(asked(1, "$SYS.REQ.USER.INFO")[0]?.subject).toBe("$SYS.REQ.USER.$SYS.INFO");
    expect(asked(0, "$SYS.REQ.USER.INFO")[0]?.import.share).toBe(true);
    // An import of one's own comes first; a name that is no token cannot be asked for.
    expect(asked(3, "$SYS.REQ.USER.INFO").map(({ import: { exporter } }) => exporter)).toEqual([2]);
    expect(asked(4, "$SYS.REQ.USER.INFO")).toEqual([]);
    expect(asked(2, "$SYS.REQ.SERVER.PING.VARZ")).toEqual([]);
    const request = Buffer.from("$SYS.REQ.USER.INFO");
    expect(routing.account(2).mayBeService(request, 0, request.length)).toBe(true);
    expect(routing.account(2).mayBeService(Buffer.from("orders.$SYS"), 0, 11)).toBe(false);
  });

  test("AC-24, AC-25, AC-26: streams; not passed on from account to account", () => {
    const routing = routingOf([
      { name: "A", exports: [{ kind: "stream", subject: "s.>" }] },
      {
        name: "B",
        exports: [{ kind: "stream", subject: "p.>" }],
        imports: [
          { kind: "stream", account: "A", subject: "s.>", prefix: "p", allowTrace: true },
          { kind: "stream", account: "A", subject: "s.*.x", to: "t.$1" },
          { kind: "stream", account: "A", subject: "s.one.x" },
        ],
      },
      { name: "C", imports: [{ kind: "stream", account: "B", subject: "p.>" }] },
    ]);
    const b = routing.indexOf("B") as number;
    expect(streamTargets(routing.account(2), "s.one.x")).toEqual([
      { importer: b, subject: "p.s.one.x", allowTrace: true },
      { importer: b, subject: "t.one", allowTrace: false },
      { importer: b, subject: "s.one.x", allowTrace: false },
    ]);
    expect(streamTargets(routing.account(2), "s")).toEqual([]);
    expect(streamTargets(routing.account(b), "p.s.one.x")).toHaveLength(1);
    expect(streamTargets(routing.account(b), "s.one.x")).toEqual([]);
  });

  test("AC-28, AC-37: services, with a literal, an unchanged and a reordered subject", () => {
    const routing = routingOf([
      { name: "A", exports: [{ kind: "service", subject: ">" }] },
      {
        name: "B",
        imports: [
          { kind: "service", account: "A", subject: "one", to: "all.*" },
          { kind: "service", account: "A", subject: "same.*" },
          { kind: "service", account: "A", subject: "foo.*.*.*", to: "bar.$2.$3.$1" },
          { kind: "service", account: "A", subject: "text.$1", to: "text" },
        ],
      },
    ]);
    const b = routing.account(routing.indexOf("B") as number);
    const asked = (subject: string) => b.serviceImports(subject).map((target) => target.subject);
    expect(asked("all.x")).toEqual(["one"]);
    expect(asked("same.x")).toEqual(["same.x"]);
    // What nats-server 2.9.10 makes of it.
    expect(asked("bar.b1.b2.b3")).toEqual(["foo.b2.b3.b1"]);
    expect(asked("text")).toEqual(["text.$1"]);
    expect(asked("other")).toEqual([]);
  });

  test("SU-31: the first mapping in declared order counts, without chaining", () => {
    const account = routingOf(
      [],
      [
        { source: "a.*", destinations: [{ subject: "b.$1" }] },
        { source: "a.x", destinations: [{ subject: "never" }] },
        { source: "b.*", destinations: [{ subject: "c.$1" }] },
      ],
    ).account(0);
    expect(account.mapping("a.x")?.fixed).toBe("b.x");
    expect(account.mapping("b.x")?.fixed).toBe("c.x");
    expect(account.mapping("d")).toBeUndefined();
  });

  test("SU-33, SU-34: weights, the remainder, and loss on purpose", () => {
    const account = routingOf(
      [],
      [
        { source: "a", destinations: [{ subject: "b", weight: 30 }] },
        {
          source: "c",
          destinations: [
            { subject: "d", weight: 50 },
            { subject: "c", weight: 20 },
          ],
        },
        { source: "r", destinations: [{ subject: "r.{{random(3)}}" }] },
        { source: "z", destinations: [{ subject: "z", weight: 0 }] },
      ],
    ).account(0);
    const prng = createPrng(34);
    const shares = (subject: string): Record<string, number> => {
      const choice = account.mapping(subject);
      expect(choice?.fixed).toBeUndefined();
      const counts: Record<string, number> = {};
      for (let at = 0; at < 10_000; at += 1) {
        const result = String(choice?.choose(prng));
        counts[result] = (counts[result] ?? 0) + 1;
      }
      for (const key of Object.keys(counts)) counts[key] = Math.round((counts[key] ?? 0) / 500) * 5;
      return counts;
    };
    expect(shares("a")).toEqual({ a: 70, b: 30 });
    expect(shares("c")).toEqual({ c: 20, d: 50, null: 30 });
    expect(Object.keys(shares("r")).sort()).toEqual(["r.0", "r.1", "r.2"]);
    expect(shares("z")).toEqual({ null: 100 });
  });

  test("SU-36: a mapping of a snapshot that does not compile loses its messages, no others", () => {
    const { snapshot } = compileAccounts([]) as { snapshot: AccountsSnapshot };
    const mappings = ['a.$5 ["a.$5",100]', 'a..b ["x",100]', '> ["all.>",100]'];
    const accounts = snapshot.accounts.map((account) => ({ ...account, mappings }));
    const account = new AccountRouting({ ...snapshot, accounts }).account(0);
    const prng = createPrng(36);
    expect(account.mapping("a.$5")?.choose(prng)).toBeNull();
    expect(account.mapping("a.x")?.choose(prng)).toBe("all.a.x");
  });

  test("what becomes too long is lost, however often a long token is named", () => {
    const many = `${"$1.".repeat(1_023)}$1`;
    const routing = routingOf(
      [
        {
          name: "A",
          exports: [
            { kind: "stream", subject: "s.*" },
            { kind: "service", subject: "r.*" },
          ],
        },
        {
          name: "B",
          imports: [
            { kind: "stream", account: "A", subject: "s.*", to: many },
            { kind: "service", account: "A", subject: "r.*", to: "q.$1" },
          ],
        },
      ],
      [{ source: "m.*", destinations: [{ subject: many }] }],
    );
    const token = "t".repeat(4_096);
    const started = performance.now();
    const choice = routing.account(0).mapping(`m.${token}`);
    expect([choice?.fixed, choice?.choose(createPrng(1))]).toEqual([undefined, null]);
    expect(streamTargets(routing.account(2), `s.${token}`)).toEqual([]);
    expect(routing.account(3).serviceImports(`q.${token.repeat(16)}`)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(streamTargets(routing.account(2), "s.a")).toHaveLength(1);
    expect(routing.account(3).serviceImports("q.a")).toHaveLength(1);
  });

  test("10,000 importers of one subject cost one transform", () => {
    const importers = Array.from({ length: 10_000 }, (_, at) => ({
      name: `I${at}`,
      imports: [{ kind: "stream" as const, account: "A", subject: "s.>", prefix: "p" }],
    }));
    const routing = routingOf([
      { name: "A", exports: [{ kind: "stream", subject: "s.>" }] },
      ...importers,
    ]);
    const account = routing.account(routing.indexOf("A") as number);
    const groups = account.streamTargetGroups("s.x");
    expect(groups).toHaveLength(1);
    expect(groups[0]?.importers).toHaveLength(10_000);
    expect(groups[0]?.subject).toBe("p.s.x");
    const started = performance.now();
    for (let at = 0; at < 10_000; at += 1) account.streamTargetGroups(`s.${at}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

const NAMES = ["A", "B", "C", "D"];

function randomFilter(prng: Prng): string {
  const tokens = Array.from({ length: 1 + prng.below(3) }, () => ["a", "b", "*"][prng.below(3)]);
  if (prng.below(4) === 0) tokens[tokens.length - 1] = ">";
  return tokens.join(".");
}

/** A local subject for `subject`: unchanged, or with its wildcards used in a random order. */
function randomLocal(prng: Prng, subject: string): string | undefined {
  if (prng.below(3) === 0) return undefined;
  const tokens = subject.split(".");
  const stars = tokens.filter((token) => token === "*").map((_, at) => `$${at + 1}`);
  for (let at = stars.length - 1; at > 0; at -= 1) {
    const other = prng.below(at + 1);
    [stars[at], stars[other]] = [stars[other] as string, stars[at] as string];
  }
  const head = Array.from({ length: prng.below(3) }, () => ["a", "b"][prng.below(2)]);
  if (head.length + stars.length === 0 && !subject.endsWith(">")) head.push("c");
  return [...head, ...stars, ...(subject.endsWith(">") ? [">"] : [])].join(".");
}

function randomAccounts(prng: Prng, importsMax: number): AccountSpec[] {
  return NAMES.map((name) => ({
    name,
    exports: Array.from({ length: 1 + prng.below(3) }, () => ({
      kind: prng.below(2) === 0 ? ("stream" as const) : ("service" as const),
      subject: prng.below(3) === 0 ? ">" : randomFilter(prng),
      accounts: prng.below(3) === 0 ? NAMES.filter(() => prng.below(2) === 0) : undefined,
    })),
    imports: Array.from({ length: prng.below(importsMax + 1) }, (): ImportSpec => {
      const subject = randomFilter(prng);
      const kind = prng.below(2) === 0 ? "stream" : "service";
      const account = NAMES[prng.below(NAMES.length)] as string;
      return { kind, account, subject, to: randomLocal(prng, subject) };
    }),
  }));
}

const SUBJECTS = ["a", "b", "c"].flatMap((one) => [
  one,
  ...["a", "b"].flatMap((two) => [`${one}.${two}`, `${one}.${two}.a`, `${one}.${two}.b.z`]),
]);

describe("random graphs", () => {
  test(
    "AC-22 to AC-28: who receives what is what the judge says",
    () => {
      const prng = createPrng(2_226);
      let accepted = 0;
      let crossed = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const specs = randomAccounts(prng, 2);
        const judge = createRoutingJudge(specs);
        const result = compileAccounts(specs);
        const messages = result.ok ? [] : result.errors.map((error) => error.message);
        const refused = messages.some((message) => message.endsWith("not authorized"));
        if (refused === judge.authorised)
          expect(JSON.stringify([specs, messages])).toBe(String(judge.authorised));
        if (!result.ok) continue;
        accepted += 1;
        const routing = new AccountRouting(result.snapshot);
        for (const name of NAMES) {
          const account = routing.account(routing.indexOf(name) as number);
          const nameOf = (index: number) => routing.account(index).snapshot.name;
          for (const subject of SUBJECTS) {
            const streams = streamTargets(account, subject).map(
              (target) => `${nameOf(target.importer)} ${target.subject}`,
            );
            const services = account
              .serviceImports(subject)
              .map((target) => `${nameOf(target.import.exporter)} ${target.subject}`);
            crossed += streams.length + services.length;
            expect(streams.sort()).toEqual(judge.streams(name, subject).sort());
            expect(services.sort()).toEqual(judge.services(name, subject).sort());
          }
        }
      }
      expect(accepted).toBeGreaterThan(ROUNDS / 20);
      expect(crossed).toBeGreaterThan(ROUNDS / 5);
    },
    DEEP_MS,
  );

  test(
    "AC-36: literal service imports are refused exactly if a request can circle",
    () => {
      const prng = createPrng(36);
      const verdicts = { cyclic: 0, free: 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        const subjects = ["a", "b", "c"];
        const specs = NAMES.map((name) => ({
          name,
          exports: [{ kind: "service" as const, subject: ">" }],
          imports: subjects
            .filter(() => prng.below(2) === 0)
            .map(
              (to): ImportSpec => ({
                kind: "service",
                account: NAMES[prng.below(4)] as string,
                subject: subjects[prng.below(3)] as string,
                to,
              }),
            ),
        }));
        const judge = createRoutingJudge(specs);
        const circles = NAMES.some((name) =>
          subjects.some((to) => returns(judge.services, name, to)),
        );
        const result = compileAccounts(specs);
        if (result.ok === circles) expect([specs, result]).toBe(circles);
        verdicts[circles ? "cyclic" : "free"] += 1;
      }
      expect(Math.min(verdicts.cyclic, verdicts.free)).toBeGreaterThan(ROUNDS / 10);
    },
    DEEP_MS,
  );

  test(
    "AC-36: in accepted graphs with wildcards no request circles",
    () => {
      const prng = createPrng(37);
      let accepted = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const specs = randomAccounts(prng, 4).map((spec) => ({
          ...spec,
          exports: [{ kind: "service" as const, subject: ">" }],
          imports: (spec.imports ?? []).filter((one) => one.kind === "service"),
        }));
        if (!compileAccounts(specs).ok) continue;
        accepted += 1;
        const { services } = createRoutingJudge(specs);
        for (const name of NAMES) {
          for (const subject of SUBJECTS) expect(returns(services, name, subject)).toBe(false);
        }
      }
      expect(accepted).toBeGreaterThan(ROUNDS / 20);
    },
    DEEP_MS,
  );
});

/** Does a request on `subject` in `account` come back there, over any number of accounts? */
function returns(
  services: (account: string, subject: string) => string[],
  account: string,
  subject: string,
): boolean {
  const start = `${account} ${subject}`;
  const seen = new Set<string>();
  const open = [start];
  for (let at = open.pop(); at !== undefined && seen.size < 500; at = open.pop()) {
    const [name, on] = at.split(" ") as [string, string];
    for (const next of services(name, on)) {
      if (next === start) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return false;
}
