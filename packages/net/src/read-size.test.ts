// The size of one read follows from how long its handling takes.
import { LIMITS } from "@weft/base";
import { afterEach, expect, test } from "vitest";
import { nextReadStep, READ_SIZES } from "./read-size.ts";
import { TestServer, until } from "./test-peers.ts";

let server: TestServer | undefined;
afterEach(() => server?.stop());

const TOTAL = 32 * 1024 * 1024;
const LARGEST = 4 * LIMITS.readChunkBytes;

/** The sizes of all reads of one connection that sends `TOTAL` bytes; each is handled for `ms`. */
async function readsHandledFor(handledMs: (bytesSeen: number) => number): Promise<number[]> {
  const sizes: number[] = [];
  let seen = 0;
  server = await new TestServer({
    onOpen: (session) => {
      session.keepChunks = false;
      session.react = (bytes) => {
        const firstWord = bytes.length >= 4 ? bytes.readUInt32LE((4 - (seen % 4)) % 4) : undefined;
        if (firstWord !== undefined) expect(firstWord).toBe(Math.ceil(seen / 4));
        seen += bytes.length;
        sizes.push(bytes.length);
        const end = performance.now() + handledMs(seen);
        while (performance.now() < end);
      };
    },
  }).start();
  const stream = Buffer.alloc(TOTAL);
  for (let at = 0; at < TOTAL; at += 4) stream.writeUInt32LE(at / 4, at);
  const client = await server.connect();
  client.socket.write(stream);
  await until(() => seen === TOTAL, 10_000);
  client.socket.destroy();
  return sizes;
}

test("a step up where handling is quick, one down where it is slow, none beyond the ends", () => {
  expect(READ_SIZES).toEqual([LIMITS.readChunkBytes, 2 * LIMITS.readChunkBytes, LARGEST]);
  expect([0, 1, 2].map((step) => nextReadStep(step, 0.1))).toEqual([1, 2, 2]);
  expect([0, 1, 2].map((step) => nextReadStep(step, 1))).toEqual([0, 1, 2]);
  expect([0, 1, 2].map((step) => nextReadStep(step, 5))).toEqual([0, 0, 1]);
});

test("reads that are handled quickly grow, and every byte comes once and in order", async () => {
  const sizes = await readsHandledFor(() => 0);
  expect(Math.max(...sizes)).toBeGreaterThan(LIMITS.readChunkBytes);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(LARGEST);
});

test("reads that take long stay small, and become small again", async () => {
  const sizes = await readsHandledFor((seen) => (seen > TOTAL / 2 ? 4 : 0));
  // Two slow reads bring the largest back to the smallest.
  let end = 0;
  const late = sizes.filter((size) => {
    end += size;
    return end > TOTAL / 2 + 4 * LARGEST;
  });
  expect(late.length).toBeGreaterThan(0);
  expect(Math.max(...late)).toBeLessThanOrEqual(LIMITS.readChunkBytes);
});
