// Client parser: bytes in, handler calls out (CP-40 to CP-57, CP-67, CP-68). Thread: worker.
// What must stay true: any split of the same bytes gives the same calls; what came before changes
// the time of an operation (last-head.ts), not its outcome, so one parser serves all sessions; no
// allocation per operation or in proportion to a declared size; work is linear in the bytes given.
// Reading order: grammar.ts, `feed` (with the hot path), `#operation` (all the rest).

import { viewOf } from "@weft/base";
import type { ClientOps, ParseFailure } from "../client-ops.ts";
import { hashSubject } from "../hash.ts";
import { isInfoArgument } from "../info.ts";
import { mayAskForTrace } from "../trace-headers.ts";
import {
  ARGUMENT_POSITIONS,
  type ArgumentSpan,
  findArgument,
  matchVerb,
  parseSize,
  splitArguments,
  VERBS,
} from "./grammar.ts";
import { HEAD_FIXED_BYTES, LastHead } from "./last-head.ts";

// Own copies, as V8 folds constants of the same module only: imported ones halve the rate.
const FNV_PRIME = 0x01000193;
const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const SIZE_DIGITS_MAX = 9;

/** Bytes of the operation that a failure hands to the log. */
const EXCERPT_BYTES_MAX = 128;

/** Splits a session's input into operations. */
export class ClientParser {
  /**
   * Bytes, counted from the position that `feed` returned, without which the next call cannot get
   * further; 0 when that is not known. Saves the caller from feeding a large body piece by piece.
   * For a publish: up to the CR behind its body, and when that is there, up to the LF.
   */
  needBytes = 0;
  /** After `feed`: a handler returned false, or a failure was reported. */
  stopped = false;

  readonly #seed: number;
  readonly #lastHead = new LastHead();
  readonly #arguments = new Int32Array(ARGUMENT_POSITIONS);
  readonly #argument: ArgumentSpan = { start: 0, end: 0, next: 0 };

  /** `seed` starts the subject hashes; secret, equal for all threads that exchange hashes. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /**
   * Parses the whole operations of `input[start, end)` and returns the position behind the last one
   * consumed. The rest is a partial operation: keep it and feed it again in front of what follows.
   * When `stopped` is set the rest may hold more: what comes after an operation whose handler
   * returned false, or a publish that was parked and must be fed again, or junk after a failure.
   * Handlers must not call `feed` of the same parser.
   */
  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: hot, one loop (bench: micro parser)
  feed(input: Buffer, start: number, end: number, session: ClientOps): number {
    this.needBytes = 0;
    this.stopped = false;
    const seed = this.#seed;
    let { awaitingConnect: awaiting, controlLineBytesMax: lineMax } = session;
    let { payloadBytesMax: payloadMax } = session;
    const view = viewOf(input);
    const lastHead = this.#lastHead;
    let position = start;
    while (position < end) {
      // `PUB subject [reply] total CRLF body CRLF`, complete, with single spaces, within limits.
      // Inline, as a call per publish costs a third of the rate; what fails the last condition
      // goes to the exact path.
      if (
        !awaiting &&
        position + 8 < end &&
        (input[position]! | 32) === 112 &&
        (input[position + 1]! | 32) === 117 &&
        (input[position + 2]! | 32) === 98 &&
        input[position + 3]! === SPACE
      ) {
        const subjectStart = position + 4;
        let hash = seed;
        let byte = 0;
        let at = subjectStart;
        if (lastHead.isAt(view, position, end)) {
          // The subject of the last publish once more.
          at += lastHead.bytes - HEAD_FIXED_BYTES;
          hash = lastHead.hash;
        } else {
          for (; at < end; at++) {
            byte = input[at]!;
            if (byte <= SPACE) break;
            hash = Math.imul(hash ^ byte, FNV_PRIME);
          }
        }
        const subjectEnd = at++;
        let tailStart = at;
        let total = 0;
        // `imul` keeps absurdly long numbers in 32 bits; more than 9 digits are refused below.
        for (; at < end; at++) {
          byte = input[at]!;
          if (byte < 48 || byte > 57) break;
          total = (Math.imul(total, 10) + byte - 48) | 0;
        }
        let replyStart = -1;
        let replyEnd = -1;
        if (byte > CR) {
          replyStart = tailStart;
          for (; at < end; at++) {
            byte = input[at]!;
            if (byte <= SPACE) break;
          }
          replyEnd = at++;
          tailStart = at;
          total = 0;
          for (; at < end; at++) {
            byte = input[at]!;
            if (byte < 48 || byte > 57) break;
            total = (Math.imul(total, 10) + byte - 48) | 0;
          }
        }
        const bodyStart = at + 2;
        const bodyEnd = bodyStart + total;
        if (
          bodyEnd + 2 <= end &&
          total <= payloadMax &&
          at - subjectStart <= lineMax &&
          subjectEnd > subjectStart &&
          at > tailStart &&
          at - tailStart <= SIZE_DIGITS_MAX &&
          input[subjectEnd] === SPACE &&
          input[tailStart - 1] === SPACE &&
          (replyStart < 0 || replyEnd > replyStart) &&
          byte === CR &&
          input[at + 1] === LF &&
          input[bodyEnd] === CR &&
          input[bodyEnd + 1] === LF
        ) {
          if (
            !session.onPublish(
              input,
              subjectStart,
              subjectEnd,
              hash,
              replyStart,
              replyEnd,
              tailStart,
              bodyStart,
              bodyEnd,
              -1,
            )
          ) {
            this.stopped = true;
            return position;
          }
          if (hash !== lastHead.hash) lastHead.see(view, position, subjectEnd, hash);
          position = bodyEnd + 2;
          continue;
        }
      }
      const next = this.#operation(input, position, end, session);
      if (next === position || this.stopped) return next;
      position = next;
      awaiting = session.awaitingConnect;
      lineMax = session.controlLineBytesMax;
      payloadMax = session.payloadBytesMax;
    }
    return position;
  }

