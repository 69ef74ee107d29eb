// Random texts and command lines: no crash, no hang, bounded findings. Test. Damaged configurations
// are tried where all that judges them is at hand: config-fuzz.test.ts of the package server.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONFIG_LIMITS } from "./config-limits.ts";
import { parseFlags } from "./flags.ts";
import { formatProblem } from "./load.ts";
import { loadText } from "./testdata/memory-source.ts";

const DEEP = process.env["WEFT_DEEP"] === "1";
const RUNS = DEEP ? 100_000 : 1_000;
const TEST_TIMEOUT_MS = DEEP ? 600_000 : 20_000;

const ENVIRONMENT = { A: "$B", B: "[ $C ]", C: "$A", D: "1k", E: "{ a: $D }", F: '"' };

/** File, line and column, but for how many more there are. */
const PLACED = /^[^:]*:\d+:\d+: .|^and \d+ more errors$/s;

function check(text: string): void {
  const result = loadText(text, ENVIRONMENT);
  if (result.ok) {
    expect(structuredClone(result.options)).toEqual(result.options);
    return;
  }
  expect(result.errors.length).toBeGreaterThan(0);
  expect(result.errors.length).toBeLessThanOrEqual(CONFIG_LIMITS.findingsMax + 1);
  for (const error of result.errors) expect(formatProblem(error)).toMatch(PLACED);
}

/** Words that the language gives a meaning to, so that random texts get far. */
const WORDS = [
  ..."{}[]()=:;,#/\\'\"$\n\r\t .-0159kKbBieE%*>",
  ..."port|listen|authorization|users|user|password|accounts|A|imports".split("|"),
  ..."exports|stream|service".split("|"),
  ..."mappings|dest|weight|tls|include|permissions|publish|allow|deny|$A|$D|$E|$F|2a$".split("|"),
  ..."true|off|1.5|127.0.0.1|2006-01-02T15:04:05Z|\\x41|//|limits|default_permissions".split("|"),
];

const randomText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("utf8")),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join("")),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join(" ")),
);

describe("fuzz (CF-01 to CF-19, attack 56)", () => {
  it(
    "random texts are loaded or refused",
    () => {
      fc.assert(fc.property(randomText, check), { numRuns: RUNS });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "command lines are read or refused",
    () => {
      const word = fc.oneof(
        fc.string({ maxLength: 10 }),
        fc.constantFrom("-p", "--port=", "-D", "-DV=", "-c", "-sl", "stop=", "-t", "--", "=", "-"),
      );
      fc.assert(
        fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
          expect(parseFlags(argv).kind).toMatch(/^(?:run|help|version|test|signal|error)$/);
        }),
        { numRuns: RUNS },
      );
    },
    TEST_TIMEOUT_MS,
  );
});
