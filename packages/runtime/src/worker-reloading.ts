// A worker's part of a reload. Worker threads. Must stay true: the answer leaves when everything here
// follows the new configuration.
import type { BrokerDriver, ConnectionLimits } from "@weft/broker";
import type { ThreadLog } from "@weft/logging";
import { pinnedCheck } from "./pinned-check.ts";
import type { FromWorker, WorkerReload } from "./thread-messages.ts";
import type { TakenSockets } from "./worker-sockets.ts";

export interface WorkerReloadingParts {
  readonly core: BrokerDriver;
  readonly log: ThreadLog;
  readonly sockets: TakenSockets;
  /** Ends a turn. */
  flush(): void;
  tell(message: FromWorker): void;
}

export class WorkerReloading {
  readonly #parts: WorkerReloadingParts;

  constructor(parts: WorkerReloadingParts) {
    this.#parts = parts;
  }

  apply(change: WorkerReload): void {
    const { core, log, sockets, flush, tell } = this.#parts;
    const { snapshot, sameSecrets, tls, pinnedKeys } = change;
    log.setLevels({ debug: change.debug, trace: change.trace !== undefined });
    core.setTrace(change.trace);
    if (tls !== undefined) sockets.replaceTls(tls);
    const isPinned = pinnedCheck(pinnedKeys);
    core.applySnapshot({ snapshot, sameSecrets, isPinned }, (effects) => {
      flush();
      tell({ kind: "reloaded", effects });
    });
    flush();
  }

  /** Sockets that were placed here before the limit changed come first: they are the newest. */
  closeExcess(limits: ConnectionLimits): void {
    const { core, flush, tell } = this.#parts;
    setImmediate(() => {
      const excess = core.closeExcess(limits);
      const step = (): void => {
        const isOver = excess.step();
        flush();
        if (isOver) tell({ kind: "excess-closed", count: excess.closed });
        else setImmediate(step);
      };
      step();
    });
  }
}