  /**
   * One operation of any kind in any accepted spelling. Returns the position after it, or
   * `position` when it is partial, parked or failed (`stopped` tells).
   */
  #operation(input: Buffer, position: number, end: number, session: ClientOps): number {
    const first = input[position]!;
    if (session.awaitingConnect && (first | 32) !== 99 && !session.onEarlyOperation()) {
      this.stopped = true;
      return position;
    }
    switch (first | 32) {
      case 112: // p
        return this.#pOperation(input, position, end, session);
      case 104: // h
        return this.#publish(input, position, end, session, VERBS.hpub);
      case 115: // s
        return this.#subscribe(input, position, end, session);
      case 117: // u
        return this.#unsubscribe(input, position, end, session);
      case 99: // c
        return this.#document(input, position, end, session, VERBS.connect);
      case 105: // i
        return this.#document(input, position, end, session, VERBS.info);
    }
    if (first === 43) return this.#bare(input, position, end, session, VERBS.ok);
    if (first === 45) return this.#peerError(input, position, end, session);
    return this.#fail("unknown-operation", input, position, end, session);
  }

  #pOperation(input: Buffer, position: number, end: number, session: ClientOps): number {
    if (position + 1 >= end) return position;
    switch (input[position + 1]! | 32) {
      case 117: // u
        return this.#publish(input, position, end, session, VERBS.pub);
      case 105: // i
        return this.#bare(input, position, end, session, VERBS.ping);
      case 111: // o
        return this.#bare(input, position, end, session, VERBS.pong);
    }
    return this.#fail("unknown-operation", input, position, end, session);
  }

  /** PING, PONG and +OK: what stands between the verb and LF is ignored, as by the reference. */
  #bare(input: Buffer, position: number, end: number, session: ClientOps, verb: Buffer): number {
    if (!this.#verbLine(input, position, end, session, verb, false)) return position;
    if (verb === VERBS.ping) this.stopped = !session.onPing();
    else if (verb === VERBS.pong) this.stopped = !session.onPong();
    return this.#argument.next;
  }

  /** CONNECT and INFO, which need no blank after the verb. */
  #document(
    input: Buffer,
    position: number,
    end: number,
    session: ClientOps,
    verb: Buffer,
  ): number {
    if (!this.#verbLine(input, position, end, session, verb, false)) return position;
    const { start, end: argumentEnd, next } = this.#argument;
    if (verb === VERBS.connect) {
      this.stopped = !session.onConnect(input, start, argumentEnd);
    } else if (!isInfoArgument(input.subarray(start, argumentEnd))) {
      // CP-51: a well-formed INFO of a client is ignored, any other closes.
      return this.#fail("arguments", input, position, argumentEnd, session);
    }
    return next;
  }

  /** CP-49: an error from the peer ends the connection without an answer. */
  #peerError(input: Buffer, position: number, end: number, session: ClientOps): number {
    if (!this.#verbLine(input, position, end, session, VERBS.error, true)) return position;
    return this.#fail("arguments", input, position, this.#argument.end, session);
  }

  #subscribe(input: Buffer, position: number, end: number, session: ClientOps): number {
    if (!this.#verbLine(input, position, end, session, VERBS.sub, true)) return position;
    const count = this.#split(input);
    if (count !== 2 && count !== 3) {
      return this.#fail("arguments", input, position, this.#argument.end, session);
    }
    const out = this.#arguments;
    const sid = (count - 1) * 2;
    this.stopped = !session.onSubscribe(
      input,
      out[0]!,
      out[1]!,
      count === 3 ? out[2]! : -1,
      count === 3 ? out[3]! : -1,
      out[sid]!,
      out[sid + 1]!,
    );
    return this.#argument.next;
  }

  #unsubscribe(input: Buffer, position: number, end: number, session: ClientOps): number {
    if (!this.#verbLine(input, position, end, session, VERBS.unsub, true)) return position;
    const count = this.#split(input);
    if (count !== 1 && count !== 2) {
      return this.#fail("arguments", input, position, this.#argument.end, session);
    }
    const out = this.#arguments;
    // CP-44: a maximum that is not a number removes at once, like none.
    const max = count === 2 ? Math.max(0, parseSize(input, out[2]!, out[3]!)) : 0;
    this.stopped = !session.onUnsubscribe(input, out[0]!, out[1]!, max);
    return this.#argument.next;
  }

  /** PUB or HPUB in any accepted spelling. The checks run before the body is there. */
  #publish(input: Buffer, position: number, end: number, session: ClientOps, verb: Buffer): number {
    if (!this.#verbLine(input, position, end, session, verb, true)) return position;
    const { end: lineEnd, next } = this.#argument;
    const sizes = verb === VERBS.hpub ? 2 : 1;
    if (sizes === 2 && !session.headersEnabled) {
      return this.#fail("headers-unsupported", input, position, lineEnd, session);
    }
    const count = this.#split(input);
    const out = this.#arguments;
    const last = count * 2 - 2;
    let total = -1;
    let header = -1;
    if (count === 1 + sizes || count === 2 + sizes) {
      total = parseSize(input, out[last]!, out[last + 1]!);
      header = sizes === 2 ? parseSize(input, out[last - 2]!, out[last - 1]!) : 0;
    }
    if (total < 0 || header < 0 || header > total) {
      return this.#fail("arguments", input, position, lineEnd, session);
    }
    if (total > session.payloadBytesMax) {
      if (header > 0) session.onOversizedHeaders(input, next, Math.min(end, next + header), total);
      return this.#fail("payload", input, position, lineEnd, session, total);
    }
    const bodyEnd = next + total;
    // CP-55: a wrong byte is refused as soon as it is there.
    if (
      (bodyEnd < end && input[bodyEnd] !== CR) ||
      (bodyEnd + 1 < end && input[bodyEnd + 1] !== LF)
    ) {
      return this.#fail("unknown-operation", input, position, lineEnd, session);
    }
    if (bodyEnd + 2 > end) {
      // First the CR, then the LF: a caller that waits for so many sees a wrong CR at once, too.
      this.needBytes = bodyEnd + (bodyEnd < end ? 2 : 1) - position;
      return position;
    }
    return this.#publishWhole(input, position, session, count, sizes, header, total);
  }

  #publishWhole(
    input: Buffer,
    position: number,
    session: ClientOps,
    count: number,
    sizes: number,
    header: number,
    total: number,
  ): number {
    const out = this.#arguments;
    const bodyStart = this.#argument.next;
    const last = count * 2 - 2;
    const hasReply = count === 2 + sizes;
    // An empty header block is none: the receiver gets a MSG (as from the reference).
    const withHeader = header > 0;
    let tailStart = out[last]!;
    if (withHeader) {
      const canonical = out[last - 1]! + 1 === tailStart && input[tailStart - 1] === SPACE;
      tailStart = canonical ? out[last - 2]! : -1;
    }
    // CRLF must follow the last digit at once.
    if (out[last + 1]! + 2 !== bodyStart) tailStart = -1;
    const hash = hashSubject(this.#seed, input, out[0]!, out[1]!);
    const replyStart = hasReply ? out[2]! : -1;
    const replyEnd = hasReply ? out[3]! : -1;
    const bodyEnd = bodyStart + total;
    // biome-ignore format: the same for both
    const isDone = withHeader && mayAskForTrace(input, bodyStart, bodyStart + header)
      ? session.onTracedPublish(input, out[0]!, out[1]!, hash, replyStart, replyEnd, tailStart,
          bodyStart, bodyEnd, header)
      : session.onPublish(input, out[0]!, out[1]!, hash, replyStart, replyEnd, tailStart,
          bodyStart, bodyEnd, withHeader ? header : -1);
    this.stopped = !isDone;
    return isDone ? bodyEnd + 2 : position;
  }

  #split(input: Buffer): number {
    return splitArguments(input, this.#argument.start, this.#argument.end, this.#arguments);
  }

  /** Checks the verb, finds argument and line end. False: the line is partial or was refused. */
  #verbLine(
    input: Buffer,
    position: number,
    end: number,
    session: ClientOps,
    verb: Buffer,
    blankNeeded: boolean,
  ): boolean {
    const match = matchVerb(input, position, end, verb);
    if (match === "partial") return false;
    const from = position + verb.length;
    const known =
      match === "whole" &&
      (!blankNeeded || from >= end || input[from] === SPACE || input[from] === TAB);
    if (!known) {
      this.#fail("unknown-operation", input, position, end, session);
      return false;
    }
    const found = findArgument(input, from, end, session.controlLineBytesMax, this.#argument);
    if (found === "too-long") this.#fail("control-line", input, position, end, session);
    return found === "found";
  }

  #fail(
    failure: ParseFailure,
    input: Buffer,
    position: number,
    end: number,
    session: ClientOps,
    payloadBytes = 0,
  ): number {
    this.stopped = true;
    // What follows CONNECT may be a secret: the log gets the verb only.
    const bytes = (input[position]! | 32) === 99 ? VERBS.connect.length : EXCERPT_BYTES_MAX;
    session.onParseFailure(failure, input, position, Math.min(end, position + bytes), payloadBytes);
    return position;
  }
}
