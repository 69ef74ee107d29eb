// Table, split and contract tests of the client parser (CP-40 to CP-57, CP-67, CP-68).

import { describe, expect, test } from "vitest";
import type { FailureParts } from "../client-ops.ts";
import { hashSubject } from "../hash.ts";
import { ClientParser } from "./parser.ts";
import { feedPieces, RecordingSession } from "./recording-session.ts";

const SEED = 0x811c9dc5;

function publish(
  subject: string,
  reply: string,
  tail: string,
  body: string,
  headerBytes = -1,
): string {
  const hash = hashSubject(SEED, Buffer.from(subject, "latin1"), 0, subject.length);
  return `publish ${JSON.stringify([subject, hash, reply, tail, body, headerBytes])}`;
}

function parse(text: string, session = new RecordingSession()): readonly string[] {
  const parser = new ClientParser(SEED);
  const bytes = Buffer.from(text, "latin1");
  parser.feed(bytes, 0, bytes.length, session);
  return session.events;
}

const HEADER = "NATS/1.0\r\nA: B\r\n\r\n";
const LONG = "a".repeat(4094);

/** Name, input, events. */
const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["CP-41 PUB", "PUB foo 2\r\nok\r\n", [publish("foo", "-", "2\r\n", "ok")]],
  ["CP-41 PUB with reply", "PUB a b 2\r\nok\r\n", [publish("a", "b", "2\r\n", "ok")]],
  ["CP-41 reply of digits", "PUB a 12 2\r\nok\r\n", [publish("a", "12", "2\r\n", "ok")]],
  ["CP-41 reply that starts with digits", "PUB a 1b 0\r\n\r\n", [publish("a", "1b", "0\r\n", "")]],
  ["CP-67 empty payload", "PUB a 0\r\n\r\nPING\r\n", [publish("a", "-", "0\r\n", ""), "ping "]],
  ["CP-40 lower case", "pub a 2\r\nok\r\nping\r\n", [publish("a", "-", "2\r\n", "ok"), "ping "]],
  ["CP-40 tabs", "PUB\ta\tb\t2\r\nok\r\n", [publish("a", "b", "2\r\n", "ok")]],
  ["CP-40 many blanks", "PUB  a \t b   2\r\nok\r\n", [publish("a", "b", "2\r\n", "ok")]],
  ["CP-40 two blanks before the size", "PUB a  2\r\nok\r\n", [publish("a", "-", "2\r\n", "ok")]],
  ["CP-56 two blanks, then a number only", "PUB  2\r\nok\r\n", ["failure arguments"]],
  ["CP-56 blank for the size", "PUB a \r\n\r\n", ["failure arguments"]],
  ["CP-56 blank for the size after a reply", "PUB a b \r\n\r\n", ["failure arguments"]],
  ["CP-40 LF alone", "PUB a 2\nok\r\n", [publish("a", "-", "-", "ok")]],
  ["CP-40 blanks at the end", "PUB a 2 \t\r\nok\r\n", [publish("a", "-", "-", "ok")]],
  ["CP-41 leading zeros", "PUB a 0002\r\nok\r\n", [publish("a", "-", "0002\r\n", "ok")]],
  ["CP-41 control character", "PUB a\u0001 2\r\nok\r\n", [publish("a\u0001", "-", "2\r\n", "ok")]],
  ["CP-41 bytes above 127", "PUB \u00ff 2\r\nok\r\n", [publish("\u00ff", "-", "2\r\n", "ok")]],
  [
    "CP-42 HPUB",
    `HPUB foo 18 20\r\n${HEADER}ok\r\n`,
    [publish("foo", "-", "18 20\r\n", `${HEADER}ok`, 18)],
  ],
  [
    "CP-42 HPUB with reply and tabs in front",
    `hpub\tfoo\tbar\t18 20\r\n${HEADER}ok\r\n`,
    [publish("foo", "bar", "18 20\r\n", `${HEADER}ok`, 18)],
  ],
  [
    "CP-42 HPUB with a tab between sizes",
    `HPUB foo 18\t20\r\n${HEADER}ok\r\n`,
    [publish("foo", "-", "-", `${HEADER}ok`, 18)],
  ],
  [
    "CP-42 HPUB with two blanks between sizes",
    `HPUB foo 18  20\r\n${HEADER}ok\r\n`,
    [publish("foo", "-", "-", `${HEADER}ok`, 18)],
  ],
  [
    "CP-42 HPUB ended by LF",
    `HPUB foo 18 20\n${HEADER}ok\r\n`,
    [publish("foo", "-", "-", `${HEADER}ok`, 18)],
  ],
  ["CP-42 HPUB, empty block", "HPUB a 0 2\r\nok\r\n", [publish("a", "-", "2\r\n", "ok")]],
  [
    "CP-43 SUB",
    "SUB foo 1\r\nsub foo q 2\n",
    ['subscribe ["foo","-","1"]', 'subscribe ["foo","q","2"]'],
  ],
  ["CP-44 UNSUB", "UNSUB 1\r\nUNSUB 1 5\r\n", ['unsubscribe ["1",0]', 'unsubscribe ["1",5]']],
  [
    "CP-44 UNSUB max x",
    "UNSUB 1 x\r\nUNSUB 1 -1\r\n",
    ['unsubscribe ["1",0]', 'unsubscribe ["1",0]'],
  ],
  ["CP-44 UNSUB max of ten digits", "UNSUB 1 1000000000\r\n", ['unsubscribe ["1",0]']],
  ["CP-48 PING with words", "PING more words\r\nPONG\tx\n", ["ping ", "pong "]],
  ["CP-49 +OK", "+OK\r\n+ok all is well\nPING\r\n", ["ping "]],
  ["CP-49 -ERR", "-ERR 'x'\r\nPING\r\n", ["failure arguments"]],
  ["CP-49 -ERR without blank", "-ERR\r\n", ["failure unknown-operation"]],
  ["CP-20 CONNECT", "CONNECT {}\r\nconnect\t{} \n", ["connect {}", "connect {} "]],
  ["CP-20 CONNECT without blank", "CONNECT{}\r\nCONNECT\r\n", ["connect {}", "connect "]],
  ["CP-51 INFO", 'INFO {"port":1}\r\nINFO null\r\nPING\r\n', ["ping "]],
  ["CP-51 INFO that is not JSON", "INFO x\r\nPING\r\n", ["failure arguments"]],
  ["CP-51 INFO of wrong type", 'INFO {"port":"x"}\r\nPING\r\n', ["failure arguments"]],
  ["CP-50 unknown verb", "PING\r\nFOO\r\nPING\r\n", ["ping ", "failure unknown-operation"]],
  ["CP-50 first wrong byte", "PX", ["failure unknown-operation"]],
  ["CP-50 HMSG", "HM", ["failure unknown-operation"]],
  ["CP-50 vertical tab is no plus sign", "\u000bOK\r\n", ["failure unknown-operation"]],
  ["CP-50 SUBX", "SUBX a 1\r\n", ["failure unknown-operation"]],
  ["CP-50 SUB without blank", "SUB\r\n", ["failure unknown-operation"]],
  ["CP-51 RS+", "RS+ a\r\n", ["failure unknown-operation"]],
  ["CP-51 LS+", "LS+ a\r\n", ["failure unknown-operation"]],
  ["CP-51 A+", "A+ a\r\n", ["failure unknown-operation"]],
  ["CP-55 payload longer", "PUB a 2\r\nokay\r\n", ["failure unknown-operation"]],
  ["CP-55 payload shorter", "PUB a 4\r\nok\r\nPING\r\n", ["failure unknown-operation"]],
  ["CP-55 payload ended by LF", "PUB a 2\r\nok\nPING\r\n", ["failure unknown-operation"]],
  [
    "CP-55 payload ended by LF, nothing behind it",
    "PUB a 2\r\nok\n",
    ["failure unknown-operation"],
  ],
  ["CP-55 payload ended by CR only", "PUB a 2\r\nok\rX", ["failure unknown-operation"]],
  ["CP-55 HPUB payload longer", "HPUB a 1 2\r\nokay\r\n", ["failure unknown-operation"]],
  ["CP-56 CR within an argument", "PUB a\rb 2\r\nok\r\n", ["failure arguments"]],
  ["CP-56 CR CR LF", "PUB a 2\r\r\nok\r\n", ["failure arguments"]],
  ["CP-56 CR within SUB", "SUB a\rb 1\r\n", ["failure arguments"]],
  ["CP-56 LF for the first argument", "PUB \nfoo 2\r\nok\r\n", ["failure arguments"]],
  ["CP-56 SUB, 1 argument", "SUB a\r\n", ["failure arguments"]],
  ["CP-56 SUB, 4 arguments", "SUB a b c d\r\n", ["failure arguments"]],
  ["CP-56 SUB, 9 arguments", "SUB a b c d e f g h i\r\n", ["failure arguments"]],
  ["CP-56 SUB, none", "SUB \r\n", ["failure arguments"]],
  ["CP-56 UNSUB, none", "UNSUB \t\r\n", ["failure arguments"]],
  ["CP-56 UNSUB, 3 arguments", "UNSUB a b c\r\n", ["failure arguments"]],
  ["CP-56 PUB, 1 argument", "PUB a\r\n", ["failure arguments"]],
  ["CP-56 PUB, 1 number", "PUB 5\r\nhello\r\n", ["failure arguments"]],
  ["CP-56 PUB, 4 arguments", "PUB a b c 1\r\nx\r\n", ["failure arguments"]],
  ["CP-56 HPUB, 2 arguments", "HPUB a 1\r\nx\r\n", ["failure arguments"]],
  ["CP-56 HPUB, 5 arguments", "HPUB a b c 1 1\r\nx\r\n", ["failure arguments"]],
  ["CP-56 HPUB header > total", "HPUB a 2 1\r\nx\r\n", ["failure arguments"]],
  ["CP-56 HPUB header is no number", "HPUB a x 1\r\nx\r\n", ["failure arguments"]],
  ["CP-53 payload", "PUB a 1048577\r\n", ["failure payload"]],
  ["CP-53 payload of nine digits", "PUB a 999999999\r\n", ["failure payload"]],
  ["CP-54 HPUB payload", "HPUB a 1 1048577\r\n", ["failure payload"]],
  ["CP-52 SUB of 4096", `SUB ${LONG} 1\r\n`, [`subscribe ${JSON.stringify([LONG, "-", "1"])}`]],
  ["CP-52 SUB of 4097", `SUB ${LONG}a 1\r\n`, ["failure control-line"]],
  ["CP-52 PUB of 4096", `PUB ${LONG} 0\r\n\r\n`, [publish(LONG, "-", "0\r\n", "")]],
  ["CP-52 PUB of 4097", `PUB ${LONG}a 0\r\n\r\n`, ["failure control-line"]],
  ["CP-52 PUB of 4097 with reply", `PUB a ${LONG} 0\r\n\r\n`, ["failure control-line"]],
  ["CP-52 LF alone, 4096", `SUB ${LONG} 1\n`, [`subscribe ${JSON.stringify([LONG, "-", "1"])}`]],
  ["CP-52 LF alone, 4097", `SUB ${LONG}a 1\n`, ["failure control-line"]],
  ["CP-52 endless line", `CONNECT ${LONG}aaa`, ["failure control-line"]],
  ["CP-52 endless blanks", `PUB ${" ".repeat(4097)}`, ["failure control-line"]],
  ["CP-52 endless PING", `PING${"x".repeat(4097)}`, ["failure control-line"]],
];

