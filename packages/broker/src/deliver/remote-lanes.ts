// Frames to the other threads of the process. Client publishes are refused when a lane is full
// (the connection waits); what must not be refused (replies of services, second choices) spills to
// a bounded queue that leaves first. Owned by the worker's core.
//
// Per lane one frame may be open: a run, to which messages of the same connection for the same
// destination are appended. Must stay true: nothing else is reserved in a lane while its run is
// open; `closeRuns` is called before the bus publishes.

import { makeView } from "@weft/base";
import type { Bus } from "../ports.ts";
import { type MessageView, pausableId } from "../publish/message-view.ts";
import type { RemoteTarget } from "../publish/plan.ts";
import {
  FLAG_BALLOT,
  FLAG_PLAIN,
  FLAG_TRIED,
  type FrameMemory,
  frameHeadBytes,
  ITEM_HEAD_BYTES_MAX,
  itemBytes,
  PICKS_MAX,
  writeFrameHead,
  writeItem,
} from "./bus-frame.ts";
import { ORIGIN_CLIENT } from "./receiver.ts";

/** Bytes that one destination's spill queue may hold; beyond, messages to it are dropped. */
const SPILL_BYTES_MAX = 64 * 1024 * 1024;
/** What a spilled frame takes beside its bytes. */
const SPILLED_FRAME_BYTES = 512;
/** A run of small messages is closed at this size; its reader may stop only between two of them. */
const RUN_BYTES = 32 * 1024;

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = makeView(NO_BYTES);
const NO_PICKS: readonly Buffer[] = [];

interface Spill {
  readonly frames: Buffer[];
  bytes: number;
}

/** The open frame of one lane. */
export class Run implements FrameMemory {
  /** Where it leads; undefined = no frame is open. */
  remote: RemoteTarget | undefined;
  /** The queue group that was picked, undefined = plain subscriptions. */
  pick: Buffer | undefined;
  clientId = 0;
  /** Of what kind the connection of this id is; the id is 0 for answers of any. */
  originKind: number = ORIGIN_CLIENT;
  bytes: Buffer = NO_BYTES;
  view: DataView = NO_VIEW;
  /** `[start, at)` of `bytes` is written, up to `limit` there is room. */
  start = 0;
  at = 0;
  limit = 0;
  /** Offset of the first item. */
  first = 0;
  readonly picks: Buffer[] = [];
  /** Among those that `closeRuns` looks at. */
  isListed = false;
}

/**
 * Room in `run` for one more message of this connection to `remote`, with `bytes` of reply, tail and
 * body. The check of the hit path; what does not fit goes the general way.
 */
export function fitsRun(run: Run, remote: RemoteTarget, clientId: number, bytes: number): boolean {
  return (
    run.remote === remote &&
    run.clientId === clientId &&
    run.pick === undefined &&
    run.at + ITEM_HEAD_BYTES_MAX + bytes <= run.limit
  );
}

