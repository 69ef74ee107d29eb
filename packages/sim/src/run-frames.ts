// Frames written by hand for worker 2 of a simulated process, as another thread would write them:
// runs of messages with or without a node. Test support. Must stay true: what was handed over is
// overwritten after the call, so that whoever keeps a view of it is found out.
import { assert } from "@weft/base";
import { type Bus, MessageView, RemoteLanes } from "@weft/broker";
import { hashSubject } from "@weft/protocol";
import type { SimClient } from "./client.ts";
import { HASH_SEED, type World } from "./world.ts";

/** The texts of the numbers from `from` on. */
export function numbers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, place) => `${from + place}`);
}

/** A bus that keeps its frames for the test to hand out. */
class KeptFrames implements Bus {
  readonly threadIndex: number;
  readonly threadsCount: number;
  readonly frames: Buffer[] = [];
  #reserved = Buffer.alloc(0);

  constructor(threadIndex: number, threadsCount: number) {
    this.threadIndex = threadIndex;
    this.threadsCount = threadsCount;
  }

  reserveData(_to: number, _leastBytes: number, mostBytes: number): number {
    this.#reserved = Buffer.alloc(mostBytes);
    return 0;
  }

  dataRoom(): number {
    return this.#reserved.length;
  }

  dataBytes(): Buffer {
    return this.#reserved;
  }

  commitData(_to: number, frameBytes: number): void {
    this.frames.push(Buffer.from(this.#reserved.subarray(0, frameBytes)));
  }

  sendControl(): void {}

  controlWaits(): boolean {
    return false;
  }

  publish(): void {}
}

export interface RunSpec {
  readonly subject: string;
  readonly payloads: readonly string[];
  readonly account?: number;
  readonly node?: number;
  readonly clientId?: number;
  /** A header block for each message. */
  readonly header?: string;
}

/** One frame for thread 2 with these messages, as thread `from` would write it. */
export function runFrame(world: World, from: number, spec: RunSpec): Buffer {
  const bus = new KeptFrames(from, world.threadsCount);
  const lanes = new RemoteLanes(bus);
  const subject = Buffer.from(spec.subject, "latin1");
  const message = new MessageView();
  message.subject = subject;
  message.subjectEnd = subject.length;
  message.hash = hashSubject(HASH_SEED, subject, 0, subject.length);
  message.sourceThread = from;
  message.sourceClientId = spec.clientId ?? 0;
  const remote = {
    thread: 2,
    account: spec.account ?? 0,
    subject: undefined,
    subjectHash: message.hash,
    plain: true,
    node: spec.node ?? 0,
    picks: [],
  };
  const header = spec.header ?? "";
  for (const payload of spec.payloads) {
    const total = header.length + payload.length;
    const sizes = header === "" ? `${total}` : `${header.length} ${total}`;
    message.body = Buffer.from(`${sizes}\r\n${header}${payload}\r\n`, "latin1");
    message.bodyStart = sizes.length + 2;
    message.bodyEnd = message.bodyStart + total;
    message.headerBytes = header === "" ? -1 : header.length;
    assert(
      lanes.open(remote, undefined, message, message.body.length + 12),
      "room for the message",
    );
    lanes.append(2, message, 0);
  }

  lanes.closeRuns();
  assert(bus.frames.length === 1, "a run of one frame");
  return bus.frames[0] as Buffer;
}

/** Hands a frame to worker 2 at this offset of its lane; what follows is overwritten. */
export function offer(world: World, from: number, frame: Buffer, lead: number): boolean {
  const bytes = Buffer.concat([Buffer.alloc(lead, 0xee), frame, Buffer.alloc(16, 0xee)]);
  const taken = world.core(2).onDataFrame(from, bytes, lead, lead + frame.length);
  bytes.fill(0xee);
  return taken;
}

/** Payloads that a subscription got on one subject, in order. */
export function payloadsOf(client: SimClient, sid: string, subject: string): string[] {
  const mine = client.deliveries.filter(
    (delivery) => delivery.sid === sid && delivery.subject === subject,
  );
  return mine.map(({ payload }) => payload);
}
