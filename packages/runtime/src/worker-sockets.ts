// A worker's sockets: from the acceptor's port into sessions of the core, with their TLS and their
// count. Worker threads.

import type { Dialler } from "@weft/base";
import { type BrokerDriver, stallLowBytes, type WorkerCounters } from "@weft/broker";
import type { ThreadLog } from "@weft/logging";
import { SocketDriver, TlsContext, type TlsContextOptions, useSystemAuthorities } from "@weft/net";
import { Arrivals } from "./arrivals.ts";
import { GoneCounter } from "./connection-tally.ts";
import { injectFaults } from "./fault-injection.ts";
import type { PlacedConnection, WorkerSeed, WorkerStart } from "./thread-messages.ts";
import type { WorkerEnding } from "./worker-ending.ts";

const NO_AUTHORITIES =
  "tls: verify without ca_file, and the system has no certificate authorities: nobody can connect";

export interface SocketParts {
  readonly core: BrokerDriver;
  readonly counters: WorkerCounters;
  readonly log: ThreadLog;
  readonly ending: WorkerEnding;
  /** Ends a turn. */
  flush(): void;
}

/** A worker's sockets while they come, and those that it dials. */
export interface TakenSockets extends Dialler {
  /** For connections that come from now on; handshakes under way keep what they began with. */
  replaceTls(tls: WorkerStart["tls"]): void;
}

/** Takes every socket that the acceptor places here from now on. */
export function takeSockets(
  seed: WorkerSeed,
  start: WorkerStart,
  parts: SocketParts,
): TakenSockets {
  const { core, counters, log, ending, flush } = parts;
  const gone = new GoneCounter(seed.regions.connectionsGone, seed.threadIndex);
  const sockets = new SocketDriver({
    flush,
    turnBytesMax: () => stallLowBytes(core.limits.pendingBytesMax),
    onFault: (error, transport) => {
      counters.connectionFaults += 1;
      const peer = `${transport.remoteAddress}:${transport.remotePort}`;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.write("error", `${peer} - connection closed by a fault: ${text}`);
    },
    onGone: () => connectionGone(),
  });
  const connectionGone = (): void => {
    gone.count();
    ending.connectionGone();
  };
  const onRejected = (count: number): void => {
    counters.handshakesThrottled += count;
    log.write("warn", `Rejected ${count} connections due to TLS rate limiting`);
  };
  const contextOf = (options: TlsContextOptions): TlsContext => {
    const needsSystem = options.verifyClients && options.authorities === undefined;
    if (needsSystem && useSystemAuthorities() === 0 && seed.threadIndex === 1) {
      log.write("warn", NO_AUTHORITIES);
    }
    return new TlsContext(options, onRejected);
  };
  const contextsOf = (tls: WorkerStart["tls"]): (TlsContext | undefined)[] =>
    tls.map((options) => (options === null ? undefined : contextOf(options)));
  let contexts = contextsOf(start.tls);
  const faults = injectFaults(`${seed.threadIndex}`);
  const arrivals = new Arrivals<PlacedConnection>(({ connection, listener }) => {
    sockets.adopt(connection, contexts[listener], (transport) => {
      const session = core.open(transport, listener);
      return faults?.wrap(session) ?? session;
    });
  });
  ending.refusesWaitingBy(() =>
    arrivals.refuseAll(({ connection }) => {
      connection.close();
      connectionGone();
    }),
  );
  seed.sockets.on("message", (placed: PlacedConnection) => {
    ending.connectionCame();
    arrivals.add(placed);
  });
  return {
    dial: (to, open, failed) => sockets.dial(to, open, failed),
    replaceTls: (tls) => {
      contexts = contextsOf(tls);
    },
  };
}
