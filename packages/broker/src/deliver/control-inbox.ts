// Control frames from other threads: who of this thread is to pause or may go on, and whose request
// reached nobody. Owned by the worker's core. Must stay true: a frame for a connection that is gone does
// nothing.
import { assert } from "@weft/base";
import { sendNoResponders } from "../session/client-publish.ts";
import type { ClientSession } from "../session/client-session.ts";
import type { Ballots } from "./ballots.ts";
import {
  decodeControlFrame,
  FRAME_NO_RESPONDERS,
  FRAME_STALL,
  FRAME_UNSTALL,
} from "./bus-frame.ts";
import type { FlowControl } from "./flow-control.ts";
import type { NobodyThere } from "./frame-inbox.ts";

export class ControlInbox {
  readonly #sessions: ReadonlyMap<number, ClientSession>;
  readonly #flow: FlowControl;
  readonly #ballots: Ballots;

  /** `sessions`: of this worker, by client id. */
  constructor(sessions: ReadonlyMap<number, ClientSession>, flow: FlowControl, ballots: Ballots) {
    this.#sessions = sessions;
    this.#flow = flow;
    this.#ballots = ballots;
  }

  onControlFrame(bytes: Buffer, start: number): void {
    const frame = decodeControlFrame(bytes, start);
    const session = this.#sessions.get(frame.clientId);
    if (session === undefined) return;
    if (frame.kind === FRAME_STALL) this.#flow.stall(session, frame.ballot);
    else if (frame.kind === FRAME_UNSTALL) this.#flow.release(session);
    else if (frame.kind === FRAME_NO_RESPONDERS) this.noResponders(frame);
    else assert(false, "a known kind of control frame");
  }

  /** CP-64: one thread says that a request of a connection here reached nobody there. */
  noResponders({ clientId, subject, reply, ballot, frames }: NobodyThere): void {
    if (ballot !== 0 && !this.#ballots.vote(ballot, frames)) return;
    const session = this.#sessions.get(clientId);
    if (session?.noResponders === true) sendNoResponders(session, reply, subject);
  }
}
