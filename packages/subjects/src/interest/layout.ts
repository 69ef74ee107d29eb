// The byte layout of one segment of the interest index. Any thread; formatted once, before the
// threads that use it start. `docs/formats/interest-index.md` describes the same in prose.
//
//   segment  = header wild sketch buckets records
//   header   = 32 words: magic, version, recordsMax, bucketsCount, sketchCount, accountsCount,
//              owner (0, or the writer's thread index + 1), seed low, seed high, 23 reserved
//   wild     = accountsCount words: interests that begin with a wildcard, by account
//   sketch   = sketchCount words: counting filter over the first tokens of the other interests
//   buckets  = bucketsCount words: head record of each hash chain, 0 = empty
//   records  = (recordsMax + 1) records of 16 words; record 0 is never used, 0 means "none"
//   record   = node | queue | piece | free, told apart by the low three bits of its shape word
//
//   word   node                              queue                      piece         free
//   0  A   next in bucket chain              next in bucket chain       next piece C  next free
//   1  C   parent node (root: 0)             its node
//   2  C   token hash (root: account)        name hash
//   3  C   shape = kind | byte length << 3   the same                   the same      0
//   4  A   child `*`                         next queue of the node     bytes C
//   5  A   child `>`                         -                          .
//   6  A   plain interests                   weight                     .
//   7  A   first queue record                -                          .
//   8  W   children                          previous queue (0: first)  .
//   9  C   up to 28 bytes of token or name; if longer, the first piece  .
//
// A = changed only by atomic stores while published, C = constant while published,
// W = writer only. A piece holds 48 bytes from word 4 on.
import { assert } from "@weft/base";
import { seedTokenHash, tokenHashSeed } from "../token-hash.ts";
import { SharedWords, type WordMemory } from "./shared-words.ts";

/** "WIDX" in a little-endian dump. */
export const SEGMENT_MAGIC = 0x58444957;
export const SEGMENT_VERSION = 2;

const HEADER_WORDS = 32;
export const HEADER_MAGIC = 0;
export const HEADER_VERSION = 1;
const HEADER_RECORDS_MAX = 2;
const HEADER_BUCKETS_COUNT = 3;
const HEADER_SKETCH_COUNT = 4;
const HEADER_ACCOUNTS_COUNT = 5;
export const HEADER_OWNER = 6;
const HEADER_SEED_LOW = 7;
const HEADER_SEED_HIGH = 8;

export const RECORD_WORDS = 16;
export const RECORD_WORDS_SHIFT = 4;

export const NEXT = 0;
export const PARENT = 1;
export const HASH = 2;
export const SHAPE = 3;
export const STAR = 4;
export const FULL = 5;
export const PLAIN = 6;
export const QUEUE = 7;
export const CHILDREN = 8;
export const TEXT = 9;
export const QUEUE_NEXT = 4;
export const QUEUE_WEIGHT = 6;
export const QUEUE_PREVIOUS = 8;
export const PIECE_TEXT = 4;

export const TEXT_INLINE_BYTES = (RECORD_WORDS - TEXT) * 4;
export const PIECE_BYTES = (RECORD_WORDS - PIECE_TEXT) * 4;

export const KIND_BITS = 3;
export const KIND_MASK = 7;
export const KIND_FREE = 0;
export const KIND_ROOT = 1;
export const KIND_LITERAL = 2;
export const KIND_STAR = 3;
export const KIND_FULL = 4;
export const KIND_QUEUE = 5;
export const KIND_PIECE = 6;

/** Records are addressed by 32-bit word indexes, so a segment stays below 2^31 words. */
const RECORDS_MAX = 1 << 26;

/** The four sizes of a segment; all but `recordsMax` are powers of two. */
export interface SegmentSizes {
  readonly recordsMax: number;
  readonly bucketsCount: number;
  readonly sketchCount: number;
  readonly accountsCount: number;
}

/** Word positions of the parts of a segment. */
export interface SegmentLayout extends SegmentSizes {
  readonly wildAt: number;
  readonly sketchAt: number;
  readonly bucketsAt: number;
  readonly recordsAt: number;
  readonly wordsCount: number;
}

