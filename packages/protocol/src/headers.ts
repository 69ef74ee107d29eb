// Reading and changing a NATS/1.0 header block (CP-42, CP-58, CP-71). Thread: worker; off the plain
// path of a message. What must stay true: blocks are untrusted, as published ones are not checked
// (CP-58): every function accepts any bytes, is linear in them and never throws.
//
//   block  = [status] CRLF *(key ":" *SP value CRLF) CRLF
//   status = "NATS/1.0" [SP code [SP text]]
//
// The first line is never a header. Keys keep their case and are looked up by exact bytes.

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

const STATUS_LINE = Buffer.from("NATS/1.0\r\n");
const LINE_END = Buffer.from("\r\n");

/** How keys are compared: by bytes, or also in another case and with blanks around (see below). */
export type KeyMatch = "exact" | "loose";

/** Position after the CRLF that ends the line at `start`, or the length of the block. */
function nextLine(block: Uint8Array, start: number): number {
  for (let at = start; at + 1 < block.length; at++) {
    if (block[at] === CR && block[at + 1] === LF) return at + 2;
  }
  return block.length;
}

/** End of the line whose successor starts at `next`, without CRLF. */
function lineEnd(block: Uint8Array, start: number, next: number): number {
  const ended = next - 2 >= start && block[next - 2] === CR && block[next - 1] === LF;
  return ended ? next - 2 : next;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/**
 * Position of the colon if the line at `start` has `key`, else -1. A loose match also takes a key
 * in another case, with blanks in front of it or of the colon: forms that no lookup of this server
 * finds, but that a tolerant receiver might.
 */
function keyEnd(
  block: Uint8Array,
  start: number,
  end: number,
  key: Uint8Array,
  match: KeyMatch,
): number {
  let at = start;
  if (match === "loose") while (at < end && isBlank(block[at])) at++;
  if (at + key.length >= end + 1) return -1;
  for (let i = 0; i < key.length; i++) {
    const expected = key[i]!;
    const actual = block[at + i]!;
    if (actual === expected) continue;
    const letter = (expected | 32) >= 97 && (expected | 32) <= 122;
    if (match === "exact" || !letter || (actual | 32) !== (expected | 32)) return -1;
  }
  at += key.length;
  if (match === "loose") while (at < end && isBlank(block[at])) at++;
  return at < end && block[at] === COLON ? at : -1;
}

/**
 * The value of the first header `key` as a view into `block`; undefined without one. Leading spaces
 * are not part of it. A value that the block cuts short counts.
 */
export function headerValue(block: Uint8Array, key: string): Uint8Array | undefined {
  const name = Buffer.from(key);
  let start = nextLine(block, 0);
  while (start < block.length) {
    const next = nextLine(block, start);
    const end = lineEnd(block, start, next);
    const colon = keyEnd(block, start, end, name, "exact");
    if (colon >= 0) {
      let value = colon + 1;
      while (value < end && block[value] === SPACE) value++;
      return block.subarray(value, end);
    }
    start = next;
  }
  return undefined;
}

/**
 * The block without any header `key`. Returns `block` itself when there is none. What stays may be
 * the status line alone: see `isEmptyBlock`.
 */
export function removeHeader(
  block: Uint8Array,
  key: string,
  match: KeyMatch = "exact",
): Uint8Array {
  const name = Buffer.from(key);
  const kept: Uint8Array[] = [];
  let copied = 0;
  let start = nextLine(block, 0);
  while (start < block.length) {
    const next = nextLine(block, start);
    if (keyEnd(block, start, lineEnd(block, start, next), name, match) >= 0) {
      kept.push(block.subarray(copied, start));
      copied = next;
    }
    start = next;
  }
  if (copied === 0) return block;
  kept.push(block.subarray(copied));
  return Buffer.concat(kept);
}

/** True when no header is left: a message with this block can go without one. */
export function isEmptyBlock(block: Uint8Array): boolean {
  const start = nextLine(block, 0);
  return start >= block.length || (start + 2 >= block.length && block[start] === CR);
}

/** Room that `copyWithHeader` may need beside the block and the line. */
export const HEADER_ROOM_BYTES = STATUS_LINE.length + LINE_END.length;

/**
 * The end of a block whose last header is `key` with `value`. Line ends in `value` become spaces,
 * so that it cannot add headers of its own (attack 48).
 */
export function lastHeader(key: string, value: string): Buffer {
  return Buffer.from(`${key}: ${value.replace(/[\r\n]/g, " ")}\r\n\r\n`);
}

/**
 * Copies `block` to `out` at `at` so that the header `key` occurs once, at the end: what has that
 * key, by a loose match, is left out, and `last` (see `lastHeader`) follows. A block without a line
 * is started with `NATS/1.0`. Returns where the copy ends. `out` must not share memory with `block`
 * and has room for `block`, `last` and `HEADER_ROOM_BYTES`.
 */
export function copyWithHeader(
  block: Uint8Array,
  key: Uint8Array,
  last: Uint8Array,
  out: Uint8Array,
  at: number,
): number {
  let end = at;
  let copied = 0;
  let start = nextLine(block, 0);
  while (start < block.length) {
    const next = nextLine(block, start);
    if (keyEnd(block, start, lineEnd(block, start, next), key, "loose") >= 0) {
      end = copyBytes(block, copied, start, out, end);
      copied = next;
    }
    start = next;
  }
  end = copyBytes(block, copied, block.length, out, end);
  if (end - at <= LINE_END.length) {
    end = copyBytes(STATUS_LINE, 0, STATUS_LINE.length, out, at);
  } else if (end - at >= 4 && endsLine(out, end) && endsLine(out, end - 2)) {
    end -= 2;
  } else if (!endsLine(out, end)) {
    end = copyBytes(LINE_END, 0, LINE_END.length, out, end);
  }
  return copyBytes(last, 0, last.length, out, end);
}

function endsLine(bytes: Uint8Array, end: number): boolean {
  return bytes[end - 2] === CR && bytes[end - 1] === LF;
}

function copyBytes(
  from: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  for (let k = start; k < end; k++) out[at + k - start] = from[k]!;
  return at + end - start;
}
