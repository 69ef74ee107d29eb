// Encodes the traffic before a run: chunks of PUB operations, and the MSG bytes that a receiver must
// see for them. Everything has fixed widths, so that a receiver can check a stream by its length.
import type { PublisherSpec, SubjectRange } from "./job.ts";

/** Large enough that a write costs one system call per some thousand small messages. */
const CHUNK_BYTES = 128 * 1024;
export const ORDINARY = 0x61;
export const FINAL = 0x7a;

export interface Chunk {
  readonly bytes: Buffer;
  readonly messages: number;
}

/** The n-th subject of a range. */
export function subjectAt(range: SubjectRange, index: number): string {
  if (range.width === 0) return range.prefix;
  return range.prefix + String(index % range.count).padStart(range.width, "0");
}

/** One PUB operation; the payload repeats one byte. */
export function encodePublish(subject: string, payloadBytes: number, fill: number): Buffer {
  const line = `PUB ${subject} ${payloadBytes}\r\n`;
  const operation = Buffer.alloc(line.length + payloadBytes + 2, fill);
  operation.write(line, 0, "latin1");
  operation.write("\r\n", operation.length - 2, "latin1");
  return operation;
}

/** The bytes that a subscriber gets for one message. */
export function encodeMessage(
  subject: string,
  sid: string,
  payloadBytes: number,
  fill: number,
): Buffer {
  const line = `MSG ${subject} ${sid} ${payloadBytes}\r\n`;
  const message = Buffer.alloc(line.length + payloadBytes + 2, fill);
  message.write(line, 0, "latin1");
  message.write("\r\n", message.length - 2, "latin1");
  return message;
}

/**
 * Chunks to be written round and round. They hold every subject of the range the same number of
 * times, so that a round robin stays one when the list starts over.
 */
export function encodeChunks(spec: PublisherSpec, trailer: string): Chunk[] {
  const { subjects, payloadBytes } = spec;
  const template = encodePublish(subjectAt(subjects, 0), payloadBytes, ORDINARY);
  const size = template.length;
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / size));
  const rounds = Math.max(1, Math.floor(perChunk / subjects.count));
  const total = subjects.width === 0 ? perChunk : rounds * subjects.count;
  const end = Buffer.from(trailer, "latin1");
  const chunks: Chunk[] = [];
  for (let first = 0; first < total; first += perChunk) {
    const messages = Math.min(perChunk, total - first);
    const bytes = Buffer.allocUnsafeSlow(messages * size + end.length);
    for (let n = 0; n < messages; n++) {
      template.copy(bytes, n * size);
      if (subjects.width > 0) bytes.write(subjectAt(subjects, first + n), n * size + 4, "latin1");
    }
    end.copy(bytes, messages * size);
    chunks.push({ bytes, messages });
  }
  return chunks;
}
