// Who messages go to and come from, whatever kind of connection it is: a client now, a route, leafnode or
// gateway later. Owned by the worker's core. Must stay true: the innermost loop knows clients alone; every
// other kind is a special target, so that what it costs is paid where it is used.
import type { Transport } from "@weft/base";
import type { ClosedReason } from "@weft/protocol";
import type { MessageView } from "../publish/message-view.ts";
import type { Target } from "../publish/plan.ts";
import type { Review } from "../session/review.ts";
import type { Outbox } from "./outbox.ts";

/**
 * What kind of connection published a message; it goes along in frames between threads, in a byte.
 * Messages of services, streams and the server itself are as a client's.
 */
export const ORIGIN_CLIENT = 0;
export const ORIGIN_ROUTE = 1;

/** Writes messages to a connection that speaks another protocol than clients do. */
export interface MessageEncoder {
  /** What {@link write} will write for this message; the subject stands in the target's control line. */
  sizeOf(target: Target, message: MessageView): number;
  /** Writes the message at `out[at]`. */
  write(target: Target, message: MessageView, out: Buffer, at: number): void;
}

/** What is the same for all connections of one kind. */
export interface ConnectionKind {
  /** What it wants is wanted by another server: the feed of interest does not tell of it. */
  readonly isRemote: boolean;
  /** Undefined: as to clients, MSG and HMSG. */
  readonly encoder: MessageEncoder | undefined;
  /** False = this message is not for this target: echo, more than was asked for, one hop. */
  admit(target: Target, message: MessageView): boolean;
  /** After a delivery. */
  delivered(target: Target, message: MessageView): void;
  /** More waits for `owner` than `limit` says (CP-103): it ends. */
  overflowed(owner: OutboxOwner, limit: string): void;
  /** `admit`, `delivered` or the encoder has thrown: it ends. Where there is an encoder. */
  failed(receiver: Receiver, error: unknown): void;
}

/** Whose outbox it is. */
export interface OutboxOwner {
  readonly kind: ConnectionKind;
  readonly transport: Pick<Transport, "unsentBytes">;
  /** End of a turn in which something was appended. */
  flush(): void;
}

/** What the core asks of the connection behind a subscription. */
export interface Receiver extends OutboxOwner {
  readonly outbox: Outbox;
  /** Process-wide; what it publishes itself is known by it. */
  readonly clientId: number;
  /** What it calls itself, for reports of traced messages. */
  readonly facts: { readonly name: string };
  /** False: what it publishes itself does not come back. */
  readonly echo: boolean;
  readonly headersEnabled: boolean;
  /** Each message needs a decision of `kind`: true for all but clients. */
  readonly specialTarget: boolean;
  readonly closedReason: ClosedReason | undefined;
  /** Its rights have changed, and not all of its subscriptions are looked at yet. */
  readonly review: Review | undefined;
  /** AZ-07, for subscriptions that overlap a deny. Byte strings. */
  mayReceive(subject: string, queue: string | undefined): boolean;
}
