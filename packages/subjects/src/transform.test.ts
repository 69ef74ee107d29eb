// Transforms, by the rows of docs/compat/02-subjects.md, 2.4; numbers of partitions are facts of
// FNV-1a 32.
import { createPrng, LIMITS } from "@weft/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matches } from "./match.ts";
import { literals } from "./testdata/subjects.arbitrary.ts";
import { compileTransform, identityDestination, type SubjectTransform } from "./transform.ts";

/** Cases of one property: a hundredth unless the deep budget is asked for. */
const PROPERTY_RUNS = process.env["WEFT_DEEP"] === "1" ? 200_000 : 2_000;

const prng = createPrng(3);

function compiled(source: string, destination: string): SubjectTransform {
  const result = compileTransform(source, destination);
  if (!result.ok) throw new Error(result.error);
  return result.transform;
}

/** row, source, destination, subject, result (undefined = no match) */
const RESULTS: readonly [string, string, string, string, string | undefined][] = [
  ["SU-40", "foo.*", "bar.{{ Wildcard ( 1 ) }}", "foo.x", "bar.x"],
  ["SU-40", "*", "{{ Split (1,-) }}", "a-b", "a.b"],
  ["SU-40", "*", "{{splitfromleft(1, 3)}}", "12345", "123.45"],
  ["SU-40", "*", "{{\tSplitFromLeft(1,\t3)\t}}", "12345", "123.45"],
  ["SU-41", "foo.*.*", "bar.$2.$1", "foo.a.b", "bar.b.a"],
  ["SU-41", "foo.*.bar.*.baz", "req.$2.$1", "foo.A.bar.B.baz", "req.B.A"],
  ["SU-41", "foo.*.bar.*.baz", "req.{{wildcard(2)}}.{{wildcard(1)}}", "foo.A.bar.B.baz", "req.B.A"],
  ["SU-41", "*", "foo.bar.$1", "foo", "foo.bar.foo"],
  ["SU-41", "*", "$1.$1.$+1", "x", "x.x.x"],
  ["SU-41", "a.*", "{{wildcard(0)}}.$0.$1", "a.b", "a.a.b"],
  ["SU-41", "foo.*", "$SYS.$foo.$", "foo.a", "$SYS.$foo.$"],
  ["SU-41", "*", "$99999999999999999999.$1", "x", "$99999999999999999999.x"],
  ["SU-42", "*", "bar.{{partition(0)}}", "baz", "bar.0"],
  ["SU-42", "*", "bar.{{partition(10, 0)}}", "foo", "bar.3"],
  ["SU-42", "*.*", "bar.{{partition(10)}}", "foo.bar", "bar.6"],
  ["SU-42", "*", "bar.{{partition(10)}}", "foo", "bar.3"],
  ["SU-42", "*", "bar.{{partition(10)}}", "baz", "bar.0"],
  ["SU-42", "*", "bar.{{partition(10)}}", "qux", "bar.9"],
  ["SU-42", "foo.baz", "qux.{{partition(10)}}", "foo.baz", "qux.4"],
  ["SU-42", "test.subject", "result.{{partition(5)}}", "test.subject", "result.0"],
  // FNV-1a 32 of "foobar" is 0xbf9cf968: tokens are hashed without the dot between them.
  ["SU-42", "*.*", "{{partition(2147483647,1,2)}}", "foo.bar", String(0xbf9cf968 % 2147483647)],
  ["SU-42", "*.*", "{{partition(1000,2,1)}}", "bar.foo", String(0xbf9cf968 % 1000)],
  ["SU-42", "*.>", "{{partition(1000,1)}}.>", "foobar.x", `${0xbf9cf968 % 1000}.x`],
  ["SU-43", "*", "{{split(1,-)}}", "a-b-c", "a.b.c"],
  ["SU-43", "*", "{{split(1,-)}}", "-abc-def--ghi-", "abc.def.ghi"],
  ["SU-43", "*", "{{split(1,-)}}", "abc-def--ghi-", "abc.def.ghi"],
  ["SU-43", "*", "{{split(1,-)}}", "--a", "a"],
  ["SU-43", "*", "{{split(1,ab)}}", "1ab2ab3", "1.2.3"],
  ["SU-43", "*", "{{split(1,-)}}", "abc", "abc"],
  ["SU-43", "*", "x.{{split(1,-)}}", "--", "x."],
  ["SU-43", "*", "{{split(1,)}}", "a\xc3\xa9b\x80", "a.\xc3\xa9.b\x80"],
  ["SU-44", "*", "{{SplitFromLeft(1,3)}}", "12345", "123.45"],
  ["SU-44", "*", "{{SplitFromRight(1,3)}}", "12345", "12.345"],
  ["SU-44", "*", "{{SplitFromRight(1,5)}}", "12345", "12345"],
  ["SU-44", "*", "{{SplitFromLeft(1,-1)}}", "12345", "12345"],
  ["SU-44", "*.*", "{{split(2,-)}}.{{splitfromleft(1,2)}}", "foo.-a-d--g-", "a.d.g.fo.o"],
  ["SU-45", "*", "{{SliceFromLeft(1,3)}}", "1234567890", "123.456.789.0"],
  ["SU-45", "*", "{{SliceFromRight(1,3)}}", "1234567890", "1.234.567.890"],
  ["SU-45", "*", "{{SliceFromLeft(1,2)}}", "1234", "12.34"],
  ["SU-45", "*", "{{SliceFromRight(1,2)}}", "1234", "12.34"],
  ["SU-45", "*", "{{SliceFromLeft(1,4)}}", "1234", "1234"],
  ["SU-45", "*", "{{SliceFromLeft(1,0)}}", "1234", "1234"],
  ["SU-46", "*", "{{left(1,3)}}", "1234", "123"],
  ["SU-46", "*", "{{left(1,6)}}", "1234", "1234"],
  ["SU-46", "*", "{{Right(1,1)}}", "1234", "4"],
  ["SU-46", "*", "{{right(1,3)}}", "1234", "234"],
  ["SU-46", "*", "{{right(1,6)}}", "1234", "1234"],
  ["SU-47", "*", "bar.{{random(0)}}", "qux", "bar.0"],
  ["SU-47", "*", "bar.{{random(1)}}", "qux", "bar.0"],
  ["SU-48", "foo.bar", "baz.{{partition(10)}}", "foo.bar", "baz.6"],
  ["SU-48", "foo.bar", "baz.{{partition(10,1)}}", "foo.bar", "baz.6"],
  ["SU-48", "foo", "bar", "foo", "bar"],
  ["SU-49", "baz.>", "my.pre.>", "baz.1.2.3", "my.pre.1.2.3"],
  ["SU-49", "a.*.>", "{{wildcard(1)}}.b.>", "a.1.2.3", "1.b.2.3"],
  ["SU-49", "foo.*.*", "bar.$2", "foo.a.b", "bar.b"],
  ["SU-49", "", "prefix.>", "foo", "prefix.foo"],
  ["SU-49", ">", ">", "any.thing", "any.thing"],
  ["SU-50", "foo.*", "bar.$1", "foo.a.b", undefined],
  ["SU-50", "foo.*", "bar.$1", "foo.*", undefined],
  ["SU-50", "foo.>", "bar.>", "foo", undefined],
  ["SU-51", "foo.*", "foo.$1", "foo.a", "foo.a"],
];

