// What a change of accounts does to the connections in them, and a reload to all (AC-93, AZ-15 to AZ-17,
// CP-82 to CP-84, RL-06, RL-13): they are judged again, a bounded part of them in one turn, so that very
// many hold nobody up. Owned by the worker's core.
//
// Must stay true: from the change on a connection does nothing by its former rights. Who waits for his
// judgement is given it as soon as he says something, or what he said before goes on, and before that
// is looked at; where many do so in one pass of the loop, the others wait for their turn. Until that he
// can only be sent what he subscribed to. Those who are known to have no right to be here any more go
// first; the others wait for those of their own account, whatever it takes to judge another one's. A
// login that waits while the users change begins anew.
import type { TokenVerdict } from "@weft/auth";
import { closeAbove, followAtOnce, followRights, followToken, isOpen } from "./changed-rights.ts";
import type { ClientSession } from "./client-session.ts";
import { loginFacts, restartLogin } from "./login.ts";
import { LoginTurns } from "./login-turns.ts";
import type { Reload } from "./reload.ts";
import type { SessionHost } from "./session-host.ts";
import { WAIT_JUDGEMENT } from "./wait-reasons.ts";

/** Judged or cut in one turn, at most ... */
const SLICE = 64;
/** ... and none is begun after this: one token may take long to judge. */
const SLICE_MS = 5;
/** Of one account, before the next one has its turn. */
const ACCOUNT_MS = 1;
/** Slices grow with the turns of a busy worker, so that they take no less than a fourth of its time. */
const GROWN_EVERY_MS = 15;
const GROWN_MAX = 10;
/** A lowered limit waits so long for judgements; then it has a part of each slice. */
const LOWERED_PATIENCE_MS = 500;
const EXCESS_SLICE = 16;

/** Bounded by the connections there are: who has gone meanwhile costs nothing when its turn comes. */
export class Judgements {
  readonly logins: LoginTurns;
  readonly #host: SessionHost;
  readonly #sessions: ReadonlyMap<number, ClientSession>;
  readonly #callSoon: () => void;
  /** Known to have ended, and why. */
  readonly #ended = new Map<ClientSession, TokenVerdict>();
  /** To be judged, by account: whose turn is next stands first, who waits longest first of each. */
  readonly #doubted = new Map<number, Set<ClientSession>>();
  /** Those who are judged by a new configuration, not by what is known of their token alone. */
  readonly #byReload = new Map<ClientSession, Reload>();
  /** Those of them that said something and were put off: their input waits. */
  readonly #talking = new Set<ClientSession>();
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
    this.logins = new LoginTurns(host.clock, callSoon);
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
      this.#doubt(session);
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
      else if (session.state === "active") {
        this.#byReload.set(session, reload);
        this.#doubt(session);
      } else if (session.state === "logging-in") {
        // The answer that is under way is for other users.
        session.pendingLogin = undefined;
        reload.loginsLeft += 1;
        const { remoteAddress } = session.transport;
        this.logins.later(remoteAddress, () => restart(session, reload));
      }
    }
    this.#steppedMs = this.#host.clock.monotonicMs();
    this.step();
  }

  /** One slice, and another pass for logins. */
  step(): void {
    this.logins.step();
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
    if (this.logins.isSpent) {
      this.#talking.add(session);
      session.transport.pauseReading();
      return false;
    }
    this.logins.spend(() => this.judge(session));
    return isReading(session);
  }

  /** Judges one that waits for it; its input goes on. */
  judge(session: ClientSession): void {
    const end = this.#ended.get(session);
    const reload = this.#byReload.get(session);
    this.#ended.delete(session);
    this.#byReload.delete(session);
    this.#talking.delete(session);
    this.#trust(session);
    const { identity, state } = session;
    if (state === "active" && identity !== undefined) {
      if (reload !== undefined && end === undefined) followRights(session, reload);
      else {
        const verdict = end ?? this.#host.rules.judgeAgain(identity, loginFacts(session));
        if (verdict !== undefined) followToken(session, verdict);
      }
      if (reload !== undefined && !isOpen(session)) reload.closed += 1;
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
    for (const session of this.#ended.keys()) {
      if (left === 0 || this.#host.clock.monotonicMs() >= untilMs) return;
      left -= 1;
      this.judge(session);
    }
    left -= this.#judgeSome(left, untilMs);
    if (this.#doubted.size === 0) this.#endSome(left, untilMs);
  }

  /** Judges at most `max` of those in doubt, and returns how many. */
  #judgeSome(max: number, untilMs: number): number {
    const { clock } = this.#host;
    let judged = 0;
    for (let now = clock.monotonicMs(); judged < max && now < untilMs; now = clock.monotonicMs()) {
      const [next] = this.#doubted;
      if (next === undefined) break;
      const [account, sessions] = next;
      const turnEndsMs = now + ACCOUNT_MS;
      for (const session of sessions) {
        sessions.delete(session);
        this.judge(session);
        judged += 1;
        now = clock.monotonicMs();
        if (judged === max || now >= turnEndsMs || now >= untilMs) break;
      }
      // The others have theirs before it comes again.
      if (this.#doubted.delete(account) && sessions.size > 0) this.#doubted.set(account, sessions);
    }
    return judged;
  }

  #doubt(session: ClientSession): void {
    session.waiting |= WAIT_JUDGEMENT;
    if (this.#ended.has(session)) return;
    const { identity, account } = session;
    const end = identity && this.#host.rules.knownEnd(identity);
    if (end !== undefined) {
      this.#trust(session);
      this.#ended.set(session, end);
      return;
    }
    const sessions = this.#doubted.get(account) ?? new Set();
    this.#doubted.set(account, sessions.add(session));
  }

  #trust(session: ClientSession): void {
    const sessions = this.#doubted.get(session.account);
    if (sessions?.delete(session) === true && sessions.size === 0) {
      this.#doubted.delete(session.account);
    }
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

/** A login begins anew, unless it has already: in its turn, or when its former subscriptions were out. */
function restart(session: ClientSession, reload: Reload): void {
  reload.loginsLeft -= 1;
  if (session.state !== "logging-in" || session.pendingLogin !== undefined) return;
  restartLogin(session);
  if (!isOpen(session)) reload.closed += 1;
}
