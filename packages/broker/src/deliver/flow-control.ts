// Pausing publishers for receivers that lag (CP-105). A publisher waits `LIMITS.stallMs` for each 64 KiB
// that it has sent them, at most for what it has read ahead of that pace, and only for receivers that get
// on: one that has lagged for a while with little progress is waited for no more, so that it cannot hold
// up a subject for the others; its outbox then grows to its limit and it is closed. Who floods himself
// waits as long as he reads at all.
// Owned by the worker's core. Must stay true: what a publisher sends to others costs it no pause; a
// connection of another thread is told to wait once in `LIMITS.stallMs` or 1 MiB, and let go once.
import { type Clock, LIMITS } from "@weft/base";
import type { Bus, WorkerCounters } from "../ports.ts";
import type { ClientSession } from "../session/client-session.ts";
import { WAIT_LANE, WAIT_STALL } from "../session/wait-reasons.ts";
import { encodeControlFrame, encodeStall, FRAME_UNSTALL } from "./bus-frame.ts";
import type { Outbox } from "./outbox.ts";

/** What a publisher may read for one pause of `LIMITS.stallMs`. */
const PIECE_BYTES = 64 * 1024;
/** More than this ahead of the pace is forgiven. */
const AHEAD_BYTES_MAX = 4 * 1024 * 1024;
const PAUSE_MS_MAX = (AHEAD_BYTES_MAX / PIECE_BYTES) * LIMITS.stallMs;
/** Who owes so much since it was told is told again at once: it has much under way. */
const OWED_BYTES_MAX = 1024 * 1024;
/** By then whoever was told to wait goes on by himself, however long it took to tell him. */
const TOLD_MS = 2 * PAUSE_MS_MAX;
/** A receiver is given up on after lagging this long ... */
const PATIENCE_MS = 1_000;
/** ... with less taken than half of what one publisher sends that waits: no pause helps it for long. */
const PROGRESS_BYTES = ((PATIENCE_MS / LIMITS.stallMs) * PIECE_BYTES) / 2;

/** A publisher on another thread that was told to wait. */
interface Told {
  readonly clientId: number;
  readonly thread: number;
  readonly atMs: number;
  /** For whom; undefined = it was let go. */
  lag: Lag | undefined;
  /** Sent to receivers that lag since it was told. */
  owedBytes: number;
}

/** What a receiver had taken at a time, and whether that was enough until then. */
interface Progress {
  sinceMs: number;
  takenBytes: number;
  isEnough: boolean;
}

/** Of one receiver; kept when it catches up, so that it gains no new patience by that. */
interface Patience {
  /** When it caught up last. */
  endedMs: number;
  readonly progress: Progress;
  /** As its own publishes look at it: they buy it no patience of others. */
  readonly ownProgress: Progress;
}

interface Lag {
  readonly patience: Patience;
  readonly waiters: Set<ClientSession>;
  readonly told: Set<Told>;
}

/**
 * By how many bytes a publisher is ahead of the pace that pauses keep: it was so by `aheadBytes`, then
 * read nothing for `restedMs`, and reads `bytes` now.
 */
export function bytesAhead(aheadBytes: number, restedMs: number, bytes: number): number {
  const left = aheadBytes - (restedMs * PIECE_BYTES) / LIMITS.stallMs;
  return Math.min(AHEAD_BYTES_MAX, Math.floor(Math.max(0, left)) + bytes);
}

export interface FlowControlDependencies {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly counters: WorkerCounters;
  /** As in `BrokerDependencies`. */
  setTimer(delayMs: number): void;
  /** No more work in this turn. */
  isSpent(): boolean;
}

export class FlowControl {
  readonly #dependencies: FlowControlDependencies;
  readonly #lagging = new Map<Outbox, Lag>();
  readonly #patience = new WeakMap<Outbox, Patience>();
  /** The other way round, without those that wait for nobody: both may be thousands. */
  readonly #waitsFor = new Map<ClientSession, Set<Lag>>();
  /** Publishers of this thread that wait, with the time when they go on anyway. */
  readonly #stalled = new Map<ClientSession, number>();
  /** By client id; who was told first comes first. */
  readonly #told = new Map<number, Told>();
  /** Waited for a receiver that has caught up: they go on at the end of the turn. */
  readonly #due: ClientSession[] = [];
  #timer: "none" | "later" | "soon" = "none";
  #yielded: ClientSession[] = [];
  /** This publisher is to wait when its input is done, for so much that it sent receivers that lag. */
  #wanted: ClientSession | undefined;
  #owedBytes = 0;

