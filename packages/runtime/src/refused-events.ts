// Tells the system account of connections that were refused for the server's limit (SY-02): they
// never reach a worker, which would do it. Control thread. Must stay true: a storm of them costs a
// bounded time.
import { decodeFacts } from "@weft/base";
import type { FinishedConnection } from "@weft/broker";
import { disconnectEvent, EVENT_SUBJECTS } from "@weft/control";
import type { SystemPublisher } from "./system-publisher.ts";

/** Events of one batch, which comes every 100 ms at most; all are on `/connz`. */
const EVENTS_MAX = 256;
/** As every connection before its login. */
const ACCOUNT = "$G";

/** Oldest first. */
export function tellRefused(
  publisher: SystemPublisher,
  records: readonly FinishedConnection[],
): void {
  const { server } = publisher;
  const subject = EVENT_SUBJECTS.disconnect(ACCOUNT);
  for (const record of records.slice(0, EVENTS_MAX)) {
    publisher.event(subject, (stamp) => {
      const { address } = decodeFacts(record.facts);
      const { clientId, startedAt: startedUnixMs, reason } = record;
      const nothing = { user: "", name: "", language: "", version: "", roundTripNanos: 0 };
      const client = { ...nothing, clientId, startedUnixMs, address, account: ACCOUNT };
      return disconnectEvent(server, client, record, reason, stamp);
    });
  }
}
