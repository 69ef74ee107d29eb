// One member of each queue group for the message in hand (SU-20 to SU-25), where a plan has several
// groups. Owned by the worker's core. Must stay true: what a message to very many groups costs grows
// with their number, also when no member that was drawn can take it.
import type { Prng } from "@weft/base";
import type { Deliverer } from "../deliver/deliverer.ts";
import type { MessageView } from "./message-view.ts";
import { placeOf, type QueueStep, type RemoteTarget, type Target } from "./plan.ts";

export class QueuePicks {
  readonly #deliverer: Deliverer;
  readonly #prng: Prng;
  /** Local members, in the order of their groups. */
  readonly #picked: Target[] = [];
  /** Groups that were drawn for, here or elsewhere. */
  drawn = 0;

  constructor(deliverer: Deliverer, prng: Prng) {
    this.#deliverer = deliverer;
    this.#prng = prng;
  }

  /** Local members that were drawn. */
  get count(): number {
    return this.#picked.length;
  }

  /** Draws for each group; a draw that falls on another thread is noted in its `picks`. */
  draw(queues: readonly QueueStep[] | undefined): void {
    const picked = this.#picked;
    picked.length = 0;
    this.drawn = queues === undefined ? 0 : queues.length;
    if (queues === undefined) return;
    for (let i = 0; i < queues.length; i += 1) {
      const step = queues[i] as QueueStep;
      if (step.total === 0) continue;
      const choice = this.#prng.below(step.total);
      if (choice < step.localCount) {
        picked.push(step.memberAt(choice));
        continue;
      }
      (step.remotes[placeOf(step, choice)] as RemoteTarget).picks.push(step.name);
    }
  }

  /**
   * Delivers to the local members. One that cannot take the message makes room for another one of its
   * group, here or, noted in `picks`, elsewhere.
   */
  deliver(queues: readonly QueueStep[], message: MessageView): number {
    const picked = this.#picked;
    let delivered = 0;
    /** Groups before this one have had their message: members stand in the order of their groups. */
    let group = 0;
    for (let i = 0; i < picked.length; i += 1) {
      const target = picked[i] as Target;
      if (this.#deliverer.deliverOne(target, message) === 1) {
        delivered += 1;
        continue;
      }
      while (queues[group]?.has(target) === false) group += 1;
      const step = queues[group];
      group += 1;
      if (step !== undefined) delivered += this.#deliverToOther(step, target, message);
    }
    return delivered;
  }

  #deliverToOther(step: QueueStep, target: Target, message: MessageView): number {
    for (let place = 0; place < step.localCount; place += 1) {
      const other = step.memberAt(place);
      if (other !== target && this.#deliverer.deliverOne(other, message) === 1) return 1;
    }
    step.remotes[0]?.picks.push(step.name);
    return 0;
  }
}
