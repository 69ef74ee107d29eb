// Reads of busy connections beside quiet ones: handled in slices, in order, each byte once, whatever
// the session does between two of them.
import { LIMITS } from "@weft/base";
import { afterEach, expect, test } from "vitest";
import { type RecordingSession, TestServer, until } from "./test-peers.ts";

let server: TestServer | undefined;
afterEach(() => server?.stop());

const TOTAL = 4 * 1024 * 1024;
/** Every position of the stream is told by its bytes. */
const STREAM = Buffer.alloc(TOTAL);
for (let at = 0; at < TOTAL; at += 4) STREAM.writeUInt32LE(at, at);
const QUIET = 0x51;

interface Flood {
  /** Bytes of the flood so far, in order. */
  seen: number;
  largest: number;
  session: RecordingSession | undefined;
}

/** One connection that sends `STREAM`, beside one that never stops asking. */
async function flooded(between: (flood: Flood) => void): Promise<Flood> {
  const flood: Flood = { seen: 0, largest: 0, session: undefined };
  const onBytes = (bytes: Buffer, session: RecordingSession): void => {
    if (bytes[0] === QUIET && bytes.length === 1) {
      session.transport.write([Buffer.from("P")]);
      return;
    }
    flood.session = session;
    flood.largest = Math.max(flood.largest, bytes.length);
    expect(bytes.equals(STREAM.subarray(flood.seen, flood.seen + bytes.length))).toBe(true);
    flood.seen += bytes.length;
    between(flood);
  };
  server = await new TestServer({
    onOpen: (session) => {
      session.keepChunks = false;
      session.react = onBytes;
    },
  }).start();
  const quiet = await server.connect();
  quiet.socket.on("data", () => quiet.socket.write("Q"));
  quiet.socket.write("Q");
  // Quiet enough to be known as such.
  await until(() => (server?.sessions[0]?.writesDone ?? 0) > 8);
  const busy = await server.connect();
  busy.socket.write(STREAM);
  return flood;
}

test("all bytes come in order, most of them in slices", async () => {
  let slices = 0;
  const flood = await flooded((now) => {
    if (now.largest <= LIMITS.sliceBytesBesideQuiet) slices += 1;
  });
  await until(() => flood.seen === TOTAL, 10_000);
  expect(slices).toBeGreaterThan(TOTAL / LIMITS.sliceBytesBesideQuiet / 4);
});

test("a session that pauses between slices gets nothing until it resumes", async () => {
  let paused = false;
  let pauses = 0;
  const flood = await flooded((now) => {
    expect(paused).toBe(false);
    if (pauses >= 50) return;
    pauses += 1;
    paused = true;
    now.session?.transport.pauseReading();
    const resume = (): void => {
      paused = false;
      now.session?.transport.resumeReading();
    };
    if (pauses % 3 === 0) setTimeout(resume, 2);
    else if (pauses % 3 === 1) setImmediate(resume);
    else resume();
  });
  await until(() => flood.seen === TOTAL, 10_000);
  expect(pauses).toBe(50);
});

test.each(["destroy", "end"] as const)("after %s no further slice comes", async (how) => {
  let atEnd = 0;
  const flood = await flooded((now) => {
    if (now.seen < 64 * 1024) return;
    expect(atEnd).toBe(0);
    atEnd = now.seen;
    now.session?.transport[how]();
  });
  await until(() => (flood.session?.closedCount ?? 0) === 1);
  expect(flood.seen).toBe(atEnd);
});

test("a session that throws between slices costs its connection only", async () => {
  const flood = await flooded((now) => {
    if (now.seen > 64 * 1024) throw new Error("bad slice");
  });
  await until(() => (flood.session?.closedCount ?? 0) === 1);
  expect(server?.faults).toHaveLength(1);
  const answered = server?.sessions[0]?.writesDone ?? 0;
  await until(() => (server?.sessions[0]?.writesDone ?? 0) > answered);
});
