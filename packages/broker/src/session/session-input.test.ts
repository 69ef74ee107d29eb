// CP-68: any split of the same bytes gives the same operations, also when operations have to wait;
// memory follows what arrived, not what was announced.
import { createPrng, LIMITS } from "@weft/base";
import { type ClientOps, ClientParser, type PublishParts } from "@weft/protocol";
import { describe, expect, test, vi } from "vitest";
import { SessionInput } from "./session-input.ts";

const HEADROOM = 64;

/** Writes down what it is told; publishes park when `parks` says so. */
class Recorder implements ClientOps {
  readonly awaitingConnect = false;
  readonly headersEnabled = true;
  readonly controlLineBytesMax = 4_096;
  readonly payloadBytesMax = LIMITS.payloadBytesMax;
  readonly operations: string[] = [];
  parks: () => boolean = () => false;

  onEarlyOperation(): boolean {
    return true;
  }

  onPublish(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    _hash: number,
    replyStart: number,
    replyEnd: number,
    _tailStart: number,
    bodyStart: number,
    bodyEnd: number,
    headerBytes: number,
  ): boolean {
    if (this.parks()) return false;
    const subject = input.toString("latin1", subjectStart, subjectEnd);
    const reply = replyStart < 0 ? "" : input.toString("latin1", replyStart, replyEnd);
    const body = input.toString("latin1", bodyStart, bodyEnd);
    this.operations.push(`pub ${subject} ${reply} ${headerBytes} ${body}`);
    return true;
  }

  onTracedPublish(...publish: PublishParts): boolean {
    return this.onPublish(...publish);
  }

  onOversizedHeaders(): void {}

  onConnect(input: Buffer, start: number, end: number): boolean {
    this.operations.push(`connect ${input.toString("latin1", start, end)}`);
    return true;
  }

  onSubscribe(input: Buffer, start: number, ...positions: number[]): boolean {
    this.operations.push(`sub ${input.toString("latin1", start, positions.at(-1))}`);
    return true;
  }

  onUnsubscribe(input: Buffer, start: number, end: number, max: number): boolean {
    this.operations.push(`unsub ${input.toString("latin1", start, end)} ${max}`);
    return true;
  }

  onPing(): boolean {
    this.operations.push("ping");
    return true;
  }

  onPong(): boolean {
    this.operations.push("pong");
    return true;
  }

  onParseFailure(failure: string): void {
    this.operations.push(`failed ${failure}`);
  }
}

const SCRIPT = Buffer.from(
  [
    'CONNECT {"verbose":false}\r\n',
    "PING\r\nSUB a.* q 1\r\n",
    "PUB a.b 5\r\nhello\r\n",
    "pub a.c re.ply 0\r\n\r\n",
    "HPUB a.d 12 15\r\nNATS/1.0\r\n\r\nabc\r\n",
    "UNSUB 1 3\r\nPONG\r\nPUB a.e 3\nx\r\n\r\n",
    `PUB a.f 70\r\n${"y".repeat(70)}\r\n`,
  ].join(""),
  "latin1",
);

/** Feeds `pieces` as a session does: what comes while something waits is kept. */
function feedAll(pieces: readonly Buffer[], recorder: Recorder): void {
  const input = new SessionInput();
  const parser = new ClientParser(7);
  const read = Buffer.alloc(HEADROOM + 4_096);
  let waits = false;
  const resume = (): void => {
    input.resume(parser, recorder);
    waits = parser.stopped;
  };
  for (const piece of pieces) {
    piece.copy(read, HEADROOM);
    if (waits) input.keep(read, HEADROOM, HEADROOM + piece.length);
    else {
      input.feed(parser, recorder, read, HEADROOM, HEADROOM + piece.length, HEADROOM);
      waits = parser.stopped;
    }
    read.fill(0xdd);
    if (waits) resume();
  }
  for (let tries = 0; waits && tries < 10_000; tries += 1) resume();
  expect(input.isWaiting).toBe(false);
}

