// Compilation of accounts: the rows as tables with the exact texts, cycles, and big configurations.
import { encodePublic } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { type CompileOptions, compileAccounts } from "./compile.ts";
import type { AccountSpec, ExportSpec, ImportSpec } from "./spec.ts";
import { errorsOf, importOf, ring, service, snapshotOf, stream } from "./testing/specs.ts";

/** `A` exports, `B` imports. */
function pair(exports: ExportSpec[], imports: ImportSpec[]): AccountSpec[] {
  return [
    { name: "A", exports },
    { name: "B", imports },
  ];
}

describe("accounts", () => {
  test("AC-02, AC-05: indexes of $G, the system account and the others", () => {
    const names = (specs: AccountSpec[], options?: CompileOptions) =>
      snapshotOf(specs, options).accounts.map(({ index, name }) => `${index} ${name}`);
    expect(names([])).toEqual(["0 $G", "1 $SYS"]);
    expect(names([{ name: "A" }, { name: "$SYS" }])).toEqual(["0 $G", "1 $SYS", "2 A"]);
    const ops = { systemAccount: "OPS" };
    expect(names([{ name: "A" }, { name: "OPS" }, { name: "$SYS" }], ops)).toEqual([
      "0 $G",
      "1 OPS",
      "2 A",
      "3 $SYS",
    ]);
    expect(names([{ name: "$SYS" }], { noSystemAccount: true })).toEqual(["0 $G", "1 ", "2 $SYS"]);
    expect(snapshotOf([], { noSystemAccount: true }).hasSystemAccount).toBe(false);
    expect(errorsOf([], ops)).toEqual(["error resolving system account: account missing"]);
  });

  test("AC-02, AC-04: names and keys", () => {
    const nkey = encodePublic("account", new Uint8Array(32));
    const user = encodePublic("user", new Uint8Array(32));
    const at = { file: "f", line: 3, column: 1 };
    expect(compileAccounts([{ name: "$G", at }])).toEqual({
      ok: false,
      errors: [{ message: '"$G" is a Reserved Account', at }],
    });
    expect(errorsOf([{ name: "A" }, { name: "A" }])).toEqual(["Duplicate Account Entry: A"]);
    expect(errorsOf([{ name: "A", nkey }])).toEqual([]);
    expect(errorsOf([{ name: "A", nkey: user }])).toEqual([
      `Not a valid public nkey for an account: "${user}"`,
    ]);
  });

  test("SU-30, AC-20, AC-21: subjects longer than those of messages are refused where they stand", () => {
    const long = `${"a.".repeat(2_049)}b`;
    const fault = `subject that begins with "${long.slice(0, 40)}" has 2050 tokens, at most 2049 are possible`;
    const at = { file: "f", line: 3, column: 1 };
    const refusals = (one: Partial<AccountSpec>) => {
      const exporter = { name: "B", exports: [stream("a.>"), service("s")] };
      const result = compileAccounts([{ name: "A", ...one }, exporter]);
      return result.ok ? [] : result.errors;
    };
    const to = [{ subject: "b" }];
    expect([
      ...refusals({ mappings: [{ source: long, destinations: to, at }] }),
      ...refusals({ mappings: [{ source: "a", destinations: [...to, { subject: long }], at }] }),
      ...refusals({ exports: [stream(long, { at })] }),
      ...refusals({ imports: [importOf("stream", "B", long, { at })] }),
      ...refusals({ imports: [importOf("service", "B", "s", { to: long, at })] }),
      ...refusals({ imports: [importOf("stream", "B", long.slice(4), { prefix: "a.a", at })] }),
    ]).toEqual([
      { message: `Error adding mapping : ${fault}`, at },
      { message: `Error adding mapping : ${fault}`, at },
      { message: `Error adding stream export: ${fault}`, at },
      { message: `Error adding stream import: ${fault}`, at },
      { message: `Error adding service import: ${fault}`, at },
      { message: `Error adding stream import: ${fault}`, at },
    ]);
    expect(refusals({ exports: [stream(long.slice(2))] })).toEqual([]);
  });

  test("AC-06: limits, -1 for none", () => {
    const [, , account] = snapshotOf([{ name: "A", limits: { connectionsMax: 3 } }]).accounts;
    expect(account?.limits).toEqual({
      connectionsMax: 3,
      subscriptionsMax: -1,
      payloadBytesMax: -1,
      leafnodesMax: -1,
    });
  });

  test("SU-30 to SU-36: mappings of an account and of $G", () => {
    const mappings = [
      { source: "a.*", destinations: [{ subject: "b.$1", weight: 30 }] },
      { source: "c", destinations: [{ subject: "ü" }] },
      { source: "a.*", destinations: [{ subject: "z.$1", weight: 100, cluster: "C" }] },
    ];
    const [global, , account] = snapshotOf([{ name: "A", mappings }], {
      cluster: "C",
      topLevelMappings: [{ source: "x", destinations: [{ subject: "y", weight: 40 }] }],
    }).accounts;
    expect(account?.mappings).toEqual(['a.* ["z.$1",100]', 'c ["\xc3\xbc",100]']);
    expect(global?.mappings).toEqual(['x ["y",40,"x",60]']);
    const bad = [{ source: "a.*", destinations: [{ subject: "b.$2" }] }];
    expect(errorsOf([{ name: "A", mappings: bad }])).toEqual([
      'Error adding mapping for "a.*" to "b.$2" : ' +
        "invalid mapping destination: wildcard index out of range in $2: [2]",
    ]);
    const remaining = [{ source: "a.$5", destinations: [{ subject: "b", weight: 50 }] }];
    const long = [{ source: "a.*", destinations: [{ subject: `${"$1.".repeat(1_025)}b` }] }];
    const found = errorsOf([{ name: "A", mappings: [...remaining, ...long] }]);
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/^Error adding mapping for "a\.\$5" : .+ out of range in \$5$/);
    expect(found[1]).toMatch(/ : invalid mapping destination: more than 1024 .+functions$/);
  });
});

