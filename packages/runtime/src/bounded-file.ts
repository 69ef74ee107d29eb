// Reads a file that an operator named: a configuration, a certificate, a key. Control thread. Must
// stay true: whatever the name stands for, reading ends, soon and with bounded memory. A pipe without
// a writer blocks whoever opens it as a file, and a device such as /dev/zero has no end.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { LIMITS } from "@weft/base";

const PIECE_BYTES = 64 * 1024;
const LOOK_EVERY_MS = 5;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** The file has more than it may have, or nothing comes from it. */
export class FileBoundError extends Error {}

/**
 * All bytes of `path`; a pipe such as `<(...)` is waited for. Throws what the system says, or
 * {@link FileBoundError} without the name of the file.
 */
export function readBoundedFile(
  path: string,
  bytesMax: number,
  waitMs: number = LIMITS.pipeWaitMs,
): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readAll(descriptor, bytesMax, waitMs);
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, bytesMax: number, waitMs: number): Buffer {
  const isPipe = fstatSync(descriptor).isFIFO();
  const pieces: Buffer[] = [];
  let length = 0;
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    const read = readNow(descriptor, piece);
    // Nothing so far from a pipe: nobody writes to it yet.
    const isOver = read === 0 && !(isPipe && length === 0);
    if (isOver) return Buffer.concat(pieces, length);
    if (read !== undefined && read > 0) {
      pieces.push(piece.subarray(0, read));
      length += read;
      if (length > bytesMax) throw new FileBoundError(`larger than ${bytesMax} bytes`);
    } else if (performance.now() > deadlineMs) {
      throw new FileBoundError(`nothing comes from it within ${waitMs} ms`);
    } else {
      Atomics.wait(sleeper, 0, 0, LOOK_EVERY_MS);
    }
  }
}

/** Undefined = nothing is there now. */
function readNow(descriptor: number, into: Buffer): number | undefined {
  try {
    return readSync(descriptor, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}