const I = "invalid mapping destination: ";

/** row, source, destination, error */
const ERRORS: readonly [string, string, string, string][] = [
  ["SU-51", "foo..", "bar", "invalid subject"],
  ["SU-51", "foo.>.a", "bar", "invalid subject"],
  ["SU-51", "foo", "", "invalid subject"],
  ["SU-51", "foo.*", "bar.*", "invalid subject"],
  ["SU-49", "foo.*", "bar.$1.>", "invalid subject"],
  ["SU-49", "foo.>", "bar.baz", "invalid subject"],
  ["SU-50", "foo.*", "bar.$2", `${I}wildcard index out of range in $2: [2]`],
  ["SU-50", "*", "{{wildcard(99)}}", `${I}wildcard index out of range in {{wildcard(99)}}: [99]`],
  ["SU-50", "*", "{{wildcard(-1)}}", `${I}wildcard index out of range in {{wildcard(-1)}}: [-1]`],
  ["SU-50", "*", "{{left(2,1)}}", `${I}wildcard index out of range in {{left(2,1)}}: [2]`],
  [
    "SU-50",
    "*",
    "{{partition(3,1,2)}}",
    `${I}wildcard index out of range in {{partition(3,1,2)}}: [2]`,
  ],
  ["SU-48", "foo", "b.{{wildcard(1)}}", `${I}wildcard index out of range in {{wildcard(1)}}`],
  ["SU-48", "foo", "b.$1", `${I}wildcard index out of range in $1`],
  ["SU-50", "*", "{{nope(1)}}", `${I}unknown function in {{nope(1)}}`],
  ["SU-50", "*", "{{ wildcard5) }}", `${I}unknown function in {{ wildcard5) }}`],
  ["SU-50", "*", "{{splitLeft(2,2}}", `${I}unknown function in {{splitLeft(2,2}}`],
  ["SU-40", "*", "{{WILDCARD(1)}}", `${I}unknown function in {{WILDCARD(1)}}`],
  ["SU-40", "*", "{{splitFROMleft(1,1)}}", `${I}unknown function in {{splitFROMleft(1,1)}}`],
  ["SU-40", "*", "{{xwildcard(1)}}", `${I}unknown function in {{xwildcard(1)}}`],
  ["SU-50", "*", "{{(1)}}", `${I}unknown function in {{(1)}}`],
  [
    "SU-50",
    "*",
    "{{wildcard()}}",
    `${I}not enough arguments passed to the function in {{wildcard()}}`,
  ],
  ["SU-50", "*", "{{left(1)}}", `${I}not enough arguments passed to the function in {{left(1)}}`],
  ["SU-50", "*", "{{split(1)}}", `${I}not enough arguments passed to the function in {{split(1)}}`],
  [
    "SU-50",
    "*",
    "{{random(1,2)}}",
    `${I}not enough arguments passed to the function in {{random(1,2)}}`,
  ],
  [
    "SU-50",
    "*",
    "{{wildcard(1,2)}}",
    `${I}too many arguments passed to the function in {{wildcard(1,2)}}`,
  ],
  [
    "SU-50",
    "*",
    "{{right(1,2,3)}}",
    `${I}too many arguments passed to the function in {{right(1,2,3)}}`,
  ],
  [
    "SU-50",
    "*",
    "{{split(1,a,b)}}",
    `${I}too many arguments passed to the function in {{split(1,a,b)}}`,
  ],
];

