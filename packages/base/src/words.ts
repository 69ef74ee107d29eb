// Copying and comparing short runs of bytes, in steps of eight and four. Any thread.
//
// The inner loops of the product move 10 to 300 bytes at a time. A byte loop over typed arrays costs
// some 2 ns per byte, `Buffer.copy` some 60 ns per call; eight bytes through a DataView cost one
// unaligned load and store (bench: micro steps). The BigInts never exist once V8 has optimised the
// caller. Must stay true: source and destination do not overlap; what is read lies in the buffer.

/** From this size on `Buffer.copy` is faster. */
export const WORD_COPY_BYTES_MAX = 384;

/** The largest ring. */
const REMEMBERED_BYTES_MAX = 4 * 1024 * 1024;

const NOTHING = Buffer.alloc(0);
let knownBytes: Buffer = NOTHING;
let knownView = makeView(NOTHING);
let olderBytes: Buffer = NOTHING;
let olderView = knownView;
let oldestBytes: Buffer = NOTHING;
let oldestView = knownView;

/** A view of all of `bytes`; remembers the last three: what was read, and what was written anew. */
export function viewOf(bytes: Buffer): DataView {
  return bytes === knownBytes ? knownView : otherView(bytes);
}

/** A view of all of `bytes`, for who keeps it beside them. */
export function makeView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function otherView(bytes: Buffer): DataView {
  // Only what comes again is worth it, and large memory is not to be kept alive by it.
  if (bytes.length > REMEMBERED_BYTES_MAX) return makeView(bytes);
  let view = olderView;
  if (bytes !== olderBytes) {
    view = bytes === oldestBytes ? oldestView : makeView(bytes);
    oldestBytes = olderBytes;
    oldestView = olderView;
  }
  olderBytes = knownBytes;
  olderView = knownView;
  knownBytes = bytes;
  knownView = view;
  return view;
}

/** Copies `from[start, end)` to `to[at...]` and returns the offset behind it. */
export function copyWords(
  from: DataView,
  start: number,
  end: number,
  to: DataView,
  at: number,
): number {
  const bytes = end - start;
  if (bytes >= 8) {
    const last = end - 8;
    const shift = at - start;
    for (let k = start; k < last; k += 8)
      to.setBigInt64(k + shift, from.getBigInt64(k, true), true);
    // The last step overlaps the one before it.
    to.setBigInt64(last + shift, from.getBigInt64(last, true), true);
    return at + bytes;
  }
  if (bytes >= 4) {
    to.setInt32(at, from.getInt32(start, true), true);
    to.setInt32(at + bytes - 4, from.getInt32(end - 4, true), true);
    return at + bytes;
  }
  for (let k = 0; k < bytes; k += 1) to.setUint8(at + k, from.getUint8(start + k));
  return at + bytes;
}

/** True when `bytes` bytes at `left[leftStart]` and at `right[rightStart]` are the same. */
export function equalWords(
  left: DataView,
  leftStart: number,
  right: DataView,
  rightStart: number,
  bytes: number,
): boolean {
  if (bytes >= 4) {
    const last = bytes - 4;
    for (let k = 0; k < last; k += 4) {
      if (left.getInt32(leftStart + k, true) !== right.getInt32(rightStart + k, true)) return false;
    }
    return left.getInt32(leftStart + last, true) === right.getInt32(rightStart + last, true);
  }
  for (let k = 0; k < bytes; k += 1) {
    if (left.getUint8(leftStart + k) !== right.getUint8(rightStart + k)) return false;
  }
  return true;
}