export class RemoteLanes {
  /** Messages dropped because a spill queue was full, since the core last told the log. */
  dropped = 0;
  /** What frames take that wait for room in all lanes. */
  spilledBytes = 0;
  /** By thread. The hit path appends to a fitting run by itself. */
  readonly runs: Run[] = [];
  readonly #bus: Bus;
  readonly #spills: (Spill | undefined)[];
  /** Threads whose run was opened since the last `closeRuns`. */
  readonly #open: number[] = [];

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#spills = new Array(bus.threadsCount).fill(undefined);
    for (let thread = 0; thread < bus.threadsCount; thread += 1) this.runs.push(new Run());
  }

  /**
   * Makes room for an item of `bytes` in a run that fits, opening one if need be. False when the
   * lane is full: the publish may park, or go by `send`.
   */
  open(
    remote: RemoteTarget,
    pick: Buffer | undefined,
    message: MessageView,
    bytes: number,
  ): boolean {
    const run = this.runs[remote.thread] as Run;
    if (
      run.remote === remote &&
      run.pick === pick &&
      run.clientId === pausableId(message) &&
      run.originKind === message.originKind &&
      run.at + bytes <= run.limit
    ) {
      return true;
    }
    return this.#openAnew(run, remote, pick, message, bytes);
  }

  /** True when a frame of its own for the picked groups of `remote` would find room. */
  hasRoom(remote: RemoteTarget, message: MessageView, bytes: number): boolean {
    const { thread, subject, picks } = remote;
    const subjectBytes =
      subject === undefined ? message.subjectEnd - message.subjectStart : subject.length;
    return this.hasRoomFor(thread, frameHeadBytes(subjectBytes, namesBytes(picks), 0) + bytes);
  }

  /** True when a frame of `size` bytes would find room. */
  hasRoomFor(thread: number, size: number): boolean {
    this.#close(thread);
    return this.#spills[thread] === undefined && this.#bus.reserveData(thread, size, size) >= 0;
  }

  /** Appends the message to the run that `open` found or made. */
  append(thread: number, message: MessageView, itemFlags: number): void {
    const run = this.runs[thread] as Run;
    run.at = writeMessage(run, run.at, itemFlags, message);
  }

  /** Commits all open runs. Before each publish of the bus. */
  closeRuns(): void {
    const open = this.#open;
    if (open.length === 0) return;
    for (let i = 0; i < open.length; i += 1) {
      const thread = open[i] as number;
      this.#close(thread);
      (this.runs[thread] as Run).isListed = false;
    }
    open.length = 0;
  }

  /**
   * Writes a frame of one message; it spills when the lane is full. Very many picked groups share
   * several frames, each of which counts in the message's ballot: see `framesOf`.
   */
  send(
    thread: number,
    message: MessageView,
    account: number,
    subject: Buffer,
    subjectStart: number,
    subjectEnd: number,
    hash: number,
    picks: readonly Buffer[],
    flags: number,
    triedLow = 0,
    triedHigh = 0,
    itemFlags = 0,
    ballot = 0,
    frames = 1,
  ): void {
    let rest = picks;
    let left = flags;
    for (; rest.length > PICKS_MAX; rest = rest.slice(PICKS_MAX), left &= ~FLAG_PLAIN) {
      // biome-ignore format: one call
      this.#sendOne(thread, message, account, subject, subjectStart, subjectEnd, hash,
        rest.slice(0, PICKS_MAX), left, triedLow, triedHigh, itemFlags, ballot, frames);
    }
    // biome-ignore format: one call
    this.#sendOne(thread, message, account, subject, subjectStart, subjectEnd, hash, rest, left,
      triedLow, triedHigh, itemFlags, ballot, frames);
  }

  #sendOne(
    thread: number,
    message: MessageView,
    account: number,
    subject: Buffer,
    subjectStart: number,
    subjectEnd: number,
    hash: number,
    picks: readonly Buffer[],
    flags: number,
    triedLow: number,
    triedHigh: number,
    itemFlags: number,
    ballot: number,
    frames: number,
  ): void {
    this.#close(thread);
    let all = triedLow === 0 && triedHigh === 0 ? flags : flags | FLAG_TRIED;
    if (ballot !== 0) all |= FLAG_BALLOT;
    const size =
      frameHeadBytes(subjectEnd - subjectStart, namesBytes(picks), all) + itemBytes(message);
    let out: Buffer;
    let at = this.#spills[thread] === undefined ? this.#bus.reserveData(thread, size, size) : -1;
    const spilled = at < 0;
    if (spilled) {
      out = Buffer.allocUnsafeSlow(size);
      at = 0;
    } else {
      out = this.#bus.dataBytes(thread);
    }
    const memory = { bytes: out, view: makeView(out) };
    const first = writeFrameHead(
      memory,
      at,
      message,
      account,
      subject,
      subjectStart,
      subjectEnd,
      hash,
      picks,
      all,
      triedLow,
      triedHigh,
      0,
      ballot,
      frames,
    );
    writeMessage(memory, first, itemFlags, message);
    if (spilled) this.#spill(thread, out);
    else this.#bus.commitData(thread, size);
  }

  /** Moves what spilled into the lane. Returns true when nothing is left waiting. */
  drainSpill(thread: number): boolean {
    const spill = this.#spills[thread];
    if (spill === undefined) return true;
    let sent = 0;
    for (const frame of spill.frames) {
      const at = this.#bus.reserveData(thread, frame.length, frame.length);
      if (at < 0) break;
      frame.copy(this.#bus.dataBytes(thread), at);
      this.#bus.commitData(thread, frame.length);
      spill.bytes -= frame.length + SPILLED_FRAME_BYTES;
      this.spilledBytes -= frame.length + SPILLED_FRAME_BYTES;
      sent += 1;
    }
    spill.frames.splice(0, sent);
    if (spill.frames.length > 0) return false;
    this.#spills[thread] = undefined;
    return true;
  }

  #openAnew(
    run: Run,
    remote: RemoteTarget,
    pick: Buffer | undefined,
    message: MessageView,
    bytes: number,
  ): boolean {
    const { thread, account } = remote;
    this.#close(thread);
    if (this.#spills[thread] !== undefined) return false;
    const renamed = remote.subject;
    const subject = renamed ?? message.subject;
    const subjectStart = renamed === undefined ? message.subjectStart : 0;
    const subjectEnd = renamed === undefined ? message.subjectEnd : renamed.length;
    const hash = renamed === undefined ? message.hash : remote.subjectHash;
    const picksBytes = pick === undefined ? 0 : 2 + pick.length;
    const flags = pick === undefined ? FLAG_PLAIN : 0;
    const head = frameHeadBytes(subjectEnd - subjectStart, picksBytes, flags);
    const least = head + bytes;
    const start = this.#bus.reserveData(thread, least, Math.max(least, RUN_BYTES));
    if (start < 0) return false;
    let picks = NO_PICKS;
    if (pick !== undefined) {
      run.picks[0] = pick;
      picks = run.picks;
    }
    const out = this.#bus.dataBytes(thread);
    run.pick = pick;
    run.originKind = message.originKind;
    run.clientId = pausableId(message);
    if (run.bytes !== out) {
      run.bytes = out;
      run.view = makeView(out);
    }
    run.start = start;
    run.limit = start + this.#bus.dataRoom(thread);
    run.first = writeFrameHead(
      run,
      start,
      message,
      account,
      subject,
      subjectStart,
      subjectEnd,
      hash,
      picks,
      flags,
      0,
      0,
      remote.node,
    );
    run.at = run.first;
    run.remote = remote;
    if (!run.isListed) {
      run.isListed = true;
      this.#open.push(thread);
    }
    return true;
  }

  /** Commits the open run of a lane; an empty one leaves no trace. */
  #close(thread: number): void {
    const run = this.runs[thread] as Run;
    if (run.remote === undefined) return;
    run.remote = undefined;
    run.limit = 0;
    if (run.at > run.first) this.#bus.commitData(thread, run.at - run.start);
    // Memory of a large frame's own is not kept; frames in a ring never begin at 0.
    if (run.start === 0) {
      run.bytes = NO_BYTES;
      run.view = NO_VIEW;
    }
  }

  #spill(thread: number, frame: Buffer): void {
    let spill = this.#spills[thread];
    if (spill === undefined) {
      spill = { frames: [], bytes: 0 };
      this.#spills[thread] = spill;
    }
    const bytes = frame.length + SPILLED_FRAME_BYTES;
    if (spill.bytes + bytes > SPILL_BYTES_MAX) {
      this.dropped += 1;
      return;
    }
    spill.frames.push(frame);
    spill.bytes += bytes;
    this.spilledBytes += bytes;
  }
}

/** Bytes of queue names in a frame's head. */
function namesBytes(picks: readonly Buffer[]): number {
  let bytes = 0;
  for (let k = 0; k < picks.length; k += 1) bytes += 2 + (picks[k] as Buffer).length;
  return bytes;
}

/** The item of `message` at `at`. Returns the offset behind it. */
function writeMessage(
  out: FrameMemory,
  at: number,
  itemFlags: number,
  message: MessageView,
): number {
  const { reply, replyStart, replyEnd, body, tailStart, bodyStart, bodyEnd } = message;
  return writeItem(
    out,
    at,
    itemFlags,
    reply,
    replyStart,
    replyEnd,
    body,
    tailStart,
    bodyStart,
    bodyEnd + 2,
    message.headerBytes,
  );
}