for (const size of ["-1", "+5", "0x10", "1e3", "5.0", "five", "5,", "1000000000", "0000000005"]) {
  test(`CP-56 attack 11: size ${size} closes without a word`, () => {
    expect(parse(`PUB a ${size}\r\nhello\r\n`)).toEqual(["failure arguments"]);
    expect(parse(`PUB a b ${size}\r\nhello\r\n`)).toEqual(["failure arguments"]);
    expect(parse(`HPUB a 1 ${size}\r\nhello\r\n`)).toEqual(["failure arguments"]);
    expect(parse(`HPUB a ${size} 5\r\nhello\r\n`)).toEqual(["failure arguments"]);
  });
}

for (const size of ["2147483648", "9007199254740992", "9223372036854775808", "9".repeat(4000)]) {
  test(`CP-56 attack 11: size of ${size.length} digits does not overflow`, () => {
    expect(parse(`PUB a ${size}\r\nhello\r\n`)).toEqual(["failure arguments"]);
    expect(parse(`PUB a b ${size}\r\nhello\r\n`)).toEqual(["failure arguments"]);
  });
}

describe("operations", () => {
  test.each(CASES)("%s", (_name, input, events) => {
    expect(parse(input)).toEqual(events);
  });

  test.each(CASES)("CP-68 any split, %s", (_name, input, events) => {
    const bytes = Buffer.from(input, "latin1");
    const step = Math.max(1, Math.floor(bytes.length / 200));
    for (let cut = 0; cut <= bytes.length; cut += step) {
      const session = new RecordingSession();
      feedPieces(new ClientParser(SEED), session, [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(session.events).toEqual(events);
    }
  });

  test("CP-68 one byte at a time, all cases in one stream", () => {
    const good = CASES.filter(([, , events]) => !events.some((text) => text.startsWith("failure")));
    const bytes = Buffer.from(good.map(([, input]) => input).join(""), "latin1");
    const session = new RecordingSession();
    const pieces = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    const consumed = feedPieces(new ClientParser(SEED), session, pieces);
    expect(session.events).toEqual(good.flatMap(([, , events]) => events));
    expect(consumed).toBe(bytes.length);
  });
});

describe("contract", () => {
  test("needBytes reaches to the end of the body once the control line is there", () => {
    const parser = new ClientParser(SEED);
    const session = new RecordingSession();
    const bytes = Buffer.from(`PING\r\nPUB a 100\r\n${"x".repeat(100)}\r\n`);
    const bodyEnd = bytes.length - 2;
    expect(parser.feed(bytes, 0, 12, session)).toBe(6);
    expect(parser.needBytes).toBe(0);
    for (const end of [17, 50, bodyEnd]) {
      expect(parser.feed(bytes, 6, end, session)).toBe(6);
      expect(parser.needBytes).toBe(bodyEnd + 1 - 6);
      expect(parser.stopped).toBe(false);
    }
    expect(parser.feed(bytes, 6, bodyEnd + 1, session)).toBe(6);
    expect(parser.needBytes).toBe(bodyEnd + 2 - 6);
    expect(parser.feed(bytes, 6, bytes.length, session)).toBe(bytes.length);
    expect(parser.needBytes).toBe(0);
  });

  test("a parked publish is not consumed and comes again", () => {
    const session = new RecordingSession();
    session.parks = 2;
    const parser = new ClientParser(SEED);
    const bytes = Buffer.from("PING\r\nPUB a 1\r\nx\r\nPING\r\n");
    let position = 0;
    for (const expected of [6, 6, bytes.length]) {
      position = parser.feed(bytes, position, bytes.length, session);
      expect(position).toBe(expected);
      expect(parser.stopped).toBe(expected === 6);
    }
    expect(session.events).toEqual(["ping ", publish("a", "-", "1\r\n", "x"), "ping "]);
  });

  test("a parked publish in another spelling is not consumed either", () => {
    const session = new RecordingSession();
    session.parks = 1;
    const parser = new ClientParser(SEED);
    const bytes = Buffer.from("PUB a 1\nx\r\n");
    expect(parser.feed(bytes, 0, bytes.length, session)).toBe(0);
    expect(parser.stopped).toBe(true);
    expect(parser.feed(bytes, 0, bytes.length, session)).toBe(bytes.length);
    expect(parser.stopped).toBe(false);
  });

  test.each([
    ["connect", "CONNECT {}\r\n"],
    ["subscribe", "SUB a 1\r\n"],
    ["unsubscribe", "UNSUB 1\r\n"],
    ["ping", "PING\r\n"],
    ["pong", "PONG\r\n"],
  ])("after %s a handler that returns false stops behind the operation", (kind, operation) => {
    const session = new RecordingSession();
    session.stopAt = kind;
    const parser = new ClientParser(SEED);
    const bytes = Buffer.from(`${operation}${operation}`);
    expect(parser.feed(bytes, 0, bytes.length, session)).toBe(operation.length);
    expect(parser.stopped).toBe(true);
    expect(session.events.length).toBe(1);
  });

  test("CP-33 the first byte of anything but CONNECT is refused at once", () => {
    for (const first of ["P", "p", "S", "+", "\u0000", "I"]) {
      const session = new RecordingSession();
      session.awaitingConnect = true;
      expect(parse(first, session)).toEqual(["early "]);
    }
  });

  test("CP-33 with an implicit login the operation goes on", () => {
    const session = new RecordingSession();
    session.awaitingConnect = true;
    session.earlyAllowed = true;
    const bytes = Buffer.from("PUB a 1\r\nx\r\nPING\r\n");
    const pieces = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    feedPieces(new ClientParser(SEED), session, pieces);
    expect(session.events).toEqual(["early ", publish("a", "-", "1\r\n", "x"), "ping "]);
  });

  test("CP-33 CONNECT ends the waiting within one chunk", () => {
    const session = new RecordingSession();
    session.awaitingConnect = true;
    const events = parse("connect {}\r\nPUB a 1\r\nx\r\n", session);
    expect(events).toEqual(["connect {}", publish("a", "-", "1\r\n", "x")]);
  });

  test("CP-57 HPUB without header support, whatever its arguments", () => {
    for (const line of ["HPUB a 18 20\r\n", "HPUB a\r\n", "HPUB a 1 99999999\r\n"]) {
      const session = new RecordingSession();
      session.headersEnabled = false;
      expect(parse(line, session)).toEqual(["failure headers-unsupported"]);
    }
  });

  test("CP-52, CP-53 limits are those of the session, and read again after each operation", () => {
    class Shrinking extends RecordingSession {
      override onPing(): boolean {
        this.payloadBytesMax = 1;
        this.controlLineBytesMax = 8;
        return super.onPing();
      }
    }
    const start = "PUB a 2\r\nok\r\nPING\r\n";
    expect(parse(`${start}PUB a 2\r\n`, new Shrinking()).at(-1)).toBe("failure payload");
    expect(parse(`${start}PUB a 2\r\nok\r\n`, new Shrinking()).at(-1)).toBe("failure payload");
    expect(parse(`${start}PUB aaaaaaa 1\r\n`, new Shrinking()).at(-1)).toBe("failure control-line");
    expect(parse(`${start}PUB aaaaaa 1\r\nx\r\n`, new Shrinking()).length).toBe(3);
  });

  test("CP-53 the size of a message that is too large is told, however long its line is", () => {
    class Sizes extends RecordingSession {
      override onParseFailure(...parts: FailureParts): void {
        this.events.push(`${parts[0]} ${parts[4]}`);
      }
    }
    const size = 2_000_000;
    for (const line of [`PUB ${"a".repeat(300)} ${size}`, `HPUB a 12 ${size}`]) {
      expect(parse(`${line}\r\n`, new Sizes())).toEqual([`payload ${size}`]);
    }
    expect(parse("PUB a\r\n", new Sizes())).toEqual(["arguments 0"]);
  });

  test("LG-12 the excerpt of a CONNECT is its verb", () => {
    class Excerpts extends RecordingSession {
      override onParseFailure(_failure: string, input: Buffer, start: number, end: number): void {
        this.events.push(input.toString("latin1", start, end));
      }
    }
    const secret = `connect {"pass":"${"s".repeat(5000)}`;
    expect(parse(secret, new Excerpts())).toEqual(["connect"]);
    expect(parse(`PUB ${"a".repeat(5000)}`, new Excerpts())[0]?.length).toBe(128);
  });
});
