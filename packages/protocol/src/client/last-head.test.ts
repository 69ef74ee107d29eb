// What the parser remembers of the publish before changes nothing but its speed: a parser that has
// seen anything tells the same as a new one.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { ClientParser } from "./parser.ts";
import { feedPieces, RecordingSession } from "./recording-session.ts";

const SEED = 99;

/** What a parser that has seen nothing tells of this one operation. */
function alone(operation: string): readonly string[] {
  const session = new RecordingSession();
  feedPieces(new ClientParser(SEED), session, [Buffer.from(operation, "latin1")]);
  return session.events;
}

/** A parser that remembers the head of `subject`. */
function primed(subject: string): ClientParser {
  const parser = new ClientParser(SEED);
  const session = new RecordingSession();
  const twice = `PUB ${subject} 1\r\nx\r\n`.repeat(3);
  feedPieces(parser, session, [Buffer.from(twice, "latin1")]);
  expect(session.events).toHaveLength(3);
  return parser;
}

function after(parser: ClientParser, pieces: readonly string[]): readonly string[] {
  const session = new RecordingSession();
  feedPieces(
    parser,
    session,
    pieces.map((piece) => Buffer.from(piece, "latin1")),
  );
  return session.events;
}

const NEXT = [
  "PUB a.b 2\r\nhi\r\n",
  "PUB a.b r.s 2\r\nhi\r\n",
  "pub a.b 2\r\nhi\r\n",
  "PUB a.bc 2\r\nhi\r\n",
  "PUB a.c 2\r\nhi\r\n",
  "PUB a.b\t2\r\nhi\r\n",
  "PUB a.b  2\r\nhi\r\n",
  "PUB  a.b 2\r\nhi\r\n",
  "PUB a.b 2\nhi\r\n",
  "PUB a.b \r\n",
  "PUB a.b x\r\nhi\r\n",
  "PUB a.b 0\r\n\r\n",
  "PUB a.b 2\r\nhi.\r\n",
  "HPUB a.b 1 2\r\nhi\r\n",
  "PING\r\n",
];

describe("the head of the last publish", () => {
  for (const operation of NEXT) {
    test(`CP-68: ${JSON.stringify(operation)} behind three of PUB a.b, in every split`, () => {
      const expected = alone(operation);
      for (let cut = 0; cut <= operation.length; cut += 1) {
        const pieces = [operation.slice(0, cut), operation.slice(cut)];
        expect(after(primed("a.b"), pieces), `cut at ${cut}`).toEqual(expected);
      }
    });
  }

  test("subjects around the longest that is remembered", () => {
    for (let bytes = 245; bytes <= 260; bytes += 1) {
      const subject = "s".repeat(bytes);
      for (const next of [subject, `${subject}s`, subject.slice(1)]) {
        const operation = `PUB ${next} 2\r\nhi\r\n`;
        expect(after(primed(subject), [operation]), `${bytes}`).toEqual(alone(operation));
      }
    }
  });

  test("limits of another session hold: control line, payload, waiting for CONNECT", () => {
    const parser = primed("a.b");
    const narrow = new RecordingSession();
    narrow.controlLineBytesMax = 4;
    feedPieces(parser, narrow, [Buffer.from("PUB a.b 2\r\nhi\r\n")]);
    const fresh = new RecordingSession();
    fresh.controlLineBytesMax = 4;
    feedPieces(new ClientParser(SEED), fresh, [Buffer.from("PUB a.b 2\r\nhi\r\n")]);
    expect(narrow.events).toEqual(fresh.events);
    expect(narrow.events).toHaveLength(1);
    const small = new RecordingSession();
    small.payloadBytesMax = 1;
    feedPieces(parser, small, [Buffer.from("PUB a.b 2\r\nhi\r\n")]);
    expect(small.events).toEqual(["failure payload"]);
    const early = new RecordingSession();
    early.awaitingConnect = true;
    feedPieces(parser, early, [Buffer.from("PUB a.b 2\r\nhi\r\n")]);
    expect(early.events).toEqual(["early "]);
  });

  test("CP-68: sessions that take turns at one parser, random operations and splits", () => {
    const prng = createPrng(23);
    const parser = new ClientParser(SEED);
    const subjects = ["a", "a.b", "a.bb", "b.a", "ab", "a.b.c.d.e.f"];
    for (let round = 0; round < 1_500; round += 1) {
      const subject = subjects[prng.below(subjects.length)] as string;
      const body = "x".repeat(prng.below(12));
      const reply = prng.below(3) === 0 ? " r.1" : "";
      const verb = prng.below(6) === 0 ? "pUb" : "PUB";
      const times = 1 + prng.below(3);
      const operation = `${verb} ${subject}${reply} ${body.length}\r\n${body}\r\n`;
      const all = operation.repeat(times);
      const cut = prng.below(all.length + 1);
      const expected = Array.from({ length: times }, () => alone(operation)).flat();
      expect(after(parser, [all.slice(0, cut), all.slice(cut)]), all).toEqual(expected);
    }
  });
});