/** Tokens whose arguments are wrong: attack 52 and SU-50. */
const INVALID_ARGUMENTS: readonly string[] = [
  "{{wildcard(foo)}}",
  "{{wildcard( )}}",
  "{{wildcard(1e3)}}",
  "{{wildcard(0x1)}}",
  "{{wildcard(99999999999999999999)}}",
  "{{wildcard(9223372036854775808)}}",
  "{{wildcard(wildcard(1))}}",
  "{{wildcard({{wildcard(1)}})}}",
  "{{partition()}}",
  "{{partition(-1)}}",
  "{{partition(-1,1)}}",
  "{{partition(2147483648)}}",
  "{{partition(-4294967296,1)}}",
  "{{partition(10,)}}",
  "{{partition({{random(3)}},1)}}",
  "{{random()}}",
  "{{random(-5)}}",
  "{{random(2147483648)}}",
  "{{random(random(2))}}",
  "{{splitFromLeft(1,2147483648)}}",
  "{{sliceFromRight(x,1)}}",
  "{{split(x,-)}}",
  "{{split(1,a b)}}",
];

describe("results", () => {
  test.each(RESULTS)("%s: %j to %j makes %j into %j", (_row, source, destination, subject, out) => {
    const transform = compiled(source, destination);
    expect(transform.match(subject, prng)).toBe(out);
    if (out !== undefined) expect(transform.apply(subject, prng)).toBe(out);
  });

  test("SU-47: random reaches every number below its bound, and no other", () => {
    const transform = compiled("*", "bar.{{random(6)}}");
    expect(transform.isDeterministic).toBe(false);
    const seen = new Set<string>();
    for (let at = 0; at < 300; at += 1) seen.add(transform.apply("qux", prng) ?? "");
    expect([...seen].sort()).toEqual(["bar.0", "bar.1", "bar.2", "bar.3", "bar.4", "bar.5"]);
    expect(compiled("foo.*", "bar.{{partition(3)}}.$1").isDeterministic).toBe(true);
  });

  test("SU-42: a partition is within its bound, and the same for the same tokens", () => {
    const transform = compiled("*.>", "{{partition(7,1)}}.>");
    const check = (first: string, tail: string): void => {
      const bucket = Number(transform.apply(`${first}.${tail}`, prng)?.split(".")[0]);
      expect(bucket).toBeGreaterThanOrEqual(0);
      expect(bucket).toBeLessThan(7);
      expect(transform.apply(`${first}.other`, prng)).toBe(`${bucket}.other`);
    };
    const token = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    fc.assert(fc.property(token, token, check), { numRuns: 200 });
  });

  test("SU-45: slices put together are the token", () => {
    const token = fc.stringMatching(/^[a-z]{1,30}$/);
    const check = (text: string, size: number): void => {
      for (const name of ["sliceFromLeft", "sliceFromRight"]) {
        const out = compiled("*", `{{${name}(1,${size})}}`).apply(text, prng) ?? "";
        const pieces = out.split(".");
        expect(pieces.join("")).toBe(text);
        expect(pieces.filter((piece) => piece.length !== size).length).toBeLessThanOrEqual(1);
      }
    };
    fc.assert(fc.property(token, fc.integer({ min: 1, max: 12 }), check), { numRuns: 200 });
  });

  test("a subject that does not match gives no result, any other gives one", () => {
    const transform = compiled("a.*", "b.$1");
    const check = (subject: string): void => {
      const out = transform.match(subject, prng);
      const wild = subject.split(".").some((token) => token === "*" || token === ">");
      expect(out !== undefined).toBe(!wild && matches("a.*", subject));
    };
    fc.assert(fc.property(literals, check), { numRuns: PROPERTY_RUNS / 4 });
  });
});

