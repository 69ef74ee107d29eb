// Who is above a limit of connections that a reload lowered (RL-06), ended in slices: very many would
// hold up all others of their thread. Owned by the worker's core. Must stay true: those who come
// meanwhile are not concerned, the acceptor and their login have the new limit for them.
import { ERROR_LINES } from "@weft/protocol";
import type { ConnectionLimits, ExcessClosing } from "../ports.ts";
import { closeAbove, isOpen } from "./changed-rights.ts";
import type { ClientSession } from "./client-session.ts";
import type { SessionHost } from "./session-host.ts";
import { logAbout } from "./session-log.ts";

/** Ended in one turn, at most ... */
const SLICE = 64;
/** ... and none is begun after this. */
const SLICE_MS = 5;

export class Excess implements ExcessClosing {
  closed = 0;
  readonly #host: SessionHost;
  readonly #limits: ConnectionLimits;
  /** Those who were here when the limit was lowered; the newest, who goes first, is the last. */
  #sessions: ClientSession[];

  constructor(
    host: SessionHost,
    sessions: ReadonlyMap<number, ClientSession>,
    limits: ConnectionLimits,
  ) {
    this.#host = host;
    this.#limits = limits;
    this.#sessions = [...sessions.values()];
  }

  step(): boolean {
    const { connectionsMax, accounts } = this.#limits;
    // Anew in each slice: some go by themselves.
    this.#sessions = this.#sessions.filter(isOpen);
    let open = this.#sessions.length;
    const { clock } = this.#host;
    const untilMs = clock.monotonicMs() + SLICE_MS;
    for (let ended = 0; ended < SLICE && clock.monotonicMs() < untilMs; ) {
      const isAbove = open > connectionsMax;
      const session = isAbove || accounts.size > 0 ? this.#sessions.pop() : undefined;
      if (session === undefined) return true;
      if (!this.#ends(session, isAbove)) continue;
      open -= 1;
      ended += 1;
    }
    return false;
  }

  #ends(session: ClientSession, isAbove: boolean): boolean {
    if (isAbove) {
      logAbout(session, "error", ERROR_LINES.connectionsExceeded.text);
      session.fail(ERROR_LINES.connectionsExceeded);
    } else {
      const accountMax = this.#limits.accounts.get(session.account);
      if (accountMax === undefined) return false;
      if (!closeAbove(this.#host, session, accountMax)) return false;
    }
    this.closed += 1;
    return true;
  }
}
