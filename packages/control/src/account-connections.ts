// How many connections an account has, as an event (SY-03). Control thread; pure.
import type { EventStamp } from "./connection-events.ts";
import { type ServerFacts, serverInfo } from "./server-info.ts";
import { typedEvent } from "./typed-event.ts";

/** `statistics`: the account's part of `/accstatz`. */
export function accountConnectionsEvent(
  server: ServerFacts,
  statistics: object,
  stamp: EventStamp,
): object {
  return {
    ...typedEvent("account_connections", stamp.id, stamp.at),
    server: serverInfo(server, stamp),
    ...statistics,
  };
}
