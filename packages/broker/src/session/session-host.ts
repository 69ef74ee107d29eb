// What a session may ask of the core that owns it.

import type { AccountSnapshot } from "@weft/accounts";
import type { LoginOutcome, LoginQuestion } from "@weft/auth";
import type { Clock, Entropy, Log } from "@weft/base";
import type { ClientParser } from "@weft/protocol";
import type { FlowControl } from "../deliver/flow-control.ts";
import type { Outbox } from "../deliver/outbox.ts";
import type { OutboxOwner } from "../deliver/receiver.ts";
import type { BrokerLimits, ServerIdentity, SharedLimits, WorkerCounters } from "../ports.ts";
import type { ContextTable } from "../publish/context.ts";
import type { MessageView } from "../publish/message-view.ts";
import type { Publisher } from "../publish/publisher.ts";
import type { Departures } from "../subscribe/departures.ts";
import type { OwnSubscriptions } from "../subscribe/own-subscription.ts";
import type { Subscriptions } from "../subscribe/subscriptions.ts";
import type { ClientSession } from "./client-session.ts";
import type { Judgements } from "./judgements.ts";
import type { ResponseShares } from "./response-shares.ts";
import type { Reviews } from "./reviews.ts";
import type { SessionInput } from "./session-input.ts";
import type { SnapshotRules } from "./snapshot-rules.ts";
import type { SystemEvents } from "./system-events.ts";

/** A login that waits for an answer. */
export type PendingLogin = Extract<LoginOutcome, { kind: "pending" }>;

/** Static facts that all sessions of the worker share until the next snapshot. */
export interface SessionHost {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly log: Log;
  readonly parser: ClientParser;
  readonly limits: BrokerLimits;
  readonly server: ServerIdentity;
  readonly counters: WorkerCounters;
  readonly contexts: ContextTable;
  readonly publisher: Publisher;
  readonly subscriptions: Subscriptions;
  readonly departures: Departures;
  readonly judgements: Judgements;
  readonly reviews: Reviews;
  readonly ownSubscriptions: OwnSubscriptions;
  /** Limits over all threads. */
  readonly shared: SharedLimits;
  readonly responses: ResponseShares;
  /** The message in hand at depth 0. */
  readonly message: MessageView;
  readonly threadIndex: number;
  /** Set while the server is in lame duck mode (CP-13). */
  readonly lameDuck: boolean;
  readonly flow: FlowControl;
  /** Users and accounts. */
  readonly rules: SnapshotRules;
  newOutbox(owner: OutboxOwner): Outbox;
  account(index: number): AccountSnapshot;
  /** Asks control what the login has to know; `finishLogin` follows. */
  askForLogin(session: ClientSession, question: LoginQuestion): void;
  /** The session's input waits until the lane to `thread` has room. */
  park(session: ClientSession, thread: number): void;
  /** So many bytes of one connection have come in: `lastInputMs`, and `aheadBytes` as of then. */
  beginInput(session: ClientSession, bytes: number): void;
  /** Kept input goes on, outside of the transport's call: a fault costs this connection alone (F27). */
  resumeInput(session: ClientSession, input: SessionInput): void;
  /** End of one connection's input: flow control looks whether it has to pause. */
  endOfInput(session: ClientSession): void;
  /** Something was appended or the session is to be closed: flush it at the end of the turn. */
  touch(owner: OutboxOwner): void;
  /** Something was written: its figures go onto the connection board. */
  outputDone(session: ClientSession): void;
  /** What others may know of the session has changed. */
  factsChanged(session: ClientSession): void;
  closed(session: ClientSession): void;
  /** Undefined without a system account. */
  readonly events: SystemEvents | undefined;
}
