// Deadlines of sessions, looked at every 100 ms: greeting, authentication, pings, writes, closing
// (CP-31, CP-100 to CP-104). Owned by the worker's core. Coarse on purpose: one pass over all
// sessions costs less than a timer for each.
import { LIMITS, type Millis, type Prng } from "@weft/base";
import { ERROR_LINES, PING } from "@weft/protocol";
import type { ClientSession } from "./client-session.ts";
import { sendFirstInfo } from "./greeting.ts";
import { logAbout } from "./session-log.ts";

/** CP-100: pings are spread by up to a fifth of the interval. */
const PING_JITTER = 0.2;
/** A look that comes so long after the last one tells of a thread that stood still. */
const STANDSTILL_MS = 500;

/** Sets the time of the first ping, when the connection opens or sends CONNECT (CP-102). */
export function scheduleFirstPing(session: ClientSession, now: Millis, prng: Prng): void {
  const interval = session.host.limits.pingIntervalMs;
  const jitterMs = prng.below(Math.max(1, Math.floor(LIMITS.firstPingDelayMs * PING_JITTER)));
  session.pingDueMs = now + Math.min(interval, LIMITS.firstPingDelayMs + jitterMs);
}

/** The looks of one worker at all its sessions. */
export class Deadlines {
  #lookedMs: Millis;
  #wasSkipped = false;

  constructor(now: Millis) {
    this.#lookedMs = now;
  }

  /**
   * One look. It is left out once after a standstill of the thread (a process that was stopped, a
   * machine that was moved): what clients sent meanwhile is not read yet, and who answered in time
   * must not be closed for being late. Not twice in a row: a thread that is always late has
   * deadlines too.
   */
  check(sessions: Iterable<ClientSession>, now: Millis, prng: Prng): void {
    this.#wasSkipped = !this.#wasSkipped && now - this.#lookedMs > STANDSTILL_MS;
    this.#lookedMs = now;
    if (this.#wasSkipped) return;
    for (const session of sessions) checkDeadlines(session, now, prng);
  }
}

/** One look at one session. */
function checkDeadlines(session: ClientSession, now: Millis, prng: Prng): void {
  const { host } = session;
  // Most log in at once, and are described then.
  if (!session.isDescribed) host.factsChanged(session);
  if (session.state === "closing") {
    if (now >= session.closeDeadlineMs) session.transport.destroy();
    return;
  }
  if (session.greetDueMs !== 0 && now >= session.greetDueMs) sendFirstInfo(session);
  if (session.authDeadlineMs !== 0 && now >= session.authDeadlineMs) {
    session.authDeadlineMs = 0;
    if (session.state === "securing") session.abort("TLS Handshake Failure");
    else session.fail(ERROR_LINES.authenticationTimeout);
    return;
  }
  const { writeStartedMs } = session.outbox;
  if (writeStartedMs !== 0 && now - writeStartedMs > host.limits.writeDeadlineMs) {
    host.counters.slowConsumersDeadline += 1;
    const late = `WriteDeadline of ${host.limits.writeDeadlineMs}ms exceeded`;
    logAbout(session, "info", `Slow Consumer Detected: ${late}`);
    session.abort("Slow Consumer (Write Deadline)");
    return;
  }
  if (session.expiryDeadlineMs !== 0 && now >= session.expiryDeadlineMs) {
    session.fail(ERROR_LINES.userAuthenticationExpired);
    return;
  }
  if (session.pingDueMs !== 0 && now >= session.pingDueMs && session.state === "active") {
    ping(session, now, prng);
  }
}

function ping(session: ClientSession, now: Millis, prng: Prng): void {
  const { pingIntervalMs, pingsUnansweredMax } = session.host.limits;
  const jitterMs = prng.below(Math.max(1, Math.floor(pingIntervalMs * PING_JITTER)));
  session.pingDueMs = now + pingIntervalMs - jitterMs;
  // The first ping measures the round trip; later ones only ask who has been silent.
  const silentMs = now - session.lastInputMs;
  if (session.roundTripMs !== 0 && silentMs < pingIntervalMs) return;
  if (session.pingsUnanswered + 1 > pingsUnansweredMax) {
    session.host.counters.staleConnections += 1;
    session.fail(ERROR_LINES.staleConnection);
    return;
  }
  session.pingsUnanswered += 1;
  session.pingSentMs = now;
  session.send(PING);
}
