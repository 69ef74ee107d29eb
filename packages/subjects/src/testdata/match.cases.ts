// Cases of the matching rules, run against every matcher: the oracle, the FilterMap, the interest
// index. Test data only; not part of the package's entry.

/** Whether a message published to `subject` reaches a subscription to `filter`. */
export interface MatchCase {
  readonly row: string;
  readonly filter: string;
  readonly subject: string;
  readonly matches: boolean;
}

type Line = readonly [filter: string, subject: string, matches: boolean];

function cases(row: string, lines: readonly Line[]): MatchCase[] {
  return lines.map(([filter, subject, matches]) => ({ row, filter, subject, matches }));
}

const LONG = Array.from({ length: 200 }, (_, at) => `t${at}`).join(".");

/** Filters here are all valid for SUB (SU-04). */
export const MATCH_CASES: readonly MatchCase[] = [
  ...cases("SU-01", [
    ["foo", "foo", true],
    ["foo", "bar", false],
    ["foo", "Foo", false],
    ["foo", "foobar", false],
    ["foobar", "foo", false],
    ["foo.bar", "foo.bar", true],
    ["foo.bar", "foo", false],
    ["foo", "foo.bar", false],
    ["foo.bar", "foo.bar.baz", false],
    ["foo.bar.baz", "foo.bar", false],
    ["a.b", "b.a", false],
    ["ab.c", "a.bc", false],
    ["stats.test.foos", "stats.test.foo", false],
    ["\xc3\xa9.\xe2\x82\xac", "\xc3\xa9.\xe2\x82\xac", true],
    ["\xc3\xa9", "\xc3\xa8", false],
    ["a\x00b", "a\x00b", true],
    ["a\x00b", "a\x00c", false],
    ["__proto__.constructor", "__proto__.constructor", true],
    ["__proto__", "constructor", false],
    [LONG, LONG, true],
    [LONG, `${LONG}.x`, false],
    ["foo", "", false],
    ["*", "", false],
    [">", "", false],
    [">", ".", false],
    [">", "foo.", false],
    [">", ".foo", false],
    [">", "foo..bar", false],
    ["foo.>", "foo.", false],
    ["foo.*", "foo.", false],
    ["foo.*.bar", "foo..bar", false],
    ["*.*", ".", false],
  ]),
  ...cases("SU-02", [
    ["*", "foo", true],
    ["*", "foo.bar", false],
    ["*.*", "foo.bar", true],
    ["*.*", "foo", false],
    ["*.*", "foo.bar.baz", false],
    ["foo.*", "foo.bar", true],
    ["foo.*", "foo", false],
    ["foo.*", "bar.foo", false],
    ["*.bar", "foo.bar", true],
    ["*.bar", "foo.baz", false],
    ["foo.*.baz", "foo.bar.baz", true],
    ["foo.*.baz", "foo.bar.qux", false],
    ["foo.*.baz", "foo.baz", false],
    ["stats.*.*.foos", "stats.test.foos", false],
    ["foo*", "foo*", true],
    ["foo*", "foobar", false],
    ["foo.*bar", "foo.*bar", true],
    ["*bar", "foobar", false],
    ["*bar", "xbar", false],
    ["foo.**", "foo.**", true],
    ["foo.**", "foo.bar", false],
    ["**", "a", false],
    ["*", "*", true],
    ["*", ">", true],
    ["foo", "*", false],
    ["foo.*", "foo.*", true],
    ["foo.*", "foo.>", true],
    ["foo.bar", "foo.*", false],
    [`*.${LONG}`, `x.${LONG}`, true],
    [LONG.replace(/t\d+/g, "*"), LONG, true],
  ]),
  ...cases("SU-03", [
    [">", "foo", true],
    [">", "foo.bar.baz", true],
    ["foo.>", "foo", false],
    ["foo.>", "foo.bar", true],
    ["foo.>", "foo.bar.baz", true],
    ["foo.>", "bar.foo", false],
    ["foo.>", "foobar.baz", false],
    ["foo.*.>", "foo.bar", false],
    ["foo.*.>", "foo.bar.baz", true],
    ["*.>", "foo", false],
    ["*.>", "foo.bar", true],
    ["*.*.>", "a.b.c.d", true],
    ["*.bar.>", "foo.bar.baz", true],
    ["*.bar.>", "foo.baz.bar", false],
    ["foo>", "foo>", true],
    ["foo>", "foo.bar", false],
    ["foo.>>", "foo.bar", false],
    ["foo.>>", "foo.>>", true],
    [">bar", "foobar", false],
    [">>", ">", false],
    ["foo.bar", "foo.>", false],
    ["foo.>", "foo.>", true],
    [">", ">", true],
    [`${LONG}.>`, LONG, false],
    [`${LONG}.>`, `${LONG}.x`, true],
  ]),
];
