// Cases of the ring between two threads, both ends on one thread: what a frame costs without the
// travel of cache lines.
import {
  type FrameHandler,
  RingReader,
  RingWriter,
  ringRegionBytes,
  sharedRegion,
} from "@weft/shm";
import type { MicroCase } from "./micro-case.ts";

const RING_BYTES = 256 * 1024;

class SummingHandler implements FrameHandler {
  sum = 0;

  onFrame(bytes: Buffer, start: number, end: number): boolean {
    this.sum = (this.sum + (bytes[start] ?? 0) + end - start) | 0;
    return true;
  }
  onSlabReference(): boolean {
    throw new Error("no slab was sent");
  }
}

/** `perTurn` frames are written, published at once and drained. */
function ringCase(frameBytes: number, perTurn: number): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const region = sharedRegion(ringRegionBytes(RING_BYTES));
    const writer = new RingWriter(region);
    const reader = new RingReader(region);
    const handler = new SummingHandler();
    const frame = Buffer.alloc(frameBytes, 0x61);
    return (count) => {
      for (let done = 0; done < count; done += perTurn) {
        for (let n = 0; n < perTurn; n++) {
          const start = writer.reserve(frameBytes);
          if (start < 0) throw new Error("the ring is full");
          writer.bytes.set(frame, start);
          writer.commit();
        }
        writer.publish();
        reader.drain(handler, RING_BYTES);
      }
      return handler.sum;
    };
  };
  return { name: `ring: ${frameBytes} B, ${perTurn} per turn`, unit: "frame", prepare };
}

export const ringCases: readonly MicroCase[] = [
  ringCase(64, 1),
  ringCase(64, 256),
  ringCase(1152, 16),
];
