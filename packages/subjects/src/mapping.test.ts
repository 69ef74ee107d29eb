// Account mappings: resolution of what was configured, and the weighted choice.
import { createPrng, type Prng } from "@weft/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compileMapping,
  type MappingDestination,
  type MappingDestinationInput,
  resolveMappingDestinations,
  type SubjectMapping,
  validateMapping,
} from "./mapping.ts";

const I = "invalid mapping destination: ";

function fixed(value: number): Prng {
  return { nextUint32: () => value, below: (bound) => value % bound };
}

function compiled(source: string, destinations: readonly MappingDestination[]): SubjectMapping {
  const result = compileMapping(source, destinations);
  if (!result.ok) throw new Error(result.errors.join());
  return result.mapping;
}

/** Share of each result in a hundred draws that cover each number once. */
function shares(mapping: SubjectMapping, subject: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let drawn = 0; drawn < 100; drawn += 1) {
    const out = mapping.apply(subject, fixed(drawn)) ?? "lost";
    counts[out] = (counts[out] ?? 0) + 1;
  }
  return counts;
}

function resolved(
  source: string,
  inputs: readonly MappingDestinationInput[],
  cluster?: string,
): Record<string, number> {
  const result = resolveMappingDestinations(source, inputs, cluster);
  if (!result.ok) throw new Error(result.error);
  return Object.fromEntries(result.destinations.map(({ subject, weight }) => [subject, weight]));
}

describe("resolveMappingDestinations", () => {
  test("SU-30: the short form is one destination of 100", () => {
    expect(resolved("foo", [{ subject: "bar" }])).toEqual({ bar: 100 });
  });

  test("SU-34: what is missing to 100 goes to the source, unless the source is listed", () => {
    const sixty = [{ subject: "bar", weight: 60 }];
    expect(resolved("foo", sixty)).toEqual({ bar: 60, foo: 40 });
    expect(resolved("foo", [])).toEqual({ foo: 100 });
    expect(resolved("foo.*.*", sixty)).toEqual({ bar: 60, "foo.$1.$2": 40 });
    const withSource = [...sixty, { subject: "foo", weight: 10 }];
    expect(resolved("foo", withSource)).toEqual({ bar: 60, foo: 10 });
    expect(resolved("foo.>", [{ subject: "foo.>", weight: 5 }])).toEqual({ "foo.>": 5 });
  });

  test("SU-35: the own cluster's destinations, else the unscoped, with a remainder", () => {
    const inputs = [
      { subject: "any", weight: 30 },
      { subject: "east.1", weight: 50, cluster: "east" },
      { subject: "west.1", weight: 100, cluster: "west" },
      { subject: "east.2", weight: 20, cluster: "east" },
    ];
    expect(resolved("foo", inputs)).toEqual({ any: 30, foo: 70 });
    expect(resolved("foo", inputs, "north")).toEqual({ any: 30, foo: 70 });
    expect(resolved("foo", inputs, "west")).toEqual({ "west.1": 100 });
    expect(resolved("foo", inputs, "east")).toEqual({ "east.1": 50, "east.2": 20, foo: 30 });
    expect(resolved("foo", inputs.slice(1), "north")).toEqual({ foo: 100 });
    const listed = [{ subject: "foo", weight: 50, cluster: "east" }];
    expect(resolved("foo", listed, "east")).toEqual({ foo: 50 });
    expect(resolved("foo", listed, "west")).toEqual({});
  });

  const FAULTS: readonly [string, readonly MappingDestinationInput[], string][] = [
    ["a..b", [{ subject: "x" }], 'Subject "a..b" is not a valid subject'],
    ['a "\t\x01', [{ subject: "x" }], 'Subject "a \\"\\t\\x01" is not a valid subject'],
    [
      "foo.*",
      [{ subject: "bar.{{wildcard(99)}}" }],
      'Error adding mapping for "foo.*" to "bar.{{wildcard(99)}}" : ' +
        `${I}wildcard index out of range in {{wildcard(99)}}: [99]`,
    ],
    ["foo", [{ subject: "" }], `Error adding mapping for "foo" to "" : ${I}invalid transform`],
    [
      "foo",
      [{ subject: "bar.>", weight: 100 }],
      'Error adding mapping for "foo" : invalid subject',
    ],
    [
      "foo",
      [
        { subject: "x", weight: 60 },
        { subject: "x", weight: 30, cluster: "A" },
      ],
      'Error adding mapping for "foo" : duplicate entry for "x"',
    ],
    [
      "a.$5",
      [{ subject: "b", weight: 50 }],
      `Error adding mapping for "a.$5" : ${I}wildcard index out of range in $5`,
    ],
    [
      "foo.{{x}}",
      [{ subject: "b", weight: 50 }],
      `Error adding mapping for "foo.{{x}}" : ${I}unknown function in {{x}}`,
    ],
    ["a.*.$1", [], `Error adding mapping for "a.*.$1" : ${I}invalid transform in $1`],
    [
      "foo.{{random(2)}}",
      [{ subject: "b", weight: 99, cluster: "C" }],
      `Error adding mapping for "foo.{{random(2)}}" : ${I}invalid transform in {{random(2)}}`,
    ],
    [
      "foo",
      [{ subject: "x", weight: 101 }],
      'Error adding mapping for "foo" : individual weights need to be <= 100',
    ],
    [
      "foo",
      [{ subject: "x", weight: Number.NaN }],
      'Error adding mapping for "foo" : individual weights need to be <= 100',
    ],
    [
      "foo",
      [
        { subject: "x", weight: 60 },
        { subject: "y", weight: 60, cluster: "A" },
        { subject: "z", weight: 41 },
      ],
      'Error adding mapping for "foo" : total weight needs to be <= 100',
    ],
  ];

  test.each(FAULTS)("SU-36: faults of %j with %j", (source, inputs, error) => {
    expect(resolveMappingDestinations(source, inputs)).toEqual({ ok: false, error });
  });
});

