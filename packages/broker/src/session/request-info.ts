// `Nats-Request-Info`: what the exporter of a service learns about the requester (AC-34).
import type { ClientSession } from "./client-session.ts";

/**
 * The header's JSON. Without `share` only the account and the measured round trip; with it who and
 * where the requester is. Fields and order as the reference writes them.
 */
export function requestInfo(
  session: ClientSession | undefined,
  account: string,
  share: boolean,
): string {
  const roundTripNanos = Math.round((session?.roundTripMs ?? 0) * 1e6);
  if (!share || session === undefined) {
    return JSON.stringify({
      acc: account,
      rtt: roundTripNanos === 0 ? undefined : roundTripNanos,
    });
  }
  const { facts, host } = session;
  return JSON.stringify({
    start: new Date(session.startedUnixMs).toISOString(),
    host: session.transport.remoteAddress,
    id: session.clientId,
    acc: account,
    user: session.user === "" ? undefined : session.user,
    name: facts.name === "" ? undefined : facts.name,
    lang: facts.language === "" ? undefined : facts.language,
    ver: facts.version === "" ? undefined : facts.version,
    rtt: roundTripNanos === 0 ? undefined : roundTripNanos,
    server: host.server.name,
    kind: "Client",
    client_type: "nats",
  });
}