function inPieces(bytes: Buffer, size: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + size();
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

function wholeScript(): string[] {
  const recorder = new Recorder();
  feedAll([SCRIPT], recorder);
  expect(recorder.operations).toHaveLength(10);
  return recorder.operations;
}

describe("session input", () => {
  test("CP-68: every split in two", () => {
    const expected = wholeScript();
    for (let at = 1; at < SCRIPT.length; at += 1) {
      const recorder = new Recorder();
      feedAll([SCRIPT.subarray(0, at), SCRIPT.subarray(at)], recorder);
      expect(recorder.operations, `split at ${at}`).toEqual(expected);
    }
  });

  test("CP-68: byte by byte", () => {
    const recorder = new Recorder();
    feedAll(
      Array.from(SCRIPT, (_, at) => SCRIPT.subarray(at, at + 1)),
      recorder,
    );
    expect(recorder.operations).toEqual(wholeScript());
  });

  test("CP-68: random pieces, while publishes have to wait now and then", () => {
    const expected = wholeScript();
    const prng = createPrng(11);
    for (let run = 0; run < 400; run += 1) {
      const pieces = inPieces(SCRIPT, () => 1 + prng.below(1 + prng.below(120)));
      const recorder = new Recorder();
      recorder.parks = () => prng.below(3) === 0;
      feedAll(pieces, recorder);
      expect(recorder.operations, `run ${run}`).toEqual(expected);
    }
  });

  test("CP-68: a long rest that is parsed step by step while more comes", () => {
    const long = Buffer.concat(Array.from({ length: 40 }, () => SCRIPT));
    const whole = new Recorder();
    feedAll(
      inPieces(long, () => 4_000),
      whole,
    );
    const prng = createPrng(12);
    for (let run = 0; run < 40; run += 1) {
      const recorder = new Recorder();
      recorder.parks = () => prng.below(10) < 7;
      const most = 1 + prng.below(900);
      feedAll(
        inPieces(long, () => 1 + prng.below(most)),
        recorder,
      );
      expect(recorder.operations, `run ${run}`).toEqual(whole.operations);
    }
  });

  test("a rest of which each operation waits is not moved for each of them", () => {
    const count = 200_000;
    const input = new SessionInput();
    const parser = new ClientParser(7);
    const bytes = Buffer.from("PUB a 1\r\nx\r\n".repeat(count), "latin1");
    let calls = 0;
    const recorder = new Recorder();
    recorder.parks = () => {
      calls += 1;
      return calls % 2 === 1;
    };
    input.keep(bytes, 0, bytes.length);
    // 2.4 MB two hundred thousand times: minutes.
    const end = performance.now() + 5_000;
    while (input.isWaiting && performance.now() < end) input.resume(parser, recorder);
    expect(recorder.operations).toHaveLength(count);
  });

  test("a little that is left of a large rest does not hold its memory", () => {
    const whole = Buffer.from("PING\r\n".repeat(60_000), "latin1");
    const input = new SessionInput();
    const parser = new ClientParser(7);
    const recorder = new Recorder();
    input.keep(whole, 0, whole.length);
    const begun = Buffer.from("PUB a 5\r\nhe", "latin1");
    input.keep(begun, 0, begun.length);
    const allocate = vi.spyOn(Buffer, "allocUnsafeSlow");
    input.resume(parser, recorder);
    expect(allocate.mock.calls).toEqual([[begun.length]]);
    allocate.mockRestore();
    const read = Buffer.alloc(HEADROOM + 16);
    read.write("llo\r\n", HEADROOM, "latin1");
    input.feed(parser, recorder, read, HEADROOM, HEADROOM + 5, HEADROOM);
    expect(recorder.operations.at(-1)).toBe("pub a  -1 hello");
    expect(recorder.operations).toHaveLength(60_001);
  });

  test("memory follows what arrived", () => {
    const recorder = new Recorder();
    const input = new SessionInput();
    const parser = new ClientParser(7);
    const read = Buffer.alloc(HEADROOM + 256, "x");
    const allocate = vi.spyOn(Buffer, "allocUnsafeSlow");
    try {
      let arrived = 0;
      const feed = (bytes: number): void => {
        arrived += bytes;
        input.feed(parser, recorder, read, HEADROOM, HEADROOM + bytes, HEADROOM);
      };
      const line = "PUB a 1000000\r\n";
      read.write(line, HEADROOM, "latin1");
      feed(line.length);
      read.fill("x", HEADROOM);
      while (arrived < 20_000) feed(200);
      const sizes = allocate.mock.calls.map(([size]) => size);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * arrived);
      // Doubling: as many steps as there are powers of two, not one for each piece.
      expect(sizes.length).toBeLessThan(16);
    } finally {
      allocate.mockRestore();
    }
    expect(recorder.operations).toEqual([]);
    input.drop();
    expect(input.isWaiting).toBe(false);
  });

  test("publishes that come in pieces use the same memory again, also among each other", () => {
    const parser = new ClientParser(7);
    const inputs = Array.from({ length: 3 }, () => new SessionInput());
    const recorders = inputs.map(() => new Recorder());
    const read = Buffer.alloc(HEADROOM + 8_192);
    const publishes = ["x", "y", "z"].map((letter) =>
      Buffer.from(`PUB a 60000\r\n${letter.repeat(60_000)}\r\n`, "latin1"),
    );
    const round = (): void => {
      for (let at = 0; at < 60_020; at += 8_000) {
        for (const [place, input] of inputs.entries()) {
          const piece = (publishes[place] as Buffer).subarray(at, at + 8_000);
          piece.copy(read, HEADROOM);
          const end = HEADROOM + piece.length;
          input.feed(parser, recorders[place] as Recorder, read, HEADROOM, end, HEADROOM);
          read.fill(0xdd);
        }
      }
    };
    round();
    const allocate = vi.spyOn(Buffer, "allocUnsafeSlow");
    try {
      for (let count = 0; count < 20; count += 1) round();
      expect(allocate).not.toHaveBeenCalled();
    } finally {
      allocate.mockRestore();
    }
    for (const [place, letter] of ["x", "y", "z"].entries()) {
      const { operations } = recorders[place] as Recorder;
      expect(new Set(operations)).toEqual(new Set([`pub a  -1 ${letter.repeat(60_000)}`]));
      expect(operations).toHaveLength(21);
    }
  });
});