function powerOfTwoFrom(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

/**
 * Sizes for up to `nodesMax` records. A filter takes one record per token that it does not share,
 * one more per queue group, and one per 48 bytes of a token or queue name above 28 bytes.
 */
export function segmentSizes(nodesMax: number): SegmentSizes {
  const power = powerOfTwoFrom(Math.max(nodesMax, 64));
  return {
    recordsMax: nodesMax,
    bucketsCount: power,
    sketchCount: power,
    accountsCount: Math.min(65_536, power),
  };
}

function isPowerOfTwo(count: number): boolean {
  return count > 0 && (count & (count - 1)) === 0;
}

/** Positions for the given sizes; throws if a size is out of bounds. */
export function segmentLayout(sizes: SegmentSizes): SegmentLayout {
  const { recordsMax, bucketsCount, sketchCount, accountsCount } = sizes;
  assert(recordsMax > 0 && recordsMax < RECORDS_MAX, "segment: recordsMax in bounds");
  assert(isPowerOfTwo(bucketsCount), "segment: bucketsCount is a power of two");
  assert(isPowerOfTwo(sketchCount), "segment: sketchCount is a power of two");
  assert(isPowerOfTwo(accountsCount), "segment: accountsCount is a power of two");
  const wildAt = HEADER_WORDS;
  const sketchAt = wildAt + accountsCount;
  const bucketsAt = sketchAt + sketchCount;
  // Records start on a cache line, so that one look at a record costs one line.
  const recordsAt = (bucketsAt + bucketsCount + RECORD_WORDS - 1) & ~(RECORD_WORDS - 1);
  const wordsCount = recordsAt + (recordsMax + 1) * RECORD_WORDS;
  return { ...sizes, wildAt, sketchAt, bucketsAt, recordsAt, wordsCount };
}

/** Bytes of a region for up to `nodesMax` records. Pages that are never touched cost nothing. */
export function interestRegionBytes(nodesMax: number): number {
  return segmentLayout(segmentSizes(nodesMax)).wordsCount * 4;
}

/**
 * Writes the header of a segment into zeroed memory, with the hash seed of this thread. Done once by
 * the thread that allocates, before any other thread sees the region; everything else of an empty
 * segment is zero.
 */
export function formatSegment(memory: WordMemory, sizes: SegmentSizes): void {
  const layout = segmentLayout(sizes);
  assert(memory.wordsCount >= layout.wordsCount, "segment: the region is large enough");
  assert(memory.load(HEADER_MAGIC) === 0, "segment: formatted once");
  memory.write(HEADER_VERSION, SEGMENT_VERSION);
  memory.write(HEADER_RECORDS_MAX, sizes.recordsMax);
  memory.write(HEADER_BUCKETS_COUNT, sizes.bucketsCount);
  memory.write(HEADER_SKETCH_COUNT, sizes.sketchCount);
  memory.write(HEADER_ACCOUNTS_COUNT, sizes.accountsCount);
  const seed = tokenHashSeed();
  memory.write(HEADER_SEED_LOW, seed.low);
  memory.write(HEADER_SEED_HIGH, seed.high);
  memory.store(HEADER_MAGIC, SEGMENT_MAGIC);
}

/**
 * The layout that a formatted region declares; throws on a foreign or newer region, and in a thread
 * that hashes by another seed: it would find nothing there.
 */
export function readSegmentLayout(memory: WordMemory): SegmentLayout {
  assert(memory.load(HEADER_MAGIC) === SEGMENT_MAGIC, "segment: the region is formatted");
  assert(memory.read(HEADER_VERSION) === SEGMENT_VERSION, "segment: known layout version");
  const layout = segmentLayout({
    recordsMax: memory.read(HEADER_RECORDS_MAX),
    bucketsCount: memory.read(HEADER_BUCKETS_COUNT),
    sketchCount: memory.read(HEADER_SKETCH_COUNT),
    accountsCount: memory.read(HEADER_ACCOUNTS_COUNT),
  });
  assert(memory.wordsCount >= layout.wordsCount, "segment: the region holds its layout");
  const seed = tokenHashSeed();
  const hasOurSeed =
    memory.read(HEADER_SEED_LOW) === seed.low && memory.read(HEADER_SEED_HIGH) === seed.high;
  assert(hasOurSeed, "segment: hashed by this thread's seed");
  return layout;
}

/** {@link formatSegment} for a fresh buffer of at least `interestRegionBytes(nodesMax)` bytes. */
export function formatInterestRegion(buffer: ArrayBufferLike, nodesMax: number): void {
  formatSegment(new SharedWords(buffer), segmentSizes(nodesMax));
}

/** Makes this thread hash as the formatted segment says; to be done before it opens one. */
export function takeInterestSeed(buffer: ArrayBufferLike): void {
  const memory = new SharedWords(buffer);
  assert(memory.load(HEADER_MAGIC) === SEGMENT_MAGIC, "segment: the region is formatted");
  seedTokenHash({ low: memory.read(HEADER_SEED_LOW), high: memory.read(HEADER_SEED_HIGH) });
}
