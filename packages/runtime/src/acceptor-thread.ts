// Entry of the acceptor thread: listens, refuses what is above the limit (CP-15), and hands every
// other socket, unread, to the least loaded worker. Owns the listening sockets and the placement.
import type { Transferable } from "node:worker_threads";
import type { AddressLimits } from "@weft/config";
import { ThreadLog } from "@weft/logging";
import {
  Acceptor,
  type NativeConnection,
  peerAddress,
  socketOn,
  transferConnection,
} from "@weft/net";
import { AddressThrottle } from "./address-throttle.ts";
import { processMs } from "./clocks.ts";
import { Placement } from "./connection-tally.ts";
import { injectFaults } from "./fault-injection.ts";
import { RefusedSockets } from "./refused-sockets.ts";
import type {
  AcceptorSeed,
  FromAcceptor,
  PlacedConnection,
  ToAcceptor,
} from "./thread-messages.ts";
import { awaitSeed } from "./thread-seed.ts";
import { THROTTLE_COUNTERS } from "./throttle-counters.ts";

const { port, seed } = await awaitSeed<AcceptorSeed>();
const tell = (message: FromAcceptor): void => port.postMessage(message);
const log = new ThreadLog({ debug: false, trace: false, send: tell });
const placement = new Placement(seed.regions.connectionsGone, seed.workers.length);
const clientIds = new BigInt64Array(seed.regions.clientIds);
const counters = THROTTLE_COUNTERS.block(seed.regions.throttled, 0);
const refused = new RefusedSockets({
  nextClientId: () => Number(Atomics.add(clientIds, 0, 1n)) + 1,
  onClosed: (records) => tell({ kind: "connections-closed", records }),
});
const acceptor = new Acceptor({
  place,
  onTrouble: (text) => log.write("error", `Error accepting connections: ${text}`),
});
const TROUBLE_EVERY_MS = 1_000;
let troubleAtMs = Number.NEGATIVE_INFINITY;
let refusals: readonly string[] = [];
let { connectionsMax } = seed;
let addressLimits: AddressLimits | undefined;
let throttle: AddressThrottle | undefined;
let throttledCount = 0;
let throttleTimer: NodeJS.Timeout | undefined;
limitAddresses(seed.addressLimits);

/** What was counted by the same limits goes on to count. */
function limitAddresses(limits: AddressLimits | undefined): void {
  const isSame =
    limits?.connectionsPerSecond === addressLimits?.connectionsPerSecond &&
    limits?.loginFailures === addressLimits?.loginFailures;
  if (isSame) return;
  addressLimits = limits;
  throttle = limits === undefined ? undefined : new AddressThrottle(limits);
}

/** Closes the connection if its address has done too much; true when it did. */
function isThrottled(connection: NativeConnection): boolean {
  if (throttle === undefined) return false;
  const address = peerAddress(connection);
  const reason = throttle.refusal(address, processMs());
  if (reason === undefined) return false;
  connection.close();
  counters.add(THROTTLE_COUNTERS.index[reason], 1);
  throttledCount += 1;
  throttleTimer ??= setTimeout(reportThrottled, TROUBLE_EVERY_MS, address);
  return true;
}

/** One line a second; the address is the first of that second. */
function reportThrottled(address: string): void {
  const text = `address_limits: ${throttledCount} connections closed, the first of ${address}`;
  log.write("warn", text);
  throttleTimer = undefined;
  throttledCount = 0;
}

function place(connection: NativeConnection, listener: number): void {
  if (isThrottled(connection)) return;
  if (connectionsMax >= 0 && placement.total() >= connectionsMax) {
    const socket = socketOn(connection);
    // A peer that is gone already is no reason to end.
    socket.on("error", () => undefined);
    refused.refuse(socket, listener, refusals[listener] ?? "");
    return;
  }
  const worker = placement.take();
  if (worker < 0) {
    connection.close();
    return;
  }
  const message: PlacedConnection = { connection, listener };
  const to = seed.workers[worker]!;
  try {
    if (transferConnection(connection, (list) => to.postMessage(message, list as Transferable[]))) {
      return;
    }
    placement.giveBack(worker);
    reportTrouble("no descriptor left");
  } catch (error) {
    placement.giveBack(worker);
    connection.close();
    reportTrouble((error as Error).message);
  }
}

/** One line a second: whoever opens connections must not fill the log. */
function reportTrouble(why: string): void {
  const now = processMs();
  if (now - troubleAtMs < TROUBLE_EVERY_MS) return;
  troubleAtMs = now;
  log.write("error", `Error placing a connection: ${why}`);
}

async function listen(message: ToAcceptor & { kind: "listen" }): Promise<void> {
  const ports: number[] = [];
  try {
    for (const options of message.listeners) ports.push((await acceptor.listen(options)).port);
    tell({ kind: "listen-answer", ports });
    injectFaults("acceptor");
  } catch (error) {
    tell({ kind: "listen-answer", ports, error: (error as Error).message });
  }
}

async function stop(): Promise<void> {
  await acceptor.stop();
  clearTimeout(throttleTimer);
  refused.destroy();
  log.flush();
  tell({ kind: "stopped" });
}

for (const [worker, sockets] of seed.workers.entries()) {
  sockets.on("close", () => placement.forget(worker));
}
port.on("message", (message: ToAcceptor) => {
  switch (message.kind) {
    case "listen":
      void listen(message);
      break;
    case "refusals":
      refusals = message.texts;
      break;
    case "reload":
      ({ connectionsMax, refusals } = message);
      limitAddresses(message.addressLimits);
      tell({ kind: "acceptor-reloaded" });
      break;
    case "logins-failed":
      for (const address of message.addresses) throttle?.loginFailed(address, processMs());
      break;
    case "log-taken":
      log.taken();
      break;
    case "stop":
      void stop();
      break;
  }
});
tell({ kind: "loaded" });