describe("the remainder", () => {
  /** Also such as read as wildcards and functions in a destination. */
  const tokens = fc.constantFrom(
    ...["a", "*", "$", "$0", "$1", "$2", "$-1", "$+1", "$SYS", "$99999999999999999999", "{{x}}"],
    ...["{{}}", "{{wildcard(1)}}", "{{wildcard(2)}}", "{{random(3)}}", "{{partition(2,1)}}", "ü"],
  );
  const sources = fc
    .tuple(fc.array(tokens, { minLength: 1, maxLength: 5 }), fc.constantFrom("", ".>"))
    .map(([list, tail]) => list.join(".") + tail);
  const weights = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.double({ min: 0, max: 100, noNaN: true }),
  );

  test("SU-34: what is resolved compiles, and the remainder changes nothing", () => {
    let accepted = 0;
    const check = (source: string, first: number, second: number): void => {
      const tail = source.endsWith(".>") ? ".>" : "";
      const inputs = [
        { subject: `to${tail}`, weight: first },
        { subject: `other${tail}`, weight: second },
      ];
      const result = resolveMappingDestinations(source, inputs);
      if (!result.ok) return;
      accepted += 1;
      const mapping = compileMapping(source, result.destinations);
      expect(mapping.ok ? "" : mapping.errors).toBe("");
      const subject = source.replaceAll("*", "x").replace(/>$/, "y.z");
      const added = result.destinations[2];
      if (added === undefined) return;
      const only = compiled(source, [{ subject: added.subject, weight: 100 }]);
      expect(only.apply(subject, fixed(1))).toBe(subject);
    };
    fc.assert(fc.property(sources, weights, weights, check), { numRuns: 2_000 });
    expect(accepted).toBeGreaterThan(100);
  });

  test("SU-34: a source that reads as a destination is fine where nothing remains", () => {
    expect(resolved("a.$5", [{ subject: "b" }])).toEqual({ b: 100 });
    expect(resolved("foo.{{x}}", [{ subject: "b", weight: 100 }])).toEqual({ b: 100 });
    expect(resolved("$JS.API.*", [{ subject: "b", weight: 1 }])).toEqual({
      b: 1,
      "$JS.API.$1": 99,
    });
  });
});