describe("exports and imports", () => {
  test("AC-22: public and private", () => {
    const exports = [stream("s.*", { accounts: ["C"] }), service("r.*", { accounts: ["C"] })];
    const imports = [importOf("stream", "A", "s.a"), importOf("service", "A", "r.a")];
    const [a, b] = pair(exports, imports) as [AccountSpec, AccountSpec];
    expect(errorsOf([a, b, { name: "C" }])).toEqual([
      'Error adding stream import "s.a": stream import not authorized',
      'Error adding service import "r.a": service import not authorized',
    ]);
    expect(errorsOf([a, { name: "B" }, { name: "C", imports }])).toEqual([]);
    expect(errorsOf(pair([], imports))).toHaveLength(2);
    expect(errorsOf(pair([stream("s.>"), service("r.>")], imports))).toEqual([]);
    expect(
      errorsOf(pair([stream("s.>", { accounts: [] })], [importOf("stream", "A", "s.a")])),
    ).toEqual(['Error adding stream import "s.a": stream import not authorized']);
  });

  test("AC-22: the narrowest of several exports decides, in any order", () => {
    const open = stream("s.>");
    const closed = stream("s.private.>", { accounts: ["C"] });
    for (const exports of [
      [open, closed],
      [closed, open],
    ]) {
      const [a] = pair(exports, []) as [AccountSpec];
      const wants = (subject: string) =>
        errorsOf([a, { name: "B", imports: [importOf("stream", "A", subject)] }, { name: "C" }]);
      expect(wants("s.open")).toEqual([]);
      expect(wants("s.private.x")).toHaveLength(1);
      expect(wants("s.>")).toEqual([]);
    }
  });

  test("AC-60: what is measured, by each import of it", () => {
    const latency = { samplingPercent: "headers", subject: "results" } as const;
    const specs = pair(
      [service("r.*", { latency }), service("r.a")],
      [importOf("service", "A", "r.a"), importOf("service", "A", "r.b")],
    );
    const compiled = compileAccounts(specs);
    expect(compiled.ok && compiled.snapshot.serviceImports.map((one) => one.latency)).toEqual([
      undefined,
      latency,
    ]);
  });

  test.each([
    [{ samplingPercent: 0 }, {}, "bad sampling percentage, should be 1-100"],
    [{ samplingPercent: 101 }, {}, "bad sampling percentage, should be 1-100"],
    [{ samplingPercent: Number.NaN }, {}, "bad sampling percentage, should be 1-100"],
    [{ subject: "a.*" }, {}, "invalid publish subject"],
    [{ subject: "" }, {}, "invalid publish subject"],
    [{ subject: "r" }, {}, "invalid publish subject"],
    [{ subject: "earlier.x" }, {}, "invalid publish subject"],
    [{}, { responseType: "stream" as const }, "bad service response type"],
    [{}, { responseType: "chunked" as const }, "bad service response type"],
  ])("AC-60: %j, %j: %s", (latency, more, fault) => {
    const whole = { samplingPercent: 50, subject: "results", ...latency };
    const exports = [service("earlier.*"), service("r", { latency: whole, ...more })];
    const shown = JSON.stringify(whole.subject);
    expect(errorsOf(pair(exports, []))).toEqual([
      `Error adding service latency sampling for "r" on subject ${shown}: ${fault}`,
    ]);
  });

  test("AC-60: not of a stream, not without a system account", () => {
    const latency = { samplingPercent: 50, subject: "results" };
    expect(errorsOf(pair([stream("s", { latency })], []))).toEqual([
      "Detected latency directive on non-service",
    ]);
    const without = compileAccounts(pair([service("r", { latency })], []), {
      noSystemAccount: true,
    });
    expect(!without.ok && without.errors.map(({ message }) => message)).toEqual([
      'Error adding service latency sampling for "r": system account not setup',
    ]);
  });

  test("AC-23: unknown accounts", () => {
    const specs = pair(
      [stream("s", { accounts: ["Z"] }), service("r", { accounts: ["Y"] })],
      [importOf("stream", "Q", "s"), importOf("service", "R", "r"), importOf("stream", "$G", "s")],
    );
    expect(errorsOf(specs)).toEqual([
      '"Z" account not defined for stream export',
      '"Y" account not defined for service export',
      '"Q" account not defined for stream import',
      '"R" account not defined for service import',
      '"$G" account not defined for stream import',
    ]);
  });

  test("AC-25: prefix and to of a stream import", () => {
    const streams = (over: Partial<ImportSpec>, subject = "s.*.>") =>
      pair([stream("s.>")], [importOf("stream", "A", subject, over)]);
    const to = (over: Partial<ImportSpec>, subject?: string) =>
      snapshotOf(streams(over, subject)).streamImports[0]?.to;
    expect(to({})).toBeUndefined();
    expect(to({ to: "s.*.>" })).toBeUndefined();
    expect(to({ prefix: "p" })).toBe("p.s.$1.>");
    expect(to({ prefix: "p.q." }, "s.x")).toBe("p.q.s.x");
    expect(to({ to: "t.{{wildcard(1)}}.>" })).toBe("t.{{wildcard(1)}}.>");
    expect(to({ to: "t.*.>" })).toBe("t.$1.>");
    expect(to({ to: "literal" }, "s.x")).toBe("literal");
    expect(errorsOf(streams({ prefix: "p.*" }))).toEqual([
      'Error adding stream import "s.*.>": stream import prefix can not contain wildcard tokens',
    ]);
    expect(errorsOf(streams({ prefix: "p", to: "t.$1.>" }))).toContain(
      "Stream import can not have a 'prefix' and a 'to' property",
    );
    expect(errorsOf(streams({ to: "bar" }, "s.*"))).toEqual([
      'Error adding stream import "s.*": failed to create mapping transform for stream import ' +
        'subject from "s.*" to "bar": invalid mapping destination: ' +
        "not using all of the token wildcard(s) in bar",
    ]);
    expect(errorsOf(streams({ to: "b.{{partition(3,1)}}" }, "s.*"))[0]).toContain(
      "the only mapping function allowed for import transforms is {{Wildcard()}}",
    );
    expect(errorsOf(streams({ to: "b.*" }, "s.x"))).toHaveLength(1);
  });

  test("AC-28: local subject and exporter's subject of a service import", () => {
    const subjects = (subject: string, to?: string) => {
      const specs = pair([service(">")], [importOf("service", "A", subject, { to })]);
      const [found] = snapshotOf(specs).serviceImports;
      return [found?.from, found?.to, found?.toIsLiteral];
    };
    expect(subjects("r")).toEqual(["r", "r", true]);
    expect(subjects("r", "local")).toEqual(["local", "r", true]);
    expect(subjects("r", "local.*")).toEqual(["local.*", "r", true]);
    expect(subjects("r.*.>")).toEqual(["r.*.>", "r.*.>", false]);
    expect(subjects("r.*.*", "l.*.*")).toEqual(["l.*.*", "r.$1.$2", false]);
    expect(subjects("r.*.*", "l.$2.$1")).toEqual(["l.*.*", "r.$2.$1", false]);
    expect(subjects("r.*.*.*", "l.$2.$3.$1")).toEqual(["l.*.*.*", "r.$2.$3.$1", false]);
    const bad = (subject: string, to: string) =>
      errorsOf(pair([service(">")], [importOf("service", "A", subject, { to })]))[0];
    expect(bad("r.*", "l")).toBe(
      'Error adding service import "r.*": failed to create mapping transform for service import ' +
        'subject from "l" to "r.*": invalid mapping destination: ' +
        "not using all of the token wildcard(s) in l",
    );
    expect(bad("r", "a..b")).toBe('Error adding service import "r": sublist: invalid subject');
    expect(bad("r.*", "l.$1.$1")).toContain("failed to create mapping transform");
  });

  test("AC-27, AC-38: duplicates", () => {
    const specs = pair(
      [stream("s.*"), service("r.*")],
      [
        importOf("stream", "A", "s.a", { to: "x" }),
        importOf("stream", "A", "s.a", { to: "y" }),
        importOf("stream", "A", "s.b", { to: "x" }),
        importOf("service", "A", "r.a", { to: "z" }),
        importOf("service", "A", "r.b", { to: "z" }),
      ],
    );
    expect(errorsOf(specs)).toEqual([
      'Duplicate service import subject "z", previously used in import for account "A", ' +
        'subject "r.a"',
      'Error adding stream import "s.a": stream import already exists',
    ]);
  });

  test("AC-29, AC-30, AC-34: what the export says about answers", () => {
    const exports = [
      service("r.>", { responseType: "stream", responseThresholdMs: 5, allowTrace: true }),
      service("r.x", { responseType: "chunked" }),
    ];
    const imports = [
      importOf("service", "A", "r.a", { share: true }),
      importOf("service", "A", "r.x"),
    ];
    const found = snapshotOf(pair(exports, imports)).serviceImports;
    expect(found).toMatchObject([
      { responseType: "stream", responseThresholdMs: 5, share: true, allowTrace: true },
      { responseType: "chunked", responseThresholdMs: 120_000, share: false, allowTrace: false },
    ]);
    expect(errorsOf(pair([stream("s", { responseType: "stream", allowTrace: true })], []))).toEqual(
      [
        "Detected response directive on non-service",
        "Detected allow_trace directive on non-service",
      ],
    );
  });

  test("AC-35: the importer's name at a token", () => {
    const exported = [service("r.*.x.*", { accountTokenPosition: 2 })];
    const wants = (subject: string) =>
      errorsOf(pair(exported, [importOf("service", "A", subject)]));
    expect(wants("r.B.x.y")).toEqual([]);
    expect(wants("r.B.x.*")).toEqual([]);
    for (const subject of ["r.C.x.y", "r.*.x.*", "r.*.x.y"]) {
      expect(wants(subject), subject).toEqual([
        `Error adding service import "${subject}": service import not authorized`,
      ]);
    }
    for (const position of [1, 9]) {
      expect(errorsOf(pair([stream("r.*", { accountTokenPosition: position })], []))).toEqual([
        'Error adding stream export "r.*": sublist: invalid subject',
      ]);
    }
  });

  test("AC-20: an export that cannot be a subject is a warning", () => {
    const result = compileAccounts(pair([stream("a..b")], []));
    expect(result.ok && result.warnings).toHaveLength(1);
    expect(errorsOf(pair([stream("a..b")], [importOf("stream", "A", "a..b")]))).toEqual([
      'Error adding stream import "a..b": stream import not authorized',
    ]);
  });
});

