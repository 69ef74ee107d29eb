// Following a plan as far as another server has decided: it names the queue groups that are to be served
// here, and says whether plain subscriptions are. Owned by the worker's core. Must stay true: a message that
// waits for room was delivered to nobody.

import { FLAG_PLAIN, itemBytes } from "../deliver/bus-frame.ts";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { RemoteLanes } from "../deliver/remote-lanes.ts";
import type { PublishContext } from "./context.ts";
import type { MessageView } from "./message-view.ts";
import { type Plan, placeOf, type QueueStep, type RemoteTarget, type Target } from "./plan.ts";
import { PARKED, type Publisher } from "./publisher.ts";
import type { ServiceStep } from "./service-step.ts";

/** Who is to get it. Names are byte strings. */
export interface Direction {
  readonly plain: boolean;
  readonly queues: readonly string[];
}

export interface DirectedParts {
  readonly deliverer: Deliverer;
  readonly lanes: RemoteLanes;
  readonly services: () => ServiceStep;
}

/** A member here that was drawn for its group. */
interface Picked {
  readonly step: QueueStep;
  readonly target: Target;
}

export class DirectedPublish {
  readonly #publisher: Publisher;
  readonly #parts: DirectedParts;

  constructor(publisher: Publisher, parts: DirectedParts) {
    this.#publisher = publisher;
    this.#parts = parts;
  }

  /** Deliveries and frames, or `PARKED`, with `parkedOn` of the publisher set. */
  run(plan: Plan, message: MessageView, context: PublishContext, to: Direction): number {
    const publisher = this.#publisher;
    const { deliverer } = this.#parts;
    const picked = this.#draw(plan, to.queues);
    const remotes = (plan.remotes ?? []).filter(
      ({ plain, picks }) => (plain && to.plain) || picks.length > 0,
    );
    if (!this.#hasRoom(remotes, message)) {
      for (const { picks } of remotes) picks.length = 0;
      return PARKED;
    }
    const bodyBytes = message.bodyEnd - message.bodyStart;
    let delivered = 0;
    if (to.plain) {
      publisher.spend(plan.targets.length, bodyBytes);
      delivered = deliverer.deliver(plan.targets, plan.plain, message);
    }
    publisher.spend(picked.length, bodyBytes);
    for (const one of picked) delivered += this.#deliverToGroup(one, message, remotes);
    for (const remote of remotes) this.#send(remote, message, to.plain);
    if (plan.serviceReply && this.#parts.services().reply(message, context)) delivered += 1;
    return delivered + remotes.length;
  }

  /** One member of each group, here or noted in the `picks` of its thread. */
  #draw(plan: Plan, names: readonly string[]): Picked[] {
    const picked: Picked[] = [];
    for (const name of names) {
      const step = plan.queueNamed(Buffer.from(name, "latin1"));
      if (step === undefined || step.total === 0) continue;
      const choice = this.#publisher.choose(step.total);
      if (choice < step.localCount) picked.push({ step, target: step.memberAt(choice) });
      else (step.remotes[placeOf(step, choice)] as RemoteTarget).picks.push(step.name);
    }
    return picked;
  }

  #hasRoom(remotes: readonly RemoteTarget[], message: MessageView): boolean {
    const bytes = itemBytes(message);
    for (const remote of remotes) {
      if (this.#parts.lanes.hasRoom(remote, message, bytes)) continue;
      this.#publisher.parkedOn = remote.thread;
      return false;
    }
    return true;
  }

  /** A member that cannot take it makes room for another one of its group, here or elsewhere (SU-25). */
  #deliverToGroup({ step, target }: Picked, message: MessageView, remotes: RemoteTarget[]): number {
    const { deliverer } = this.#parts;
    if (deliverer.deliverOne(target, message) === 1) return 1;
    for (let place = 0; place < step.localCount; place += 1) {
      const other = step.memberAt(place);
      if (other !== target && deliverer.deliverOne(other, message) === 1) return 1;
    }
    const [elsewhere] = step.remotes;
    if (elsewhere === undefined) return 0;
    elsewhere.picks.push(step.name);
    if (!remotes.includes(elsewhere)) remotes.push(elsewhere);
    return 0;
  }

  #send(remote: RemoteTarget, message: MessageView, isPlain: boolean): void {
    const { thread, account, picks, plain } = remote;
    const { subject, subjectStart, subjectEnd, hash } = message;
    const flags = plain && isPlain ? FLAG_PLAIN : 0;
    // biome-ignore format: one call
    this.#parts.lanes.send(thread, message, account, subject, subjectStart, subjectEnd, hash,
      picks.slice(), flags);
    picks.length = 0;
  }
}
