// Makes everything that threads share and starts them, all at once: loading their code takes most
// of the time from start to the first connection. Control thread.
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { ServerOptions } from "@weft/config";
import { createMailboxes, type MailboxSeed, seedTransferList } from "@weft/shm";
import type { PrestartedThreads } from "./prestart.ts";
import { createRegions, type SharedRegions } from "./shared-state.ts";
import { spawnThread } from "./spawn.ts";
import type { ThreadGroup } from "./thread-group.ts";
import type { AcceptorSeed, WorkerSeed } from "./thread-messages.ts";

export interface ThreadSettings {
  readonly workersCount: number;
  readonly options: Pick<ServerOptions, "limits" | "addressLimits" | "logging">;
  readonly coreModule?: string | undefined;
  readonly prestarted?: PrestartedThreads | undefined;
}

/** What control keeps of it. */
export interface SharedParts {
  readonly regions: SharedRegions;
  readonly mailbox: MailboxSeed;
}

export function startThreads(group: ThreadGroup, settings: ThreadSettings): SharedParts {
  const { workersCount, prestarted, options } = settings;
  const { debug, trace } = options.logging;
  const regions = createRegions(workersCount);
  const mailboxes = createMailboxes(workersCount + 1);
  const toWorkers: MessagePort[] = [];
  for (let worker = 0; worker < workersCount; worker += 1) {
    const threadIndex = worker + 1;
    const channel = new MessageChannel();
    toWorkers.push(channel.port1);
    const mailbox = mailboxes[threadIndex] as MailboxSeed;
    const seed: WorkerSeed = {
      threadIndex,
      regions,
      mailbox,
      sockets: channel.port2,
      debug,
      trace,
      coreModule: settings.coreModule,
    };
    const transfer = [channel.port2, ...seedTransferList(mailbox)];
    const ready = worker === 0 ? prestarted?.worker : undefined;
    const thread = ready ?? spawnThread("worker-thread", `worker-${threadIndex}`, workersCount);
    group.addWorker(thread);
    thread.postMessage(seed, transfer);
  }
  const seed: AcceptorSeed = {
    regions,
    workers: toWorkers,
    connectionsMax: options.limits.maxConnections,
    addressLimits: options.addressLimits,
  };
  const acceptor = prestarted?.acceptor ?? spawnThread("acceptor-thread", "acceptor", 1);
  group.setAcceptor(acceptor);
  acceptor.postMessage(seed, toWorkers);
  return { regions, mailbox: mailboxes[0] as MailboxSeed };
}
