// What accounts by tokens need of the server around them. Control thread; types only.
import type { AccountsDelta, AccountsSnapshot } from "@weft/accounts";
import type { ServerOptions } from "@weft/config";
import type { AccountHappening } from "@weft/control";
import type { LogSink } from "@weft/logging";
import type { ClaimReplyBody } from "@weft/resolver";
import type { ToWorker } from "./thread-messages.ts";

/** Where answers about claims go; there is none without a system account. */
export interface ClaimReplies {
  reply(subject: string, body: ClaimReplyBody): void;
  replyRaw(subject: string, text: string): void;
}

export interface OperatorParts {
  readonly options: ServerOptions;
  /** `$G` and the system account, without anything in them. */
  readonly base: AccountsSnapshot;
  readonly log: LogSink;
  readonly workersCount: number;
  /** Gauge of connections by account. */
  readonly accountConnections: SharedArrayBuffer;
  /** Tells one worker, counted from 0. */
  tellWorker(worker: number, message: ToWorker): void;
  /** Control's own part of routing and pages; the workers were told before. */
  applied(delta: AccountsDelta): void;
  /** GP-5: something happened to an account in use. */
  happened(what: AccountHappening, account: string): void;
  replies(): ClaimReplies | undefined;
}
