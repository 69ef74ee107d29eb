// Which thread of which server holds the way back of a request (AC-29): told by the reply subject,
// `_R_.`, six characters of the server's id, two digits of the thread, a dot. Any thread; pure.
import { assert } from "@weft/base";

const TAG_AT = 4;
const SERVER_TAG_BYTES = 6;
const THREAD_AT = TAG_AT + SERVER_TAG_BYTES;
const TAG_END = THREAD_AT + 2;
const DOT = 0x2e;
const DIGIT_0 = 0x30;

export class ReplyTag {
  readonly #server: Buffer;

  constructor(serverId: string) {
    this.#server = Buffer.from(serverId.slice(1, 1 + SERVER_TAG_BYTES), "latin1");
    assert(this.#server.length === SERVER_TAG_BYTES, "a server id is a public key");
  }

  /** What stands for `thread` of this server. */
  of(thread: number): string {
    return `${this.#server.toString("latin1")}${String(thread).padStart(2, "0")}`;
  }

  /** The thread that a reply subject of this server names, or -1. */
  threadOf(subject: Buffer, start: number, end: number): number {
    if (end - start <= TAG_END || subject[start + TAG_END] !== DOT) return -1;
    for (let k = 0; k < SERVER_TAG_BYTES; k += 1) {
      if (subject[start + TAG_AT + k] !== this.#server[k]) return -1;
    }
    const tens = (subject[start + THREAD_AT] as number) - DIGIT_0;
    const ones = (subject[start + THREAD_AT + 1] as number) - DIGIT_0;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return -1;
    return tens * 10 + ones;
  }
}
