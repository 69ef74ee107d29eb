// What a change of accounts does to the connections in them, and a reload to all (AC-93, AZ-15 to AZ-17,
// CP-82 to CP-84, RL-06, RL-13): they are judged again, a bounded part of them in one turn, so that very
// many hold nobody up. Owned by the worker's core.
//
// Must stay true: from the change on a connection does nothing by its former rights. Who waits for his
// judgement is given it as soon as he says something, or what he said before goes on, and before that
// is looked at. Until his turn he can only be sent what he subscribed to. Those who are known to have no
// right to be here any more go first. A login that waits while the users change begins anew.
import type { TokenVerdict } from "@weft/auth";
import { closeAbove, followAtOnce, followRights, followToken, isOpen } from "./changed-rights.ts";
import type { ClientSession } from "./client-session.ts";
import { loginFacts, restartLogin } from "./login.ts";
import type { Reload } from "./reload.ts";
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
/** Logins that begin anew in one turn; the others are judgements. */
const RESTARTS_SLICE = 16;

interface Ended {
  readonly verdict: TokenVerdict;
  /** Found by this one. */
  readonly reload: Reload | undefined;
}

/** Bounded by the connections there are: who has gone meanwhile costs nothing when its turn comes. */
export class Judgements {
  readonly #host: SessionHost;
  readonly #sessions: ReadonlyMap<number, ClientSession>;
  readonly #callSoon: () => void;
  /** Known to have ended, and why. */
  readonly #ended = new Map<ClientSession, Ended>();
  /** To be judged, the one that waits longest first: by a reload, or by what is known of tokens. */
  readonly #doubted = new Map<ClientSession, Reload | undefined>();
  /** Logins that begin anew. */
  readonly #restarting = new Map<ClientSession, Reload>();
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
      this.#doubt(session, this.#doubted.get(session));
    }
    const now = this.#host.clock.monotonicMs();
    if (this.#lowered.size + this.#excess.length === 0) this.#loweredSinceMs = now;
    for (const account of lowered.keys()) this.#lowered.add(account);
    this.#steppedMs = now;
    this.#callSoon();
  }

  /** All connections wait for a judgement by a new configuration. The first have theirs at once. */
  beginReload(reload: Reload): void {
    for (const session of this.#sessions.values()) {
      if (!isOpen(session)) continue;
      followAtOnce(session, reload);
      if (!isOpen(session)) reload.closed += 1;
      else if (session.state === "active") this.#doubt(session, reload);
      else if (session.state === "logging-in") {
        // The answer that is under way is for other users.
        session.pendingLogin = undefined;
        this.#restarting.set(session, reload);
      }
    }
    this.#steppedMs = this.#host.clock.monotonicMs();
    this.step();
  }

  #doubt(session: ClientSession, reload: Reload | undefined): void {
    session.waiting |= WAIT_JUDGEMENT;
    if (this.#ended.has(session)) return;
    const { identity } = session;
    const verdict = identity && this.#host.rules.knownEnd(identity);
    if (verdict === undefined) this.#doubted.set(session, reload);
    else {
      this.#doubted.delete(session);
      this.#ended.set(session, { verdict, reload });
    }
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

  /** True if nothing keeps the input of a session any more: it waited for its judgement alone. */
  isLetOn(session: ClientSession): boolean {
    if (session.waiting !== WAIT_JUDGEMENT) return false;
    this.judge(session);
    return isReading(session);
  }

  /** Judges one that waits for it; its input goes on. */
  judge(session: ClientSession): void {
    const ended = this.#ended.get(session);
    const reload = ended?.reload ?? this.#doubted.get(session);
    this.#ended.delete(session);
    this.#doubted.delete(session);
    const { identity, state } = session;
    if (state === "active" && identity !== undefined) {
      if (ended !== undefined) followToken(session, ended.verdict);
      else if (reload !== undefined) followRights(session, reload);
      else {
        const verdict = this.#host.rules.judgeAgain(identity, loginFacts(session));
        if (verdict !== undefined) followToken(session, verdict);
      }
      if (reload !== undefined && !isOpen(session)) reload.closed += 1;
    }
    session.go(WAIT_JUDGEMENT);
  }

  /** Unless it has begun anew already, when its former subscriptions were out. */
  #restart(session: ClientSession): void {
    const reload = this.#restarting.get(session);
    this.#restarting.delete(session);
    if (session.state !== "logging-in" || session.pendingLogin !== undefined) return;
    restartLogin(session);
    if (reload !== undefined && !isOpen(session)) reload.closed += 1;
  }

  /** True while nobody waits for a judgement or a login anew. */
  get isIdle(): boolean {
    return this.#ended.size + this.#doubted.size + this.#restarting.size === 0;
  }

  get #isWaiting(): boolean {
    return this.#mayExceed || !this.isIdle;
  }

  #run(max: number, untilMs: number): void {
    const now = this.#host.clock.monotonicMs();
    const isLate = this.#mayExceed && now - this.#loweredSinceMs >= LOWERED_PATIENCE_MS;
    const judge = (session: ClientSession): void => this.judge(session);
    let left = max - (isLate ? this.#endSome(EXCESS_SLICE, untilMs) : 0);
    left -= this.#take(this.#ended.keys(), left, untilMs, judge);
    const restarts = Math.min(left, RESTARTS_SLICE);
    left -= this.#take(this.#restarting.keys(), restarts, untilMs, (one) => this.#restart(one));
    left -= this.#take(this.#doubted.keys(), left, untilMs, judge);
    if (this.isIdle) this.#endSome(left, untilMs);
  }

  /** Does at most `max` of those that wait, and returns how many. */
  #take(
    waiting: Iterable<ClientSession>,
    max: number,
    untilMs: number,
    act: (session: ClientSession) => void,
  ): number {
    let taken = 0;
    for (const session of waiting) {
      if (taken === max || this.#host.clock.monotonicMs() >= untilMs) break;
      taken += 1;
      act(session);
    }
    return taken;
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
