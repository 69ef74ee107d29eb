// Drives the generators of the monitoring pages: gives the loop back at each pause, and fetches what
// they need (see `Steps` in monitor). Control thread.
import type { Steps } from "@weft/monitor";
import type { ConnectionRegistry } from "./connection-registry.ts";
import type { SubscriptionLists } from "./subscription-lists.ts";

export interface StepSources {
  readonly lists: SubscriptionLists;
  readonly registry: Pick<ConnectionRegistry, "settled">;
}

/** The result of `steps`, after as many turns of the loop as they want. */
export async function runSteps<Result>(
  steps: Steps<Result>,
  sources: StepSources,
): Promise<Result> {
  let step = steps.next();
  while (step.done !== true) {
    const need = step.value;
    switch (need.kind) {
      case "pause":
        await nextTurn();
        step = steps.next();
        break;
      case "settled":
        await sources.registry.settled();
        step = steps.next();
        break;
      case "subscriptions":
        step = steps.next(await sources.lists.ask(need.worker, need.query));
        break;
    }
  }
  return step.value;
}

/** Everything that was ready before has had its turn when this resolves. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
