// Through which import each subscription of a plan gets a traced message (AC-74). Owned by the worker's
// core; made for one message.
import type { AccountRouting, StreamTargetGroup } from "@weft/accounts";
import type { Target } from "../publish/plan.ts";
import type { TracedWay } from "./message-trace.ts";

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

  ofTarget({ subscription, subject }: Target): TracedWay {
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
