// Entry of a worker thread: binds one BrokerCore to sockets, rings, timers and control.
// Owns its sockets, its segment of the interest index and its counters; sees everybody's.
// A turn is one call into the core and ends in `flush`. Anything thrown here that is not one
// connection's fault ends the thread, and with it the server (F27).

import type { TokenLogins } from "@weft/auth";
import { assert } from "@weft/base";
import { type BrokerDriver, BrokerCore as ProductCore } from "@weft/broker";
import { ThreadLog } from "@weft/logging";
import type { OperatorRules } from "@weft/operator";
import { Heartbeats, openMailbox } from "@weft/shm";
import { processMs } from "./clocks.ts";
import { useNativeSignatures } from "./native-signatures.ts";
import type { ToWorker, WorkerSeed, WorkerStart } from "./thread-messages.ts";
import { awaitSeed } from "./thread-seed.ts";
import { workerDependencies } from "./worker-dependencies.ts";
import { WorkerEnding } from "./worker-ending.ts";
import { WorkerLink } from "./worker-link.ts";
import { WorkerReloading } from "./worker-reloading.ts";
import { takeSockets } from "./worker-sockets.ts";

/** Deadlines of sessions are looked at this often; also the heartbeat. */
const TICK_MS = 100;
/** Memory of large frames that did not come for so long is dropped. */
const TRIM_MS = 10_000;

interface CoreModule {
  readonly BrokerCore: new (...given: ConstructorParameters<typeof ProductCore>) => BrokerDriver;
}

async function coreOf(module: string | undefined): Promise<CoreModule["BrokerCore"]> {
  return module === undefined ? ProductCore : ((await import(module)) as CoreModule).BrokerCore;
}

async function main(): Promise<void> {
  useNativeSignatures();
  const { port, seed } = await awaitSeed<WorkerSeed>();
  const log = new ThreadLog({ ...seed, send: (batch) => port.postMessage(batch) });
  const link = new WorkerLink(port, log);
  const BrokerCore = await coreOf(seed.coreModule);
  const start = await link.awaitStart();
  run(seed, start, link, log, BrokerCore, await tokenLogins(start));
}

/** Loaded only where users log in by tokens. */
async function tokenLogins({ snapshot }: WorkerStart): Promise<TokenLogins | undefined> {
  if (snapshot.operator === undefined) return undefined;
  const { JwtLogins } = await import("@weft/operator");
  return new JwtLogins(snapshot.operator as OperatorRules, () => Date.now());
}

function run(
  seed: WorkerSeed,
  start: WorkerStart,
  link: WorkerLink,
  log: ThreadLog,
  BrokerCore: CoreModule["BrokerCore"],
  tokens: TokenLogins | undefined,
): void {
  /** Threads whose data frame the core put off; offered again once something happened here. */
  const putOff = new Set<number>();
  const mailbox = openMailbox(seed.mailbox, {
    onControlFrame: (from, bytes, from0, end) => core.onControlFrame(from, bytes, from0, end),
    onDataFrame: (from, bytes, from0, end) => {
      if (core.onDataFrame(from, bytes, from0, end)) return true;
      putOff.add(from);
      return false;
    },
    onSpace: (to) => core.onSpace(to),
    afterDrain: () => {
      core.flush();
      if (putOff.size > 0) setImmediate(resumePutOff);
    },
  });
  const { index, dependencies } = workerDependencies(seed, start, {
    mailbox,
    log,
    control: link,
    tokens,
    dialler: { dial: (to, open, failed) => sockets.dial(to, open, failed) },
    onTimer: () => endTurn(() => core.onTimer()),
  });
  const core = new BrokerCore(start.snapshot, index, dependencies);
  core.setTrace(start.trace);

  const resumePutOff = (): void => {
    for (const from of putOff) mailbox.resume(from);
    putOff.clear();
  };
  const flush = (): void => {
    core.flush();
    if (putOff.size > 0) resumePutOff();
  };
  const endTurn = (turn: () => void): void => {
    turn();
    flush();
  };

  const ending = new WorkerEnding(core, flush, (answer) => link.tell(answer));
  const { counters } = dependencies;
  const sockets = takeSockets(seed, start, { core, counters, log, ending, flush });

  const heartbeats = new Heartbeats(seed.regions.heartbeats);
  const beat = (): void => {
    heartbeats.beat(seed.threadIndex, processMs());
    link.sendClosed();
    endTurn(() => core.tick());
  };
  setInterval(() => mailbox.trimIdle(), TRIM_MS);
  heartbeats.beat(seed.threadIndex, processMs());
  setInterval(beat, TICK_MS);
  const reload = new WorkerReloading({ core, log, sockets, flush, tell: (it) => link.tell(it) });
  link.onMessage((message) => {
    if (message.kind === "reload") reload.apply(message);
    else if (message.kind === "close-excess") reload.closeExcess(message.limits);
    else endTurn(() => obey(message, core, ending, link));
  });
  link.tell({ kind: "ready" });
}

function obey(message: ToWorker, core: BrokerDriver, ending: WorkerEnding, link: WorkerLink): void {
  switch (message.kind) {
    case "login-answer":
      core.onLoginAnswer(message.ticket, message.answer);
      break;
    case "accounts":
      core.applyAccounts(message.change);
      break;
    case "log-taken":
      link.log.taken();
      break;
    case "order": {
      const { ticket, order } = message;
      link.tell({ kind: "order-answer", ticket, answer: core.obeyOrder(order) });
      break;
    }
    case "list-subscriptions": {
      const { ticket, query } = message;
      link.tell({ kind: "subscriptions", ticket, answer: core.listSubscriptions(query) });
      break;
    }
    case "log-levels":
      link.log.setLevels({ debug: message.debug, trace: message.trace !== undefined });
      core.setTrace(message.trace);
      break;
    case "lame-duck":
      core.enterLameDuck();
      break;
    case "drain":
      ending.drain(message.durationMs);
      break;
    case "stop":
      link.log.flush();
      ending.stop();
      break;
    case "start":
    case "reload":
    case "close-excess":
      assert(false, "a worker starts once, and reloads elsewhere");
  }
}

await main();
