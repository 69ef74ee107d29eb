// Puts accounts by tokens together for one server. Control thread; loaded only where there are
// operators.
import type { AccountsDelta } from "@weft/accounts";
import type { Monitor } from "./monitor-wiring.ts";
import { OperatorService } from "./operator-service.ts";
import type { RuntimeOptions } from "./runtime.ts";
import type { SharedRegions } from "./shared-state.ts";
import type { SystemService } from "./system-service.ts";
import type { ThreadGroup } from "./thread-group.ts";

export interface OperatorSurroundings {
  readonly regions: SharedRegions;
  readonly threads: ThreadGroup;
  /** Undefined before the workers start, and without a system account. */
  system(): SystemService | undefined;
  /** Undefined while nobody has asked for a page. */
  monitor(): Promise<Monitor> | undefined;
}

/** Throws when the server cannot run like this. */
export async function openOperator(
  { options, accounts: base, log }: RuntimeOptions,
  around: OperatorSurroundings,
): Promise<OperatorService> {
  const { operator } = options;
  if (operator === undefined) throw new Error("there are no operators");
  const applied = (delta: AccountsDelta): void => {
    around.system()?.applyAccounts(delta);
    void around.monitor()?.then(({ facts }) => facts.followAccounts(delta));
  };
  const service: OperatorService = new OperatorService(
    {
      options,
      base,
      log,
      workersCount: around.regions.threadsCount - 1,
      accountConnections: around.regions.accountConnections,
      tellWorker: (worker, message) => around.threads.tellWorker(worker, message),
      applied,
      happened: (what, account) => around.system()?.accountEvent(what, account),
      replies: () => around.system(),
    },
    operator,
  );
  try {
    await service.open();
  } catch (error) {
    await service.close();
    throw error;
  }
  void around.monitor()?.then(({ facts }) => facts.followOperator(service, service.snapshot()));
  return service;
}
