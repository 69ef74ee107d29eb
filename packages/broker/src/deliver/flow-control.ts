// Pausing publishers for receivers that lag (CP-105). A publisher waits at most `LIMITS.stallMs` for
// 64 KiB of input, and only for receivers that get on: one that has lagged for a while with little
// progress is waited for no more, so that it cannot hold up a subject for the others; its outbox
// then grows to its limit and it is closed. Who floods himself waits as long as he reads at all.
// Owned by the worker's core.
import { type Clock, LIMITS } from "@weft/base";
import type { Bus, WorkerCounters } from "../ports.ts";
import type { ClientSession } from "../session/client-session.ts";
import { WAIT_LANE, WAIT_STALL } from "../session/wait-reasons.ts";
import { encodeControlFrame, FRAME_STALL, FRAME_UNSTALL } from "./bus-frame.ts";
import type { Outbox } from "./outbox.ts";

/** What a publisher may send for one pause. */
const PIECE_BYTES = 64 * 1024;
/** The longest pause: one on another thread has sent several reads when it hears of it. */
const PIECES_MAX = 16;
/** What was sent counts from the last pause, if that was not longer ago. */
const RECENT_MS = 500;
/** A receiver is given up on after lagging this long ... */
const PATIENCE_MS = 1_000;
/** ... with less taken than half of what one publisher sends that waits: no pause helps it for long. */
const PROGRESS_BYTES = ((PATIENCE_MS / LIMITS.stallMs) * PIECE_BYTES) / 2;

interface RemoteWaiter {
  readonly thread: number;
  /** When it was last told to wait. */
  readonly toldMs: number;
}

/** What a receiver had taken at a time. */
interface Progress {
  sinceMs: number;
  takenBytes: number;
}

interface Lag {
  readonly progress: Progress;
  /** As its own publishes look at it: they buy it no patience of others. */
  readonly ownProgress: Progress;
  readonly waiters: Set<ClientSession>;
  /** Publishers on other threads by client id. */
  readonly remoteWaiters: Map<number, RemoteWaiter>;
}

export interface FlowControlDependencies {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly counters: WorkerCounters;
  /** As in `BrokerDependencies`. */
  setTimer(delayMs: number): void;
  /** No more work in this turn. */
  isSpent(): boolean;
  /** Bytes that the kernel has taken for this receiver. */
  takenBytes(outbox: Outbox): number;
}

export class FlowControl {
  readonly #dependencies: FlowControlDependencies;
  readonly #lagging = new Map<Outbox, Lag>();
  /** The other way round, without those that wait for nobody: both may be thousands. */
  readonly #waitsFor = new Map<ClientSession, Set<Lag>>();
  /** Publishers of this thread that wait, with the time when they go on anyway. */
  readonly #stalled = new Map<ClientSession, number>();
  /** When each was paused last, and the payload it had sent by then. */
  readonly #lastPauses = new WeakMap<ClientSession, { atMs: number; inBytes: number }>();
  /** Waited for a receiver that has caught up: they go on at the end of the turn. */
  readonly #due: ClientSession[] = [];
  #timer: "none" | "later" | "soon" = "none";
  #yielded: ClientSession[] = [];
  /** The publisher in hand is to wait when its input is done. */
  #wanted = false;

  constructor(dependencies: FlowControlDependencies) {
    this.#dependencies = dependencies;
  }

  /** A receiver crossed the threshold while the message of this publisher was delivered. */
  lagging(
    outbox: Outbox,
    source: ClientSession | undefined,
    thread: number,
    clientId: number,
  ): void {
    const { clock, bus } = this.#dependencies;
    const now = clock.monotonicMs();
    let lag = this.#lagging.get(outbox);
    if (lag === undefined) {
      const takenBytes = this.#dependencies.takenBytes(outbox);
      lag = {
        progress: { sinceMs: now, takenBytes },
        ownProgress: { sinceMs: now, takenBytes },
        waiters: new Set(),
        remoteWaiters: new Map(),
      };
      this.#lagging.set(outbox, lag);
    }
    // Who sends to himself holds up nobody else by it: for him anything is enough.
    const isOwn = source?.outbox === outbox;
    if (isOwn ? !this.#getsOn(outbox, lag.ownProgress, 1) : !this.#getsOn(outbox, lag.progress)) {
      return;
    }
    if (source !== undefined) {
      this.#remember(source, lag);
      this.#wanted = true;
      return;
    }
    // Nobody is to wait who is not a client: streams, replies of services.
    if (clientId === 0 || thread === bus.threadIndex) return;
    const before = lag.remoteWaiters.get(clientId);
    if (before !== undefined && now - before.toldMs < LIMITS.stallMs) return;
    lag.remoteWaiters.set(clientId, { thread, toldMs: now });
    bus.sendControl(thread, encodeControlFrame(FRAME_STALL, clientId));
  }

  /** False: it has lagged for long, and taken less than wanted meanwhile. */
  #getsOn(outbox: Outbox, progress: Progress, wantedBytes = PROGRESS_BYTES): boolean {
    const now = this.#dependencies.clock.monotonicMs();
    if (now - progress.sinceMs <= PATIENCE_MS) return true;
    const takenBytes = this.#dependencies.takenBytes(outbox);
    if (takenBytes - progress.takenBytes < wantedBytes) return false;
    progress.sinceMs = now;
    progress.takenBytes = takenBytes;
    return true;
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
    for (const [clientId, { thread }] of lag.remoteWaiters) {
      this.#dependencies.bus.sendControl(thread, encodeControlFrame(FRAME_UNSTALL, clientId));
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
    if (!this.#wanted) return;
    this.#wanted = false;
    this.stall(session);
  }

  /** Pauses a publisher of this thread. */
  stall(session: ClientSession): void {
    if (session.state !== "active" || this.#stalled.has(session)) return;
    const now = this.#dependencies.clock.monotonicMs();
    this.#stalled.set(session, now + this.#piecesSent(session, now) * LIMITS.stallMs);
    this.#setTimer(LIMITS.stallMs);
    this.#dependencies.counters.stalledClients += 1;
    session.stalls += 1;
    session.wait(WAIT_STALL);
  }

  /** Since its last pause, one at least. */
  #piecesSent(session: ClientSession, now: number): number {
    const { inBytes } = session;
    const last = this.#lastPauses.get(session);
    this.#lastPauses.set(session, { atMs: now, inBytes });
    if (last === undefined || now - last.atMs > RECENT_MS) return 1;
    return Math.min(Math.max(1, (inBytes - last.inBytes) / PIECE_BYTES), PIECES_MAX);
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
