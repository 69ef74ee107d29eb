// Through which import each subscription of a plan gets a traced message (AC-74). Owned by the worker's
// core; made for one message.
import type { AccountRouting, StreamTargetGroup } from "@weft/accounts";
import type { Target } from "../publish/plan.ts";
import type { TracedWay } from "./message-trace.ts";

/** `MSG ` in front of a target's subject, a blank behind it and one behind its sid. */
const VERB_BYTES = 4;
const BLANKS = 2;

export class TracedWays {
  readonly #routing: AccountRouting;
  readonly #account: number;
  readonly #subject: string;
  #groups: readonly StreamTargetGroup[] | undefined;

  /** The message is in `account` with `subject`, a byte string. */
  constructor(routing: AccountRouting, account: number, subject: string) {
    this.#routing = routing;
    this.#account = account;
    this.#subject = subject;
  }

  ofTarget({ subscription, view, start, length }: Target): TracedWay {
    const from = start + VERB_BYTES;
    const bytes = length - VERB_BYTES - BLANKS - subscription.sid.length;
    const subject = Buffer.from(view.buffer, view.byteOffset + from, bytes).toString("latin1");
    return this.of(subscription.account, subject);
  }

  /** Of subscriptions in `account` that get it as `subject`. */
  of(account: number, subject: string): TracedWay {
    const { name } = this.#routing.account(account).snapshot;
    const isOwn = account === this.#account && subject === this.#subject;
    return { account: name, stream: isOwn ? undefined : this.#groupOf(account, subject) };
  }

  #groupOf(account: number, subject: string): StreamTargetGroup | undefined {
    this.#groups ??= this.#routing.account(this.#account).streamTargetGroups(this.#subject);
    return this.#groups.find(
      (group) => group.subject === subject && group.importers.includes(account),
    );
  }
}
