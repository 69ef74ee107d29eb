// Fuzz and corpus tests of the client parser (attacks 11, 48 to 50). Invariants: no throw, bounded
// time, and the same calls for any split of the same bytes (CP-68).

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientParser } from "./parser.ts";
import { feedPieces, RecordingSession } from "./recording-session.ts";

interface WireScript {
  readonly name: string;
  readonly rows: readonly string[];
  readonly config: string;
  readonly steps: readonly { readonly send: string; readonly times?: number }[];
  readonly pongs?: number;
  readonly mask?: string;
  readonly differs?: string;
}

function testdata<T>(name: string): T {
  const text = readFileSync(new URL(`../../testdata/${name}`, import.meta.url), "utf8");
  return JSON.parse(text) as T;
}

const CORPUS = testdata<readonly WireScript[]>("wire-corpus.json");
const CONFIGS = testdata<Readonly<Record<string, string>>>("wire-configs.json");
const IS_DEEP = process.env["WEFT_DEEP"] === "1";
const RUNS = IS_DEEP ? 100_000 : 1_000;
const TIMEOUT_MS = IS_DEEP ? 600_000 : 20_000;

function bytesOf(script: WireScript): Buffer {
  const text = script.steps.map((step) => step.send.repeat(step.times ?? 1)).join("");
  return Buffer.from(text, "latin1");
}

/** A session with the limits and the login rule that the script's configuration has. */
function sessionFor(script: WireScript): RecordingSession {
  const session = new RecordingSession();
  session.awaitingConnect = ["user", "token", "no-auth-user", "permissions"].includes(
    script.config,
  );
  session.earlyAllowed = script.config === "no-auth-user";
  session.headersEnabled = script.config !== "headers-off";
  if (script.config === "limits") {
    session.controlLineBytesMax = 128;
    session.payloadBytesMax = 64;
  }
  return session;
}

function events(session: RecordingSession, pieces: readonly Buffer[]): readonly string[] {
  feedPieces(new ClientParser(1), session, pieces);
  return session.events;
}

describe("wire corpus", () => {
  test("is well-formed: at least 150 scripts, unique names, known configurations", () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(150);
    expect(new Set(CORPUS.map((script) => script.name)).size).toBe(CORPUS.length);
    for (const script of CORPUS) {
      expect(CONFIGS[script.config], script.name).toBeTypeOf("string");
      expect(script.rows.every((row) => /^CP-\d+$/.test(row))).toBe(true);
      expect(script.steps.every((step) => /^[\u0000-\u00ff]*$/.test(step.send))).toBe(true);
    }
  });

  test("every script ends with its PINGs or with a refusal", () => {
    for (const script of CORPUS) {
      const session = sessionFor(script);
      const got = events(session, [bytesOf(script)]);
      // A document that the session refuses, not the parser.
      if (script.name === "bad CONNECT where login is needed") continue;
      const refused =
        got.at(-1)?.startsWith("failure") || (got[0] === "early " && got.length === 1);
      const pings = got.filter((event) => event === "ping ").length;
      if (!refused) expect(pings, script.name).toBe(script.pongs ?? 1);
    }
  });

  test("CP-68 any split of any script gives the same calls", () => {
    for (const script of CORPUS) {
      const bytes = bytesOf(script);
      if (bytes.length > 20_000) continue;
      const whole = events(sessionFor(script), [bytes]);
      const step = Math.max(1, Math.floor(bytes.length / 60));
      for (let cut = 1; cut < bytes.length; cut += step) {
        const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
        expect(events(sessionFor(script), pieces), `${script.name} at ${cut}`).toEqual(whole);
      }
    }
  });
});

const OPERATIONS = [
  "PUB foo 5\r\nhello\r\n",
  "PUB foo bar 5\r\nhello\r\n",
  "pub\tfoo  5\nhello\r\n",
  "HPUB foo 18 20\r\nNATS/1.0\r\nA: B\r\n\r\nok\r\n",
  "HPUB foo bar 1 2\r\nok\r\n",
  "SUB foo 1\r\n",
  "SUB foo q 1\n",
  "UNSUB 1 5\r\n",
  "PING\r\n",
  "PONG\n",
  "+OK\r\n",
  'CONNECT {"verbose":false}\r\n',
  "INFO {}\r\n",
];

