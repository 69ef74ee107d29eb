// Puts what sessions count onto the connection board and into the worker's counters: at the end of
// each input and of each turn, so that whoever saw an answer also sees the figures behind it, and the
// hot path counts in the session alone. Owned by the worker's core.
import {
  type Clock,
  FIGURE_ACTIVE_AT,
  FIGURE_IN_BYTES,
  FIGURE_IN_MESSAGES,
  FIGURE_OUT_BYTES,
  FIGURE_OUT_MESSAGES,
  FIGURE_PENDING_BYTES,
  FIGURE_ROUND_TRIP_NANOS,
  FIGURE_STALLS,
  FIGURE_SUBSCRIPTIONS,
} from "@weft/base";
import type { ConnectionBoard, ControlPort, FinishedConnection, WorkerCounters } from "../ports.ts";
import type { Publisher } from "../publish/publisher.ts";
import { lastSubscriptions } from "../subscribe/last-subscriptions.ts";
import { roundTripNanosOf } from "./client-description.ts";
import type { ClientSession } from "./client-session.ts";
import { factsText, unsignedToken } from "./connection-facts.ts";

/** Longer tokens are not kept of finished connections. */
const KEPT_TOKEN_CHARACTERS = 4_096;

function keptToken(session: ClientSession): string | undefined {
  const token = unsignedToken(session);
  return token !== undefined && token.length <= KEPT_TOKEN_CHARACTERS ? token : undefined;
}

export interface FiguresDependencies {
  readonly board: ConnectionBoard;
  readonly counters: WorkerCounters;
  readonly control: ControlPort;
  readonly clock: Clock;
}

export class Figures {
  readonly #board: ConnectionBoard;
  readonly #figures: Float64Array;
  readonly #counters: WorkerCounters;
  readonly #control: ControlPort;
  readonly #clock: Clock;
  /** What added to monotonic milliseconds gives Unix milliseconds. */
  #unixOffsetMs = 0;

  constructor(dependencies: FiguresDependencies) {
    this.#board = dependencies.board;
    this.#figures = dependencies.board.figures;
    this.#counters = dependencies.counters;
    this.#control = dependencies.control;
    this.#clock = dependencies.clock;
    this.#followClock();
  }

  /** Follows the wall clock, and counts what plans there are. */
  tick({ misses, cache, fanoutMax }: Publisher): void {
    this.#followClock();
    this.#counters.planMisses = misses;
    this.#counters.plansKept = cache.count;
    this.#counters.fanoutMax = fanoutMax;
  }

  #followClock(): void {
    const unixMs = Number(this.#clock.unixNanos() / 1_000n) / 1_000;
    this.#unixOffsetMs = unixMs - this.#clock.monotonicMs();
  }

  /** Gives the session its place; false when there is none left. */
  opened(session: ClientSession): boolean {
    this.#counters.connections += 1;
    this.#counters.connectionsTotal += 1;
    session.place = this.#board.take(session.clientId, session.startedUnixMs);
    if (session.place < 0) return false;
    this.#figures[session.place + FIGURE_ACTIVE_AT] = session.startedUnixMs;
    return true;
  }

  /** Facts that others may know have changed. */
  describe(session: ClientSession): void {
    session.isDescribed = true;
    if (session.place < 0) return;
    const facts = factsText(session, accountNameOf(session));
    if (this.#board.describe(session.place, facts)) return;
    this.#control.describeConnection(session.clientId, facts);
  }

  /** What came in. */
  input(session: ClientSession): void {
    const at = session.place;
    if (at < 0) return;
    const figures = this.#figures;
    figures[at + FIGURE_ACTIVE_AT] = session.lastInputMs + this.#unixOffsetMs;
    this.#count(session, at);
    if (session.closedReason !== undefined) return;
    figures[at + FIGURE_SUBSCRIPTIONS] = session.subscriptions?.size ?? 0;
    figures[at + FIGURE_ROUND_TRIP_NANOS] = roundTripNanosOf(session);
    figures[at + FIGURE_STALLS] = session.stalls;
  }

  /** What goes out, and what waits. */
  output(session: ClientSession): void {
    const at = session.place;
    if (at < 0) return;
    const { messages, payloadBytes, pendingBytes } = session.outbox;
    const figures = this.#figures;
    figures[at + FIGURE_PENDING_BYTES] = pendingBytes;
    const added = messages - (figures[at + FIGURE_OUT_MESSAGES] as number);
    if (added === 0) return;
    this.#counters.outMessages += added;
    this.#counters.outBytes += payloadBytes - (figures[at + FIGURE_OUT_BYTES] as number);
    figures[at + FIGURE_OUT_MESSAGES] = messages;
    figures[at + FIGURE_OUT_BYTES] = payloadBytes;
    figures[at + FIGURE_ACTIVE_AT] = this.#clock.monotonicMs() + this.#unixOffsetMs;
    if (session.closedReason === undefined) {
      figures[at + FIGURE_SUBSCRIPTIONS] = session.subscriptions?.size ?? 0;
    }
  }

  /** The connection is gone: its last figures, for the ring of CP-110. */
  closed(session: ClientSession): void {
    this.#counters.connections -= 1;
    const at = session.place;
    const figures = this.#figures;
    this.output(session);
    if (at >= 0) this.#count(session, at);
    const account = accountNameOf(session);
    const record: FinishedConnection = {
      clientId: session.clientId,
      reason: session.closedReason ?? "Unknown State",
      account,
      startedAt: session.startedUnixMs,
      closedAt: this.#clock.monotonicMs() + this.#unixOffsetMs,
      activeAt: at < 0 ? session.startedUnixMs : (figures[at + FIGURE_ACTIVE_AT] as number),
      inMessages: session.inMessages,
      inBytes: session.inBytes,
      outMessages: session.outbox.messages,
      outBytes: session.outbox.payloadBytes,
      pendingBytes: session.outbox.pendingBytes,
      subscriptions: at < 0 ? 0 : (figures[at + FIGURE_SUBSCRIPTIONS] as number),
      roundTripNanos: roundTripNanosOf(session),
      stalls: session.stalls,
      facts: factsText(session, account),
      subscriptionList: lastSubscriptions(session),
      tokenText: keptToken(session),
    };
    if (at >= 0) this.#board.release(at);
    session.place = -1;
    this.#control.connectionClosed(record);
  }

  #count(session: ClientSession, at: number): void {
    const { inMessages, inBytes } = session;
    const figures = this.#figures;
    const messages = inMessages - (figures[at + FIGURE_IN_MESSAGES] as number);
    if (messages === 0) return;
    this.#counters.inMessages += messages;
    this.#counters.inBytes += inBytes - (figures[at + FIGURE_IN_BYTES] as number);
    figures[at + FIGURE_IN_MESSAGES] = inMessages;
    figures[at + FIGURE_IN_BYTES] = inBytes;
  }
}

/** "" before the login. */
function accountNameOf({ account, host }: ClientSession): string {
  return account < 0 ? "" : host.account(account).name;
}
