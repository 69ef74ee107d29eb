// A session that writes down what the parser tells it, and a feeder that keeps the parser's
// contract. For tests only. What must stay true: every event is a text that copies what it needs.

import type { ClientOps, FailureParts, PublishParts } from "../client-ops.ts";
import type { ClientParser } from "./parser.ts";

/** Collects the calls of a parser as readable lines. */
export class RecordingSession implements ClientOps {
  awaitingConnect = false;
  headersEnabled = true;
  controlLineBytesMax = 4096;
  payloadBytesMax = 1024 * 1024;
  /** What `onEarlyOperation` answers; it also ends the waiting. */
  earlyAllowed = false;
  /** Publishes that are parked before the next one is taken. */
  parks = 0;
  /** Handlers of this name return false. */
  stopAt = "";
  readonly events: string[] = [];
  /** Publishes that may ask for a trace, those that were parked included. */
  traced = 0;

  #note(kind: string, text: string): boolean {
    this.events.push(`${kind} ${text}`);
    return kind !== this.stopAt;
  }

  onEarlyOperation(): boolean {
    this.awaitingConnect = !this.earlyAllowed;
    this.#note("early", "");
    return this.earlyAllowed;
  }

  onPublish(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    hash: number,
    replyStart: number,
    replyEnd: number,
    tailStart: number,
    bodyStart: number,
    bodyEnd: number,
    headerBytes: number,
  ): boolean {
    if (this.parks > 0) {
      this.parks--;
      return false;
    }
    const subject = input.toString("latin1", subjectStart, subjectEnd);
    const reply = replyStart < 0 ? "-" : input.toString("latin1", replyStart, replyEnd);
    const tail = tailStart < 0 ? "-" : input.toString("latin1", tailStart, bodyStart);
    const body = input.toString("latin1", bodyStart, bodyEnd);
    const fields = [subject, hash, reply, tail, body, headerBytes];
    return this.#note("publish", JSON.stringify(fields));
  }

  onTracedPublish(...publish: PublishParts): boolean {
    this.traced += 1;
    return this.onPublish(...publish);
  }

  /** How much of the block has come depends on how the bytes were cut. */
  onOversizedHeaders(): void {}

  onConnect(input: Buffer, start: number, end: number): boolean {
    this.awaitingConnect = false;
    return this.#note("connect", input.toString("latin1", start, end));
  }

  onSubscribe(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    queueStart: number,
    queueEnd: number,
    sidStart: number,
    sidEnd: number,
  ): boolean {
    const subject = input.toString("latin1", subjectStart, subjectEnd);
    const queue = queueStart < 0 ? "-" : input.toString("latin1", queueStart, queueEnd);
    const sid = input.toString("latin1", sidStart, sidEnd);
    return this.#note("subscribe", JSON.stringify([subject, queue, sid]));
  }

  onUnsubscribe(input: Buffer, sidStart: number, sidEnd: number, max: number): boolean {
    return this.#note(
      "unsubscribe",
      JSON.stringify([input.toString("latin1", sidStart, sidEnd), max]),
    );
  }

  onPing(): boolean {
    return this.#note("ping", "");
  }

  onPong(): boolean {
    return this.#note("pong", "");
  }

  onParseFailure(...[failure, input, lineStart, lineEnd]: FailureParts): void {
    // The excerpt depends on how much was there, so it is checked for sanity and not noted.
    if (lineStart < 0 || lineEnd < lineStart || lineEnd > input.length) {
      throw new RangeError("excerpt outside of the input");
    }
    this.#note("failure", failure);
  }
}

/**
 * Feeds pieces as a driver would: the rest goes in front of the next piece, and nothing is fed
 * before `needBytes` are there. Returns how many bytes were consumed in all.
 */
export function feedPieces(
  parser: ClientParser,
  session: RecordingSession,
  pieces: readonly Buffer[],
): number {
  // Bytes before and after the fed range must not matter.
  const margin = Buffer.from("PUB x 1\r\nPING\r\n");
  let rest = Buffer.alloc(0);
  let needBytes = 0;
  let consumed = 0;
  for (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    if (rest.length < needBytes) continue;
    const end = margin.length + rest.length;
    const position = parser.feed(
      Buffer.concat([margin, rest, margin]),
      margin.length,
      end,
      session,
    );
    consumed += position - margin.length;
    rest = rest.subarray(position - margin.length);
    needBytes = parser.needBytes;
    if (parser.stopped) break;
  }
  return consumed;
}