describe("cycles", () => {
  test("AC-36, attack 45: rings of 2 to 20 accounts are refused, once", () => {
    for (let length = 2; length <= 20; length += 1) {
      for (const kind of ["stream", "service"] as const) {
        expect(errorsOf(ring(kind, length, false)), `${kind} ${length}`).toEqual([
          `Error adding ${kind} import "x": import forms a cycle`,
        ]);
        const open = ring(kind, length, false);
        expect(errorsOf([...open.slice(1), { ...open[0], name: "A0", imports: [] }])).toEqual([]);
      }
      expect(errorsOf(ring("service", length, true)), `renamed ${length}`).toHaveLength(1);
    }
    expect(errorsOf(ring("service", 1, false))).toHaveLength(1);
  });

  test("AC-36: wildcard overlaps are cycles, other subjects are not", () => {
    const two = (aFrom: string, aTo: string, bFrom: string, bTo: string): AccountSpec[] => [
      {
        name: "A",
        exports: [service(">")],
        imports: [importOf("service", "B", aTo, { to: aFrom })],
      },
      {
        name: "B",
        exports: [service(">")],
        imports: [importOf("service", "A", bTo, { to: bFrom })],
      },
    ];
    expect(errorsOf(two("a.>", "b.>", "b.x.*", "a.x.*"))).toHaveLength(1);
    expect(errorsOf(two("a.*", "b.*", "b.x", "a.x"))).toHaveLength(1);
    expect(errorsOf(two("a.*", "b.*", "b.x", "a.y"))).toEqual([]);
    expect(errorsOf(two("a.x", "b.x", "b.*", "a.*"))).toHaveLength(1);
    // The request a.x comes back as a.x.x, which is another subject.
    expect(errorsOf(two("a.*", "b.*", "b.*", "a.x.*"))).toEqual([]);
    expect(errorsOf(two("x", "y", "y2", "x"))).toEqual([]);
    expect(errorsOf(two("p", "q", "r", "s"))).toEqual([]);
  });

  test("AC-36: an account may import its own service under another subject", () => {
    const self = (to: string) => [
      { name: "A", exports: [service("x")], imports: [importOf("service", "A", "x", { to })] },
    ];
    expect(errorsOf(self("y"))).toEqual([]);
    expect(errorsOf(self("x"))).toHaveLength(1);
  });

  test("AC-37: diamonds and chains are not cycles", () => {
    const link = (name: string, ...from: string[]): AccountSpec => ({
      name,
      exports: [service("x"), stream("x")],
      imports: from.flatMap((other) => [
        importOf("service", other, "x"),
        importOf("stream", other, "x"),
      ]),
    });
    expect(
      errorsOf([link("A", "B", "C"), link("B", "D"), link("C", "D"), link("D", "E"), link("E")]),
    ).toEqual([]);
  });
});
