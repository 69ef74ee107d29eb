// GP-5, GP-13: what happens to the claims of an account in use. Control thread; pure. Ours: the
// reference tells nobody.
import type { EventStamp } from "./connection-events.ts";
import { type ServerFacts, serverInfo } from "./server-info.ts";
import { typedEvent } from "./typed-event.ts";

/** `refreshed`: other claims are in force; `ended`: they have expired; `removed`: deleted. */
export type AccountHappening = "refreshed" | "ended" | "removed";

export function accountClaimsEvent(
  server: ServerFacts,
  account: string,
  what: AccountHappening,
  stamp: EventStamp,
): object {
  return {
    ...typedEvent("account_claims", stamp.id, stamp.at),
    server: serverInfo(server, stamp),
    acc: account,
    event: what,
  };
}
