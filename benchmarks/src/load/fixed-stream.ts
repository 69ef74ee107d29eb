// Checks a stream of server operations that must all have one length, by counting: owned by the
// load process, one per receiving connection. Only one byte per chunk is looked at, so that the
// check costs nothing next to the copy out of the kernel; what must stay true is that `bytes`
// counts message bytes only, with every PING and other control line taken out exactly.

const LETTER_M = 0x4d;
const LINE_FEED = 0x0a;
const LINE_BYTES_MAX = 4096;

/** Called for a control line between messages, without its line ending. */
export type OnLine = (line: string) => void;

export class FixedStream {
  /** Length of each message: `MSG ...` line and payload with both line endings. */
  readonly messageBytes: number;
  /** Message bytes seen so far, an incomplete last message included. */
  bytes = 0;
  /** Bytes of the first message. */
  head: Buffer = Buffer.alloc(0);
  /** The latest bytes, up to one message; kept while `keepsTail` is set. */
  tail: Buffer = Buffer.alloc(0);
  keepsTail = false;

  readonly #onLine: OnLine;
  /** Bytes still missing of the message that the last chunk ended in; 0 at a boundary. */
  #missing = 0;
  /** The control line that the last chunk ended in. */
  #line: string | undefined;

  constructor(messageBytes: number, onLine: OnLine) {
    this.messageBytes = messageBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer, length: number): void {
    let at = 0;
    while (at < length) {
      if (this.#line !== undefined) at = this.#takeLine(chunk, at, length);
      else at = this.#takeMessages(chunk, at, length);
    }
  }

  /** Whole messages seen. */
  get messages(): number {
    return Math.floor(this.bytes / this.messageBytes);
  }

  #takeMessages(chunk: Buffer, from: number, length: number): number {
    const size = this.messageBytes;
    const first = from + this.#missing;
    if (first >= length) {
      this.#missing = first - length;
      this.#count(chunk, from, length);
      return length;
    }
    // If the last boundary in the chunk begins a message then so does every other: a control line
    // would have moved it by its length, onto a byte that is no M.
    const last = first + Math.floor((length - 1 - first) / size) * size;
    if (chunk[last] === LETTER_M) {
      this.#missing = last + size - length;
      this.#count(chunk, from, length);
      return length;
    }
    let at = first;
    while (at < length && chunk[at] === LETTER_M) at += size;
    const end = Math.min(at, length);
    this.#missing = at - end;
    this.#count(chunk, from, end);
    if (end < length) this.#line = "";
    return end;
  }

  #takeLine(chunk: Buffer, from: number, length: number): number {
    const found = chunk.indexOf(LINE_FEED, from);
    const end = found < 0 || found >= length ? length : found + 1;
    const line = (this.#line ?? "") + chunk.toString("latin1", from, end);
    if (line.length > LINE_BYTES_MAX) {
      throw new Error(`no message and no control line: ${JSON.stringify(line.slice(0, 80))}`);
    }
    this.#line = line;
    if (line.endsWith("\n")) {
      this.#line = undefined;
      this.#onLine(line.trimEnd());
    }
    return end;
  }

  #count(chunk: Buffer, from: number, end: number): void {
    if (end === from) return;
    if (this.bytes < this.messageBytes) {
      const wanted = Math.min(end - from, this.messageBytes - this.head.length);
      this.head = Buffer.concat([this.head, chunk.subarray(from, from + wanted)]);
    }
    if (this.keepsTail) {
      const fresh = chunk.subarray(Math.max(from, end - this.messageBytes), end);
      const joined = Buffer.concat([this.tail, fresh]);
      this.tail = joined.subarray(Math.max(0, joined.length - this.messageBytes));
    }
    this.bytes += end - from;
  }
}