describe("errors", () => {
  test.each(ERRORS)("%s: %j to %j: %s", (_row, source, destination, error) => {
    expect(compileTransform(source, destination)).toEqual({ ok: false, error });
  });

  test.each(INVALID_ARGUMENTS)("SU-50: arguments of %s are invalid", (destination) => {
    const error = `${I}function argument is invalid or in the wrong format in ${destination}`;
    expect(compileTransform("*", destination)).toEqual({ ok: false, error });
  });

  test("SU-49: strict takes wildcard() only, and all wildcards", () => {
    const strict = (source: string, destination: string): string => {
      const result = compileTransform(source, destination, { strict: true });
      return result.ok ? "" : result.error;
    };
    expect(strict("foo.*", "bar.{{Wildcard(1)}}")).toBe("");
    expect(strict("foo.*.>", "bar.$1.>")).toBe("");
    expect(strict("foo", "bar")).toBe("");
    const only = "the only mapping function allowed for import transforms is {{Wildcard()}}";
    for (const token of ["{{Partition(2,1)}}", "{{random(2)}}", "{{left(1,2)}}"]) {
      expect(strict("foo.*", `bar.${token}`)).toBe(`${I}${only} in ${token}`);
    }
    const unused = `${I}not using all of the token wildcard(s) in`;
    expect(strict("foo.*.*", "bar.$2")).toBe(`${unused} bar.$2`);
    expect(strict("foo.*", "foo.$foo")).toBe(`${unused} foo.$foo`);
  });

  test("SU-46: left and right can be refused, as unknown", () => {
    for (const token of ["{{left(1,2)}}", "{{ Right(1,2) }}"]) {
      const result = compileTransform("*", token, { allowLeftRight: false });
      expect(result).toEqual({ ok: false, error: `${I}unknown function in ${token}` });
    }
  });

  test("attack 52: long, nested and malformed tokens end in a result, in linear time", () => {
    const deep = `${"{{wildcard(".repeat(20_000)}1${")}}".repeat(20_000)}`;
    expect(compileTransform("*", deep).ok).toBe(false);
    for (const piece of ["{{", "{{ ", "{{wildcard", "{{split(", ") ", ")}", "(", ",", "\t"]) {
      const token = `{{${piece.repeat(20_000)}}}`;
      expect(compileTransform("*", token).ok, piece).toBe(false);
    }
    const parts = fc.constantFrom(
      "{{",
      "}}",
      "(",
      ")",
      "wildcard",
      "partition",
      "1",
      ",",
      " ",
      "$",
    );
    const check = (all: string[]): void => {
      const result = compileTransform("*.>", `${all.join("")}.>`);
      if (result.ok) expect(result.transform.apply("a.b", prng)).toMatch(/^.*\.b$/);
      else expect(result.error).toMatch(/^invalid (mapping destination: .+ in .+|subject)$/);
    };
    const numRuns = PROPERTY_RUNS / 2;
    fc.assert(fc.property(fc.array(parts, { maxLength: 12 }), check), { numRuns });
  });
});

