// Snappy's framing format (SY-26), writing only. Control thread; pure.
//
//   stream := identifier chunk*
//   chunk  := kind u8 | bytes u24 | checksum u32 | block or bytes as they are
//   block  := length varint, then literals and copies of what stands before
//
// Must stay true: a chunk holds at most 64 KiB of input and is compressed only if that makes it
// smaller; the checksum is the masked CRC-32C of the input.

const IDENTIFIER = Buffer.from("ff060000734e61507059", "hex");
const COMPRESSED = 0;
const PLAIN = 1;
const CHUNK_BYTES = 65_536;
const HASH_BITS = 14;
const MATCH_BYTES_MIN = 4;
const COPY_BYTES_MAX = 64;

const CRC_TABLE = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
  CRC_TABLE[byte] = value;
}

/** CRC-32C, masked as the format wants it. */
function maskedChecksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The whole stream for `input`. */
export function snappyStream(input: Buffer): Buffer {
  return Buffer.concat([...snappyChunks(input)]);
}

/** The same piece by piece, each made of at most 64 KiB of input. */
export function* snappyChunks(input: Buffer): Generator<Buffer, void> {
  yield IDENTIFIER;
  for (let start = 0; start < input.length; start += CHUNK_BYTES) {
    const bytes = input.subarray(start, start + CHUNK_BYTES);
    const block = snappyBlock(bytes);
    const isSmaller = block.length < bytes.length;
    const content = isSmaller ? block : bytes;
    const head = Buffer.alloc(8);
    head[0] = isSmaller ? COMPRESSED : PLAIN;
    head.writeUIntLE(content.length + 4, 1, 3);
    head.writeUInt32LE(maskedChecksum(bytes), 4);
    yield Buffer.concat([head, content]);
  }
}

/** One block of at most 64 KiB. */
export function snappyBlock(input: Buffer): Buffer {
  const out = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6));
  const table = new Uint16Array(1 << HASH_BITS);
  let at = 0;
  for (let rest = input.length; ; rest >>>= 7) {
    out[at++] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
    if (rest < 0x80) break;
  }
  let next = 0;
  let position = 1;
  while (position + MATCH_BYTES_MIN <= input.length) {
    const word = input.readInt32LE(position);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[slot] as number;
    table[slot] = position;
    if (candidate >= position || input.readInt32LE(candidate) !== word) {
      // The longer nothing is found, the larger the steps: what cannot be compressed costs little.
      position += 1 + ((position - next) >>> 5);
      continue;
    }
    at = writeLiteral(input, next, position, out, at);
    let end = position + MATCH_BYTES_MIN;
    while (end < input.length && input[end] === input[end - position + candidate]) end += 1;
    at = writeCopies(end - position, position - candidate, out, at);
    next = end;
    position = end;
  }
  at = writeLiteral(input, next, input.length, out, at);
  return out.subarray(0, at);
}

function writeLiteral(input: Buffer, start: number, end: number, out: Buffer, to: number): number {
  const length = end - start;
  if (length === 0) return to;
  let at = to;
  if (length <= 60) {
    out[at++] = (length - 1) << 2;
  } else if (length <= 256) {
    out[at++] = 60 << 2;
    out[at++] = length - 1;
  } else {
    out[at++] = 61 << 2;
    at = out.writeUInt16LE(length - 1, at);
  }
  return at + input.copy(out, at, start, end);
}

/** Copies with a distance of two bytes. */
function writeCopies(length: number, distance: number, out: Buffer, to: number): number {
  let at = to;
  for (let left = length; left > 0; ) {
    const bytes = Math.min(left, COPY_BYTES_MAX);
    out[at++] = ((bytes - 1) << 2) | 2;
    at = out.writeUInt16LE(distance, at);
    left -= bytes;
  }
  return at;
}