/** Bytes that matter to the grammar come up often. */
const byte = fc.oneof(
  fc.constantFrom(...Buffer.from("\r\n \t0159PUBHSpubhs+-{}\u0000")),
  fc.integer({ min: 0, max: 255 }),
);

const script = fc
  .tuple(
    fc.array(fc.constantFrom(...OPERATIONS), { minLength: 1, maxLength: 8 }),
    fc.array(fc.tuple(fc.nat(200), fc.constantFrom("put", "drop", "insert"), byte), {
      maxLength: 3,
    }),
  )
  .map(([operations, mutations]) => {
    const bytes = [...Buffer.from(operations.join(""), "latin1")];
    for (const [at, kind, value] of mutations) {
      const index = at % bytes.length;
      if (kind === "put") bytes[index] = value;
      else if (kind === "drop" && bytes.length > 1) bytes.splice(index, 1);
      else bytes.splice(index, 0, value);
    }
    return Buffer.from(bytes);
  });

const junk = fc.array(byte, { maxLength: 120 }).map((bytes) => Buffer.from(bytes));

function cutUp(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length));
}

describe("fuzz", () => {
  test.each([
    ["mutated scripts", script],
    ["junk", junk],
  ])(
    "CP-68 %s: any split gives the same calls, without a throw",
    (_name, input) => {
      fc.assert(
        fc.property(input, fc.array(fc.nat(400), { maxLength: 6 }), (bytes, cuts) => {
          const session = (): RecordingSession => {
            const made = new RecordingSession();
            made.controlLineBytesMax = 40;
            made.payloadBytesMax = 1000;
            return made;
          };
          const whole = events(session(), [bytes]);
          expect(events(session(), cutUp(bytes, cuts))).toEqual(whole);
          const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
          expect(events(session(), single)).toEqual(whole);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "CP-40, CP-41 the hot path and the exact path agree on every publish",
    () => {
      const token = fc.stringMatching(/^[0-9a-zA-Z.*>$_-]{1,20}$/);
      const blanks = fc.stringMatching(/^[ \t]{1,3}$/);
      const publishes = fc.array(
        fc.tuple(token, fc.option(token), fc.string({ maxLength: 30 }), blanks),
        { minLength: 1, maxLength: 5 },
      );
      fc.assert(
        fc.property(publishes, (list) => {
          const render = (canonical: boolean): Buffer =>
            Buffer.concat(
              list.map(([subject, reply, body, blank]) => {
                const gap = canonical ? " " : blank;
                const bytes = Buffer.from(body);
                const words = ["PUB", subject, ...(reply === null ? [] : [reply]), bytes.length];
                const line = `${words.join(gap)}\r\n`;
                return Buffer.concat([Buffer.from(line), bytes, Buffer.from("\r\n")]);
              }),
            );
          const hot = events(new RecordingSession(), [render(true)]);
          expect(hot.length).toBe(list.length);
          expect(events(new RecordingSession(), [render(false)])).toEqual(hot);
          for (const [i, [subject]] of list.entries()) expect(hot[i]).toContain(`["${subject}",`);
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  test("CP-68 a large body in small pieces is looked at a few times only", () => {
    class Counting extends ClientParser {
      calls = 0;
      override feed(input: Buffer, start: number, end: number, session: RecordingSession): number {
        this.calls++;
        return super.feed(input, start, end, session);
      }
    }
    const bytes = Buffer.from(`PUB a 1000000\r\n${"x".repeat(1_000_000)}\r\n`);
    const pieces = Array.from({ length: 501 }, (_, i) => bytes.subarray(i * 2000, i * 2000 + 2000));
    const parser = new Counting(1);
    const session = new RecordingSession();
    expect(feedPieces(parser, session, pieces)).toBe(bytes.length);
    expect(session.events.length).toBe(1);
    expect(parser.calls).toBeLessThanOrEqual(3);
  });
});