describe("validateMapping", () => {
  const VALID: readonly [string, string][] = [
    ["bar", "foo"],
    ["*", "{{wildcard(1)}}"],
    ["foo.>", ">"],
    ["foo.*.>", "bar.{{wildcard(1)}}.>"],
    ["*", "foo.{{ wildcard(1) }}"],
    ["*", "foo.{{partition(2,1)}}"],
    ["*.*", "foo.{{SplitFromRight(2,1)}}"],
    ["foo", "foo"],
    ["foo", "bar.{{random(3)}}"],
    ["*", "{{left(1,2)}}.{{right(1,2)}}"],
  ];

  test.each(VALID)("SU-51: %j to %j is a mapping", (source, destination) => {
    expect(validateMapping(source, destination)).toBeUndefined();
  });

  const REFUSED: readonly [string, string, string][] = [
    ["*", "foo.{{unknown(1)}}", `${I}unknown function in {{unknown(1)}}`],
    ["foo", "foo..}", `${I}invalid transform`],
    ["foo", "foo. bar}", `${I}invalid transform`],
    ["foo", "foo.{{x", "none"],
    ["foo.>", "bar.>.x", `${I}invalid transform in x`],
    ["foo.*", "bar.*", "invalid subject"],
  ];

  test.each(REFUSED)("SU-50 SU-51: %j to %j: %s", (source, destination, error) => {
    expect(validateMapping(source, destination) ?? "none").toBe(error);
  });

  test("SU-46: left and right are refused where the caller asks for it", () => {
    const options = { allowLeftRight: false };
    const unknown = `${I}unknown function in {{left(1,2)}}`;
    expect(validateMapping("*", "{{left(1,2)}}", options)).toBe(unknown);
  });
});

describe("SubjectMapping", () => {
  test("SU-33: each destination gets its weight, in order", () => {
    const mapping = compiled("foo.*", [
      { subject: "a.$1", weight: 20 },
      { subject: "b.$1", weight: 0 },
      { subject: "c.$1", weight: 80 },
    ]);
    expect(shares(mapping, "foo.x")).toEqual({ "a.x": 20, "c.x": 80 });
    expect(mapping.isDeterministic).toBe(false);
    expect(mapping.hasWildcard).toBe(true);
  });

  test("SU-33: ten thousand publishes share within two per cent", () => {
    const prng = createPrng(9);
    const destinations = [
      { subject: "a", weight: 25 },
      { subject: "b", weight: 75 },
    ];
    const mapping = compiled("foo", destinations);
    let first = 0;
    for (let at = 0; at < 10_000; at += 1) if (mapping.apply("foo", prng) === "a") first += 1;
    expect(Math.abs(first / 10_000 - 0.25)).toBeLessThan(0.02);
  });

  test("SU-34: a gap loses messages; no destination loses all", () => {
    expect(shares(compiled("foo", [{ subject: "a", weight: 30 }]), "foo")).toEqual({
      a: 30,
      lost: 70,
    });
    expect(compiled("foo", []).choose(fixed(0))).toBeUndefined();
    expect(compiled("foo", [{ subject: "a", weight: 0 }]).apply("foo", fixed(0))).toBeUndefined();
  });

  test("a result may be cached only if it is always the same", () => {
    expect(compiled("foo", [{ subject: "a", weight: 100 }]).isDeterministic).toBe(true);
    expect(compiled("foo", [{ subject: "a", weight: 99 }]).isDeterministic).toBe(false);
    const random = [{ subject: "a.{{random(4)}}", weight: 100 }];
    expect(compiled("foo", random).isDeterministic).toBe(false);
    const shadowed = [
      { subject: "a", weight: 0 },
      { subject: "b", weight: 100 },
    ];
    expect(compiled("foo", shadowed).isDeterministic).toBe(true);
  });

  test("SU-30: a long source is read once for all of its destinations", () => {
    const source = `${"*.".repeat(2_000)}b`;
    const destinations = Array.from({ length: 100 }, (_, at) => ({ subject: `d${at}`, weight: 1 }));
    const started = process.threadCpuUsage();
    for (let at = 0; at < 100; at += 1) {
      expect(resolveMappingDestinations(source, destinations).ok).toBe(true);
      expect(compileMapping(source, destinations).ok).toBe(true);
    }
    const { user, system } = process.threadCpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(500);
  });

  test("SU-36: compilation names every fault", () => {
    const destinations = [
      { subject: "b.$2", weight: 90 },
      { subject: "c", weight: 120 },
    ];
    expect(compileMapping("a.*", destinations)).toEqual({
      ok: false,
      errors: [
        `${I}wildcard index out of range in $2: [2]`,
        "individual weights need to be <= 100",
        "total weight needs to be <= 100",
      ],
    });
    expect(compileMapping("a..b", [{ subject: "c", weight: 100 }])).toEqual({
      ok: false,
      errors: ['Subject "a..b" is not a valid subject', "invalid subject"],
    });
  });
});
