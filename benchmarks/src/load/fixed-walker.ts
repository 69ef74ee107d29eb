// Walks a stream of server operations of one length, message by message, for traffic that has to
// be answered. Owned by the load process; a message is handed over in one piece, valid for that
// call only.

const LETTER_M = 0x4d;
const LINE_FEED = 0x0a;

export type OnMessage = (bytes: Buffer, at: number) => void;

export class FixedWalker {
  readonly #messageBytes: number;
  readonly #onMessage: OnMessage;
  readonly #onChunkEnd: () => void;
  readonly #onLine: (line: string) => void;
  #carry: Buffer = Buffer.alloc(0);

  constructor(
    messageBytes: number,
    onMessage: OnMessage,
    onChunkEnd: () => void,
    onLine: (line: string) => void,
  ) {
    this.#messageBytes = messageBytes;
    this.#onMessage = onMessage;
    this.#onChunkEnd = onChunkEnd;
    this.#onLine = onLine;
  }

  push(chunk: Buffer, length: number): void {
    let bytes = chunk;
    let end = length;
    if (this.#carry.length > 0) {
      bytes = Buffer.concat([this.#carry, chunk.subarray(0, length)]);
      end = bytes.length;
    }
    const at = this.#walk(bytes, end);
    this.#carry = at < end ? Buffer.from(bytes.subarray(at, end)) : Buffer.alloc(0);
    this.#onChunkEnd();
  }

  /** Where the first incomplete operation begins. */
  #walk(bytes: Buffer, end: number): number {
    const size = this.#messageBytes;
    let at = 0;
    while (at < end) {
      if (bytes[at] === LETTER_M) {
        if (at + size > end) return at;
        this.#onMessage(bytes, at);
        at += size;
      } else {
        const found = bytes.indexOf(LINE_FEED, at);
        if (found < 0 || found >= end) return at;
        this.#onLine(bytes.toString("latin1", at, found).trimEnd());
        at = found + 1;
      }
    }
    return at;
  }
}