  constructor(dependencies: FlowControlDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * A receiver above the threshold takes another slab for messages of this publisher, or a message of
   * `bytes`.
   */
  lagging(
    outbox: Outbox,
    source: ClientSession | undefined,
    thread: number,
    clientId: number,
    bytes: number,
  ): void {
    const lag = this.#lagOf(outbox);
    const { progress, ownProgress } = lag.patience;
    const owedBytes = Math.max(PIECE_BYTES, bytes);
    // Who sends to himself holds up nobody else by it: for him anything is enough.
    const isOwn = source?.outbox === outbox;
    if (isOwn ? !this.#getsOn(outbox, ownProgress, 1) : !this.#getsOn(outbox, progress)) return;
    // Nobody is to wait who is not a client: streams, the server itself.
    if (source === undefined) {
      if (clientId !== 0 && thread !== this.#dependencies.bus.threadIndex) {
        this.#tell(lag, thread, clientId, owedBytes);
      }
    } else if (source.state === "active") {
      this.#remember(source, lag);
      if (this.#wanted !== source) this.#owedBytes = 0;
      this.#wanted = source;
      this.#owedBytes += owedBytes;
    }
  }

  #lagOf(outbox: Outbox): Lag {
    const known = this.#lagging.get(outbox);
    if (known !== undefined) return known;
    const lag: Lag = { patience: this.#patienceWith(outbox), waiters: new Set(), told: new Set() };
    this.#lagging.set(outbox, lag);
    return lag;
  }

  #patienceWith(outbox: Outbox): Patience {
    const sinceMs = this.#dependencies.clock.monotonicMs();
    const before = this.#patience.get(outbox);
    if (before !== undefined && sinceMs - before.endedMs <= PATIENCE_MS) return before;
    const { takenBytes } = outbox;
    const fresh = { sinceMs, takenBytes, isEnough: true };
    const patience = { endedMs: sinceMs, progress: fresh, ownProgress: { ...fresh } };
    this.#patience.set(outbox, patience);
    return patience;
  }

  /** False: in the last while that was looked at it has taken less than wanted. */
  #getsOn(outbox: Outbox, progress: Progress, wantedBytes = PROGRESS_BYTES): boolean {
    const now = this.#dependencies.clock.monotonicMs();
    const elapsedMs = now - progress.sinceMs;
    if (elapsedMs <= PATIENCE_MS) return progress.isEnough;
    const { takenBytes } = outbox;
    const wanted = (wantedBytes * elapsedMs) / PATIENCE_MS;
    progress.isEnough = takenBytes - progress.takenBytes >= wanted;
    progress.sinceMs = now;
    progress.takenBytes = takenBytes;
    return progress.isEnough;
  }

  /** Has a publisher on another thread wait, unless it was just told to. */
  #tell(lag: Lag, thread: number, clientId: number, bytes: number): void {
    const { bus, clock } = this.#dependencies;
    const now = clock.monotonicMs();
    const before = this.#told.get(clientId);
    const owedBytes = Math.min(AHEAD_BYTES_MAX, bytes + (before?.owedBytes ?? 0));
    const isRecent = before !== undefined && now - before.atMs < LIMITS.stallMs;
    if (isRecent && owedBytes < OWED_BYTES_MAX) {
      before.owedBytes = owedBytes;
      return;
    }
    // It hears of it, or the receiver's memory grows to its limit: no frame waits for room here.
    if (bus.controlWaits(thread)) return;
    if (before !== undefined) this.#untell(before);
    for (const oldest of this.#told.values()) {
      if (now - oldest.atMs <= TOLD_MS) break;
      this.#untell(oldest);
    }
    const told = { clientId, thread, atMs: now, lag, owedBytes: 0 };
    this.#told.set(clientId, told);
    lag.told.add(told);
    bus.sendControl(thread, encodeStall(clientId, owedBytes));
  }

