// Tells the acceptor which addresses failed to log in, where it was told to bound them
// (`address_limits`). Control thread. Must stay true: without that option it does nothing.
import { decodeFacts } from "@weft/base";
import type { AddressLimits } from "@weft/config";
import type { ClosedReason } from "@weft/protocol";
import type { ThreadGroup } from "./thread-group.ts";
import type { FromWorker } from "./thread-messages.ts";

/** A proxy that signs wrongly tries to get in as well. */
const REASONS: ReadonlySet<string> = new Set<ClosedReason>([
  "Authentication Failure",
  "Proxy Not Trusted",
  "Proxy Required",
]);

export function tellFailedLogins(
  threads: Pick<ThreadGroup, "tellAcceptor">,
  limits: AddressLimits | undefined,
  message: FromWorker,
): void {
  if (limits === undefined || limits.loginFailures === 0) return;
  if (message.kind !== "connections-closed") return;
  const addresses = message.records
    .filter(({ reason }) => REASONS.has(reason))
    .map(({ facts }) => decodeFacts(facts).address);
  if (addresses.length > 0) threads.tellAcceptor({ kind: "logins-failed", addresses });
}
