// Damaged configurations, through everything that judges a file: no crash, no hang, bounded findings,
// bounded memory (CF-01 to CF-19, attack 56). Test.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { formatProblem, loadConfig, textSource } from "@weft/config";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256Hex } from "./file-source.ts";
import { checkOptions } from "./start-server.ts";
import { VERDICTS } from "./testdata/verdicts/index.ts";

const DEEP = process.env["WEFT_DEEP"] === "1";
const RUNS = DEEP ? 100_000 : 1_500;
const TEST_TIMEOUT_MS = DEEP ? 1_200_000 : 30_000;
/** Of the processor: a small text that takes more has found something that is not linear. */
const CPU_MS_MAX = 2_000;
/** What stays after many texts, beside what the test itself keeps. */
const GROWTH_BYTES_MAX = 16 * 1024 * 1024;
const FINDINGS_MAX = 101;

const ENVIRONMENT = { A: "$B", B: "[ $C ]", C: "$A", D: "1k", E: "{ a: $D }", F: '"' };
const TEXTS = VERDICTS.map(({ text }) => text);

/** Words that the language, or an option, gives a meaning to. */
const WORDS = [
  ..."{}[]()=:;,#/\\'\"$\n\r\t .-0159kKbBieE%*>".split(""),
  ..."port|listen|authorization|users|user|password|accounts|A|imports|exports|stream".split("|"),
  ..."service|mappings|dest|weight|tls|include|permissions|publish|allow|deny|limits".split("|"),
  ..."http|monitor_login|tokens|log_format|remote_syslog|system_account|no_auth_user".split("|"),
  ..."$A|$D|$E|$F|2a$|true|off|1.5|127.0.0.1|2006-01-02T15:04:05Z|\\x41|//|10s|-1".split("|"),
  "\u0000",
  "\ufeff",
  "\ud800",
  "\u2028",
  "{{wildcard(1)}}",
  "{{partition(9,1)}}",
  "99999999999999999999",
];

/** File, line and column, but for how many more there are. */
const PLACED = /^[^:]*:\d+:\d+: .|^and \d+ more errors$/s;

function check(text: string): void {
  const start = process.cpuUsage();
  const loaded = loadConfig("test.conf", textSource(text, ENVIRONMENT), { sha256Hex });
  const errors = loaded.ok ? checkOptions(loaded.options) : loaded.errors;
  const used = process.cpuUsage(start);
  expect((used.user + used.system) / 1_000).toBeLessThan(CPU_MS_MAX);
  if (loaded.ok) expect(structuredClone(loaded.options)).toEqual(loaded.options);
  else expect(errors.length).toBeGreaterThan(0);
  expect(loaded.warnings.length).toBeLessThan(FINDINGS_MAX);
  if (!loaded.ok) expect(errors.length).toBeLessThanOrEqual(FINDINGS_MAX);
  for (const error of errors) expect(formatProblem(error)).toMatch(PLACED);
}

const anyText = fc.constantFrom(...TEXTS);
const damage = fc.tuple(fc.nat(), fc.nat(6), fc.constantFrom(...WORDS));

/** One or two configurations behind each other, with words put in and taken out. */
const damagedText = fc
  .tuple(anyText, anyText, fc.array(damage, { minLength: 1, maxLength: 4 }))
  .map(([first, second, damages]) => {
    let text = first + second;
    for (const [where, length, word] of damages) {
      const at = where % (text.length + 1);
      text = text.slice(0, at) + word + text.slice(at + length);
    }
    return text;
  });

/** A configuration inside of another, or many times the same piece. */
const grownText = fc
  .tuple(anyText, anyText, fc.nat(), fc.integer({ min: 1, max: 200 }))
  .map(([outer, inner, where, times]) => {
    const at = where % (outer.length + 1);
    return outer.slice(0, at) + inner.repeat(times) + outer.slice(at);
  });

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

function run(texts: fc.Arbitrary<string>, runs: number): void {
  fc.assert(fc.property(texts, check), { numRuns: runs });
}

describe("damaged configurations", () => {
  it("are loaded or refused", { timeout: TEST_TIMEOUT_MS }, () => run(damagedText, RUNS));

  it("are loaded or refused when they grow", { timeout: TEST_TIMEOUT_MS }, () => {
    run(grownText, RUNS / 10);
  });

  it("leave no memory behind", { timeout: TEST_TIMEOUT_MS }, () => {
    run(damagedText, RUNS / 5);
    const before = heapBytes();
    run(damagedText, RUNS / 5);
    expect(heapBytes() - before).toBeLessThan(GROWTH_BYTES_MAX);
  });

  it("mean the same with lines that end in CR LF", () => {
    const texts = VERDICTS.filter(
      ({ text, valid, environment, files }) =>
        valid &&
        environment === undefined &&
        files === undefined &&
        !/[(\r]/.test(text) &&
        !/["'][^"'\n]*\n[^"']*["']/.test(text),
    );
    expect(texts.length).toBeGreaterThan(150);
    const digestOf = (text: string): unknown => {
      const loaded = loadConfig("test.conf", textSource(text), { sha256Hex });
      return loaded.ok && loaded.digest;
    };
    for (const { text } of texts) {
      expect(digestOf(text.replaceAll("\n", "\r\n"))).toBe(digestOf(text));
    }
  });
});
