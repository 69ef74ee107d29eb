// The size of one read follows from how long its handling takes and how many others there are.
import { LIMITS } from "@weft/base";
import { afterEach, expect, test, vi } from "vitest";
import { largestReadStep, nextReadStep, READ_SIZES } from "./read-size.ts";
import { SocketDriver } from "./socket-driver.ts";
import { type RecordingSession, TestServer, until } from "./test-peers.ts";

let server: TestServer | undefined;
let stopCounting = (): void => undefined;
afterEach(async () => {
  stopCounting();
  vi.restoreAllMocks();
  await server?.stop();
});

const TOTAL = 32 * 1024 * 1024;
const SMALLEST = LIMITS.readChunkBytes;
const LARGEST = LIMITS.readBytesMax;
/** Every position is told by its bytes. */
const STREAM = Buffer.alloc(TOTAL);
for (let at = 0; at < TOTAL; at += 4) STREAM.writeUInt32LE(at, at);

/** One call of a session. */
interface Slice {
  readonly pass: number;
  readonly bytes: number;
  /** Bytes of the read that it is of. */
  readonly read: number;
  /** Bytes of the connection with it. */
  readonly seen: number;
}

interface Flow {
  readonly reads: number[];
  readonly slices: Slice[];
  seen: number;
}

/** Number of the present pass of the loop. */
function passes(): () => number {
  let pass = 0;
  let isCounting = true;
  const count = (): void => {
    pass += 1;
    if (isCounting) setImmediate(count);
  };
  count();
  stopCounting = () => {
    isCounting = false;
  };
  return () => pass;
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

interface Conditions {
  readonly connections?: number;
  readonly sliceMs?: (slice: Slice) => number;
  readonly after?: (session: RecordingSession, slice: Slice) => void;
  readonly onFlush?: () => void;
  readonly turnBytesMax?: () => number;
}

/** Connections that send `STREAM` at the same time, until all of it was seen. */
async function flow(conditions: Conditions): Promise<Flow[]> {
  const flows = new Map<unknown, Flow>();
  const flowOf = (transport: unknown): Flow => {
    const known = flows.get(transport) ?? { reads: [], slices: [], seen: 0 };
    flows.set(transport, known);
    return known;
  };
  const pass = passes();
  const before = SocketDriver.prototype.deliverRead;
  vi.spyOn(SocketDriver.prototype, "deliverRead").mockImplementation(function (
    this: SocketDriver,
    ...read
  ) {
    flowOf(read[0]).reads.push(read[3]);
    return before.apply(this, read);
  });
  const onBytes = (bytes: Buffer, session: RecordingSession): void => {
    const of = flowOf(session.transport);
    if (!bytes.equals(STREAM.subarray(of.seen, of.seen + bytes.length))) throw new Error("mixed");
    of.seen += bytes.length;
    const read = of.reads.at(-1) as number;
    const slice = { pass: pass(), bytes: bytes.length, read, seen: of.seen };
    of.slices.push(slice);
    spin(conditions.sliceMs?.(slice) ?? 0);
    conditions.after?.(session, slice);
  };
  server = await new TestServer({
    ...conditions,
    onOpen: (session) => {
      session.keepChunks = false;
      session.react = onBytes;
    },
  }).start();
  const count = conditions.connections ?? 1;
  for (let made = 0; made < count; made += 1) (await server.connect()).socket.write(STREAM);
  const isDone = (): boolean => [...flows.values()].every(({ seen }) => seen === TOTAL);
  await until(() => server?.faults.length !== 0 || (flows.size === count && isDone()), 20_000);
  expect(server.faults).toEqual([]);
  return [...flows.values()];
}

function bytesByPass(slices: readonly Slice[]): number[] {
  const sums = new Map<number, number>();
  for (const { pass, bytes } of slices) sums.set(pass, (sums.get(pass) ?? 0) + bytes);
  return [...sums.values()];
}

function largest(sizes: readonly number[]): number {
  return Math.max(...sizes);
}

test("a step up where handling is quick, one down where it is slow, none beyond the ends", () => {
  expect(READ_SIZES).toEqual([SMALLEST, 2 * SMALLEST, LARGEST]);
  const next = (ms: number, isFull = true): number[] =>
    [0, 1, 2].map((step) => nextReadStep(step, 2, isFull, ms));
  expect(next(0.1)).toEqual([1, 2, 2]);
  expect(next(0.1, false)).toEqual([0, 1, 2]);
  expect(next(1)).toEqual([0, 1, 2]);
  expect(next(5)).toEqual([0, 0, 1]);
  expect(nextReadStep(2, 1, true, 0.1)).toBe(1);
});

test("reads are large for few connections, and where their flush is quick", () => {
  const MIB = 1024 * 1024;
  // From the smallest reads on, until nothing changes any more.
  const settled = (connections: number): number => {
    let stepMax = 0;
    for (let pass = 0; pass < 10; pass += 1) {
      const bytes = connections * (READ_SIZES[stepMax] as number);
      stepMax = largestReadStep(stepMax, bytes, 0.1, LARGEST);
    }
    return stepMax;
  };
  expect([1, 2, 3, 4, 5, 8, 500].map(settled)).toEqual([2, 2, 1, 1, 0, 0, 0]);
  expect(largestReadStep(2, 40 * MIB, 0.1, LARGEST)).toBe(1);
  expect(largestReadStep(2, MIB, 5, LARGEST)).toBe(0);
  const byOutbox = [LARGEST, 2 * SMALLEST, SMALLEST, 1];
  expect(byOutbox.map((most) => largestReadStep(2, SMALLEST, 0, most))).toEqual([2, 1, 0, 0]);
});

test("reads that are handled quickly grow; a session is given them in slices, all bytes in order", async () => {
  const [only] = await flow({});
  expect(largest(only!.reads)).toBeGreaterThan(SMALLEST);
  expect(largest(only!.reads)).toBeLessThanOrEqual(LARGEST);
  expect(largest(only!.slices.map(({ bytes }) => bytes))).toBe(SMALLEST);
});

test("what is left of a read that takes long comes in later passes", async () => {
  const [only] = await flow({ sliceMs: ({ read }) => (read === LARGEST ? 4 : 0) });
  const late = only!.slices.filter(({ read }) => read === LARGEST);
  expect(late.length).toBeGreaterThan(0);
  // The end of one read and the beginning of the next: others are heard between them.
  expect(largest(bytesByPass(late))).toBeLessThanOrEqual(2 * SMALLEST);
});

test("whoever is slow for large reads only does not read on in the same pass", async () => {
  let slow = false;
  const [only] = await flow({
    sliceMs: ({ bytes, seen }) => {
      if (seen % LARGEST < bytes) slow = !slow;
      return slow ? 4 : 0;
    },
  });
  expect(largest(bytesByPass(only!.slices))).toBeLessThanOrEqual(LARGEST);
});

test("a session that pauses in each read gets all bytes; its reads shrink where they take long", async () => {
  const [only] = await flow({
    sliceMs: ({ seen }) => (seen > TOTAL / 2 ? 4 : 0),
    after: (session) => {
      session.transport.pauseReading();
      setImmediate(() => session.transport.resumeReading());
    },
  });
  let end = 0;
  const late = only!.reads.filter((size) => {
    end += size;
    return end - size > TOTAL / 2 + 4 * LARGEST;
  });
  expect(largest(only!.reads)).toBeGreaterThan(SMALLEST);
  expect(largest(late)).toBeLessThanOrEqual(SMALLEST);
});

test("reads stay small where outboxes are, and where the flush of a pass takes long", async () => {
  const [bounded] = await flow({ turnBytesMax: () => SMALLEST });
  expect(largest(bounded!.reads)).toBe(SMALLEST);
  await server?.stop();
  vi.restoreAllMocks();
  stopCounting();
  const both = await flow({ connections: 2, onFlush: () => spin(4) });
  for (const { reads } of both) expect(largest(reads.slice(4))).toBeLessThanOrEqual(SMALLEST);
});