  #untell(told: Told): void {
    told.lag?.told.delete(told);
    this.#told.delete(told.clientId);
  }

  /** The receiver is down to the low mark, or closed: whoever waits for it goes on. */
  caughtUp(outbox: Outbox): void {
    const lag = this.#lagging.get(outbox);
    if (lag === undefined) return;
    this.#lagging.delete(outbox);
    // Not now: this may be in the middle of somebody's publish (an overflow closes the receiver).
    for (const session of lag.waiters) {
      this.#due.push(session);
      const lags = this.#waitsFor.get(session);
      lags?.delete(lag);
      if (lags?.size === 0) this.#waitsFor.delete(session);
    }
    const { bus, clock } = this.#dependencies;
    lag.patience.endedMs = clock.monotonicMs();
    const earliestMs = lag.patience.endedMs - TOLD_MS;
    for (const told of lag.told) {
      // It is not told again before its time.
      told.lag = undefined;
      // Without room for the frame it goes on by its own time.
      if (told.atMs < earliestMs || bus.controlWaits(told.thread)) continue;
      bus.sendControl(told.thread, encodeControlFrame(FRAME_UNSTALL, told.clientId));
    }
  }

  /** Has `onTimer` called in another turn, soon. */
  callSoon(): void {
    this.#setTimer(0);
  }

  /** Its turn has done enough work: the rest of its input waits until others had theirs. */
  yieldTurn(session: ClientSession): void {
    this.#yielded.push(session);
    this.#setTimer(0);
    session.wait(WAIT_LANE);
  }

  /** End of one piece of a publisher's input. */
  endOfInput(session: ClientSession): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    this.#wanted = undefined;
    if (wanted !== session || !this.stall(session, this.#owedBytes)) this.#forget(wanted);
  }

  /**
   * Pauses a publisher of this thread for so much that it sent receivers that lag. False: it is not ahead
   * by as much as a pause is for.
   */
  stall(session: ClientSession, owedBytes: number): boolean {
    if (session.state !== "active") return true;
    const now = this.#dependencies.clock.monotonicMs();
    const until = this.#stalled.get(session);
    const ahead = bytesAhead(session.aheadBytes, now - session.lastInputMs, 0);
    if (until === undefined && ahead < PIECE_BYTES) return false;
    const owedUntil = (until ?? now) + (owedBytes / PIECE_BYTES) * LIMITS.stallMs;
    const aheadUntil = now + (ahead / PIECE_BYTES) * LIMITS.stallMs;
    if (until !== undefined) {
      this.#stalled.set(session, Math.max(until, Math.min(owedUntil, aheadUntil)));
      return true;
    }
    this.#stalled.set(session, Math.min(owedUntil, aheadUntil));
    this.#setTimer(LIMITS.stallMs);
    this.#dependencies.counters.stalledClients += 1;
    session.stalls += 1;
    session.wait(WAIT_STALL);
    return true;
  }

  release(session: ClientSession): void {
    if (this.#stalled.delete(session)) session.go(WAIT_STALL);
  }

  /** End of a turn: lets those go on whose receivers have caught up. */
  resumeDue(): void {
    for (let session = this.#due.pop(); session !== undefined; session = this.#due.pop()) {
      this.release(session);
    }
  }

  /** Lets everybody go on whose time is over. */
  onTimer(): void {
    this.#timer = "none";
    this.#resumeYielded();
    const now = this.#dependencies.clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [session, deadlineMs] of this.#stalled) {
      if (deadlineMs > now + 0.5) {
        nextMs = Math.min(nextMs, deadlineMs - now);
        continue;
      }
      this.#forget(session);
      this.release(session);
    }
    // Somebody whose pause is shorter may come before the next one is over.
    if (this.#stalled.size > 0) this.#setTimer(Math.min(nextMs, LIMITS.stallMs));
  }

  /** Each in turn; who does not come to it this time is first the next time. */
  #resumeYielded(): void {
    if (this.#yielded.length === 0) return;
    const yielded = this.#yielded;
    this.#yielded = [];
    let next = 0;
    for (; next < yielded.length && !this.#dependencies.isSpent(); next += 1) {
      (yielded[next] as ClientSession).go(WAIT_LANE);
    }
    if (next === yielded.length) return;
    this.#yielded = [...yielded.slice(next), ...this.#yielded];
    this.#setTimer(0);
  }

  /** The session is gone. */
  closed(session: ClientSession): void {
    this.#stalled.delete(session);
    this.#forget(session);
    this.caughtUp(session.outbox);
  }

  /** Who is to go on soon does not wait for the end of somebody's stall. */
  #setTimer(delayMs: number): void {
    if (this.#timer === "soon" || (delayMs > 0 && this.#timer === "later")) return;
    this.#timer = delayMs > 0 ? "later" : "soon";
    this.#dependencies.setTimer(delayMs);
  }

  #remember(session: ClientSession, lag: Lag): void {
    lag.waiters.add(session);
    const lags = this.#waitsFor.get(session);
    if (lags === undefined) this.#waitsFor.set(session, new Set([lag]));
    else lags.add(lag);
  }

  /** Costs what this session waits for, however many others lag or wait. */
  #forget(session: ClientSession): void {
    for (const lag of this.#waitsFor.get(session) ?? []) lag.waiters.delete(session);
    this.#waitsFor.delete(session);
  }
}
