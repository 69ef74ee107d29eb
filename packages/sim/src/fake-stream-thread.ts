// A thread without sockets that takes part in the process: it has interest, receives data frames
// and publishes answers through the lanes. Test support for what stream threads will be; it uses
// only the seams that `@weft/broker` and `@weft/subjects` export.
//
// Must stay true: it matches over all segments itself, as everybody does; it never waits for a
// client: what finds a lane full spills.
import { assert } from "@weft/base";
import {
  type Bus,
  decodeControlFrame,
  FLAG_PLAIN,
  FrameHead,
  MessageView,
  RemoteLanes,
  readFrameHead,
  readItem,
} from "@weft/broker";
import { hashSubject } from "@weft/protocol";
import { type InterestIndex, NodeList, SubjectTokens } from "@weft/subjects";
import type { ThreadHandler } from "./lanes.ts";

export interface StreamThreadOptions {
  readonly index: InterestIndex;
  readonly bus: Bus;
  readonly hashSeed: number;
}

/** A request as it came: who it is for, and the texts of its parts. */
export interface StreamRequest {
  readonly account: number;
  readonly from: number;
  readonly clientId: number;
  readonly subject: string;
  readonly reply: string;
  readonly payload: string;
  readonly queues: readonly string[];
  readonly plain: boolean;
}

export class FakeStreamThread implements ThreadHandler {
  readonly requests: StreamRequest[] = [];
  /** Kinds of control frames that came. */
  readonly controlKinds: number[] = [];
  /** Runs for each request. */
  onRequest: ((request: StreamRequest) => void) | undefined;
  readonly #index: InterestIndex;
  readonly #bus: Bus;
  readonly #hashSeed: number;
  readonly #lanes: RemoteLanes;
  readonly #message = new MessageView();
  readonly #frame = new FrameHead();
  readonly #tokens = new SubjectTokens();
  readonly #nodes = new NodeList();

  constructor(options: StreamThreadOptions) {
    this.#index = options.index;
    this.#bus = options.bus;
    this.#hashSeed = options.hashSeed;
    this.#lanes = new RemoteLanes(options.bus);
  }

  /** Wants what matches `filter`, alone or as a member of `queue`. */
  subscribe(account: number, filter: string, queue?: string): void {
    const bytes = Buffer.from(filter, "latin1");
    const name = queue === undefined ? null : Buffer.from(queue, "latin1");
    const node = this.#index.writer?.add(account, bytes, 0, bytes.length, name) ?? 0;
    assert(node !== 0, "the segment has room");
  }

  onDataFrame(from: number, bytes: Buffer, start: number, end: number): boolean {
    let at = readFrameHead(bytes, start, this.#message, this.#frame);
    while (at < end) {
      at = readItem(bytes, at, this.#message);
      this.#take(from, bytes);
    }
    return true;
  }

  /** One message of the frame in hand. */
  #take(from: number, bytes: Buffer): void {
    const message = this.#message;
    const request: StreamRequest = {
      account: this.#frame.account,
      from,
      clientId: message.sourceClientId,
      subject: bytes.toString("latin1", message.subjectStart, message.subjectEnd),
      reply:
        message.replyStart < 0
          ? ""
          : bytes.toString("latin1", message.replyStart, message.replyEnd),
      payload: bytes.toString(
        "latin1",
        message.bodyStart + Math.max(0, message.headerBytes),
        message.bodyEnd,
      ),
      queues: this.#frame.picks.map((name) => name.toString("latin1")),
      plain: (this.#frame.flags & FLAG_PLAIN) !== 0,
    };
    this.requests.push(request);
    this.onRequest?.(request);
  }

  onControlFrame(_from: number, bytes: Buffer, start: number, _end: number): void {
    this.controlKinds.push(decodeControlFrame(bytes, start).kind);
  }

  onSpace(to: number): void {
    this.#lanes.drainSpill(to);
  }

  flush(): void {
    this.#lanes.closeRuns();
    this.#bus.publish();
  }

  /** Publishes into an account: one frame to each thread with plain interest; returns how many. */
  publish(account: number, subject: string, payload: string): number {
    const view = this.#messageFor(subject, payload);
    assert(this.#tokens.parse(view.subject, 0, view.subjectEnd), "few enough tokens");
    let sent = 0;
    for (let thread = 0; thread < this.#index.segmentsCount; thread += 1) {
      if (thread === this.#bus.threadIndex || !this.#isInterested(thread, account)) continue;
      const { subject: bytes, subjectEnd, hash } = view;
      this.#lanes.send(thread, view, account, bytes, 0, subjectEnd, hash, [], FLAG_PLAIN);
      sent += 1;
    }
    return sent;
  }

  #messageFor(subject: string, payload: string): MessageView {
    const view = new MessageView();
    view.sourceThread = this.#bus.threadIndex;
    view.subject = Buffer.from(subject, "latin1");
    view.subjectEnd = view.subject.length;
    view.hash = hashSubject(this.#hashSeed, view.subject, 0, view.subjectEnd);
    const tail = `${payload.length}\r\n`;
    view.body = Buffer.from(`${tail}${payload}\r\n`, "latin1");
    view.bodyStart = tail.length;
    view.bodyEnd = view.bodyStart + payload.length;
    return view;
  }

  #isInterested(thread: number, account: number): boolean {
    const reader = this.#index.reader(thread);
    if (reader === null || !reader.mayMatch(account, this.#tokens)) return false;
    this.#index.enter();
    const count = reader.match(account, this.#tokens, this.#nodes);
    let plain = false;
    for (let place = 0; place < count; place += 1) {
      if (reader.plainCount(this.#nodes.at(place)) > 0) plain = true;
    }
    this.#index.exit();
    return plain;
  }
}