describe("bounds", () => {
  const tooMany = { ok: false, error: `${I}more than 1024 wildcards and functions` };

  test("a destination refers to its source at most 1,024 times", () => {
    const lists: readonly string[] = [
      `${"$1.".repeat(200_000)}end`,
      `${"$1.".repeat(1_024)}$1`,
      `{{partition(10${",1".repeat(100_000)})}}`,
      `{{partition(10${",1".repeat(1_000)})}}${".$1".repeat(25)}`,
      `{{partition(10)}}${".{{partition(10)}}".repeat(1_024)}`,
      `{{random(10)}}${".{{random(10)}}".repeat(1_024)}`,
    ];
    for (const destination of lists) {
      expect(compileTransform("x.*", destination)).toEqual(tooMany);
    }
    expect(compileTransform("x", `${"{{partition(9)}}.".repeat(1_024)}{{partition(9)}}`)).toEqual(
      tooMany,
    );
    expect(compileTransform("x.*", `${"$1.".repeat(1_023)}$1`).ok).toBe(true);
    expect(compileTransform("x.*", `${"a.".repeat(20_000)}$1`).ok).toBe(true);
  });

  test("a result that is too long for a subject is none, and is not made", () => {
    const token = "t".repeat(4_096);
    const started = performance.now();
    const destinations = [
      `${"$1.".repeat(1_023)}$1`,
      `${"{{split(1,)}}.".repeat(1_023)}$1`,
      `${"{{sliceFromLeft(1,1)}}.".repeat(1_023)}$1`,
      `${"a.".repeat(50_000)}$1`,
    ];
    for (const destination of destinations) {
      const transform = compiled("x.*", destination);
      expect(transform.apply(`x.${token}`, prng)).toBeUndefined();
      expect(transform.match(`x.${token}`, prng)).toBeUndefined();
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("a result of exactly the longest subject is one", () => {
    const max = LIMITS.subjectBytesMax;
    const doubled = compiled("*", "$1.$1");
    const half = "t".repeat((max - 1) / 2);
    expect(doubled.apply(half, prng)).toHaveLength(max);
    expect(doubled.apply(`${half}t`, prng)).toBeUndefined();
    const tail = compiled(">", "a.>");
    expect(tail.apply("t".repeat(max - 2), prng)).toHaveLength(max);
    expect(tail.apply("t".repeat(max - 1), prng)).toBeUndefined();
  });
});

describe("reverse", () => {
  test("SU-49: undoes a transform that uses each wildcard once", () => {
    const pairs: readonly [string, string, string, string][] = [
      ["foo.*.*", "bar.$2.{{Wildcard(1)}}", "foo.b.a", "bar.a.b"],
      ["a.*.*.*", "b.$2.$3.$1", "a.x.y.z", "b.y.z.x"],
      ["a.*.>", "{{wildcard(1)}}.c.>", "a.1.2.3", "1.c.2.3"],
      ["foo", "bar", "foo", "bar"],
      [">", "pre.>", "x.y", "pre.x.y"],
    ];
    for (const [source, destination, subject, out] of pairs) {
      const transform = compiled(source, destination);
      expect(transform.match(subject, prng)).toBe(out);
      expect(transform.reverse()?.match(out, prng)).toBe(subject);
    }
  });

  test("SU-49: there is none when something is lost", () => {
    const pairs: readonly [string, string][] = [
      ["foo.*.*", "bar.$1"],
      ["foo.*", "bar.$1.$1"],
      ["foo.*", "bar.$1.{{partition(2)}}"],
      ["foo.*", "bar.{{left(1,2)}}"],
      ["foo.*", "bar.$0.$1"],
      ["foo.*", "bar.{{random(2)}}"],
    ];
    for (const [source, destination] of pairs) {
      expect(compiled(source, destination).reverse(), destination).toBeUndefined();
    }
  });

  test("SU-34: the identity of a filter changes nothing", () => {
    expect(identityDestination("foo.*.*.>")).toBe("foo.$1.$2.>");
    expect(compiled("foo.*.*.>", identityDestination("foo.*.*.>")).match("foo.a.b.c.d", prng)).toBe(
      "foo.a.b.c.d",
    );
  });
});
