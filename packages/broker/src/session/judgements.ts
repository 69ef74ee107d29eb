// What a change of accounts does to the connections in them (AC-93, CP-82 to CP-84, RL-06): they are
// judged again, a bounded part of them in one turn, so that an account with very many holds nobody up.
// Owned by the worker's core.
//
// Must stay true: from the change on a connection does nothing by its former rights. Who waits for his
// judgement is given it as soon as he says something, or what he said before goes on, and before that
// is looked at. Until his turn he can only be sent what he subscribed to. Those who are known to have no
// right to be here any more go first.
import type { TokenVerdict } from "@weft/auth";
import { closeAbove, followToken, isOpen } from "./changed-rights.ts";
import type { ClientSession } from "./client-session.ts";
import { loginFacts } from "./login.ts";
import type { SessionHost } from "./session-host.ts";
import { WAIT_JUDGEMENT } from "./wait-reasons.ts";

/** Judged or cut in one turn, at most ... */
const SLICE = 64;
/** ... and none is begun after this: one token may take long to judge. */
const SLICE_MS = 5;
/** Slices grow with the turns of a busy worker, so that they take no less than a fourth of its time. */
const GROWN_EVERY_MS = 15;
const GROWN_MAX = 10;
/** A lowered limit waits so long for judgements; then it has a part of each slice. */
const LOWERED_PATIENCE_MS = 500;
const EXCESS_SLICE = 16;

/** Bounded by the connections there are: who has gone meanwhile costs nothing when its turn comes. */
export class Judgements {
  readonly #host: SessionHost;
  readonly #sessions: ReadonlyMap<number, ClientSession>;
  readonly #callSoon: () => void;
  /** Known to have ended, and why. */
  readonly #ended = new Map<ClientSession, TokenVerdict>();
  /** To be judged, the one that waits longest first. */
  readonly #doubted = new Set<ClientSession>();
  /** Accounts, by index, whose limit of connections was lowered: looked at when all are judged. */
  readonly #lowered = new Set<number>();
  /** Connections of such accounts, the newest last, and which accounts may have too many still. */
  #excess: ClientSession[] = [];
  #above = new Set<number>();
  #loweredSinceMs = 0;
  #steppedMs = 0;

  /** `sessions`: of this worker, the newest last. `callSoon`: `step` is to be called in another turn. */
  constructor(
    host: SessionHost,
    sessions: ReadonlyMap<number, ClientSession>,
    callSoon: () => void,
  ) {
    this.#host = host;
    this.#sessions = sessions;
    this.#callSoon = callSoon;
  }

  /** Connections in `accounts` wait for a judgement by what is known now. */
  begin(accounts: ReadonlySet<number>, lowered: ReadonlyMap<number, number>): void {
    if (accounts.size === 0) return;
    for (const session of this.#sessions.values()) {
      const { identity, account, state } = session;
      if (identity === undefined || state !== "active" || !accounts.has(account)) continue;
      if (this.#ended.has(session)) continue;
      const end = this.#host.rules.knownEnd(identity);
      if (end === undefined) this.#doubted.add(session);
      else {
        this.#doubted.delete(session);
        this.#ended.set(session, end);
      }
      session.waiting |= WAIT_JUDGEMENT;
    }
    const now = this.#host.clock.monotonicMs();
    if (this.#lowered.size + this.#excess.length === 0) this.#loweredSinceMs = now;
    for (const account of lowered.keys()) this.#lowered.add(account);
    this.#steppedMs = now;
    this.#callSoon();
  }

  /** One slice. */
  step(): void {
    if (!this.#isWaiting) return;
    const now = this.#host.clock.monotonicMs();
    const turns = Math.floor((now - this.#steppedMs) / GROWN_EVERY_MS);
    const grown = Math.min(GROWN_MAX, Math.max(1, turns));
    this.#steppedMs = now;
    this.#run(grown * SLICE, now + grown * SLICE_MS);
    if (this.#isWaiting) this.#callSoon();
  }

  /** Everybody is about to be judged by something else: cuts those that it would not look at. */
  finish(): void {
    for (const session of this.#doubted) session.waiting &= ~WAIT_JUDGEMENT;
    this.#doubted.clear();
    while (this.#isWaiting) this.#run(SLICE, Number.POSITIVE_INFINITY);
  }

  /** True if nothing keeps the input of a session any more: it waited for its judgement alone. */
  isLetOn(session: ClientSession): boolean {
    if (session.waiting !== WAIT_JUDGEMENT) return false;
    this.judge(session);
    return isReading(session);
  }

  /** Judges one that waits for it; its input goes on. */
  judge(session: ClientSession): void {
    const end = this.#ended.get(session);
    this.#ended.delete(session);
    this.#doubted.delete(session);
    const { identity, state } = session;
    if (state === "active" && identity !== undefined) {
      const verdict = end ?? this.#host.rules.judgeAgain(identity, loginFacts(session));
      if (verdict !== undefined) followToken(session, verdict);
    }
    session.go(WAIT_JUDGEMENT);
  }

  /** True while nobody waits for a judgement. */
  get isIdle(): boolean {
    return this.#ended.size + this.#doubted.size === 0;
  }

  get #isWaiting(): boolean {
    return this.#mayExceed || !this.isIdle;
  }

  #run(max: number, untilMs: number): void {
    const now = this.#host.clock.monotonicMs();
    const isLate = this.#mayExceed && now - this.#loweredSinceMs >= LOWERED_PATIENCE_MS;
    let left = max - (isLate ? this.#endSome(EXCESS_SLICE, untilMs) : 0);
    for (const waiting of [this.#ended.keys(), this.#doubted.values()]) {
      for (const session of waiting) {
        if (left === 0 || this.#host.clock.monotonicMs() >= untilMs) return;
        left -= 1;
        this.judge(session);
      }
    }
    this.#endSome(left, untilMs);
  }

  get #mayExceed(): boolean {
    return this.#lowered.size + this.#excess.length > 0;
  }

  /** Ends at most `max` of those above their limits, and returns how many. */
  #endSome(max: number, untilMs: number): number {
    let ended = 0;
    if (this.#excess.length === 0) this.#findExcess();
    while (this.#excess.length > 0 && ended < max) {
      if (this.#host.clock.monotonicMs() >= untilMs) break;
      if (this.#endExcess(this.#excess.pop() as ClientSession)) ended += 1;
    }
    return ended;
  }

  #findExcess(): void {
    if (this.#lowered.size === 0) return;
    this.#above = new Set(this.#lowered);
    this.#lowered.clear();
    const sessions = [...this.#sessions.values()];
    this.#excess = sessions.filter(({ account }) => this.#above.has(account));
  }

  /** The newest first: who has been here for longer stays. False = this one does. */
  #endExcess(session: ClientSession): boolean {
    const { account } = session;
    if (!isOpen(session) || !this.#above.has(account)) return false;
    // As it is now: it may have changed again.
    const { connectionsMax } = this.#host.rules.account(account).limits;
    const isEnded = connectionsMax >= 0 && closeAbove(this.#host, session, connectionsMax);
    if (!isEnded) this.#above.delete(account);
    return isEnded;
  }
}

function isReading({ waiting, state }: ClientSession): boolean {
  return waiting === 0 && state === "active";
}
