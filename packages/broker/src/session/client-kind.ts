// Decisions per message for clients that need one: echo, auto-unsubscribe, reply tracking; and the end of
// one that does not read. Owned by the worker's core. Must stay true: whoever has this kind is a
// `ClientSession`.
import type { ConnectionKind } from "../deliver/receiver.ts";
import { removeSubscription } from "../subscribe/client-subscribe.ts";
import type { ClientSession } from "./client-session.ts";
import { logAbout } from "./session-log.ts";

/** What a look at somebody's rights costs, in plain deliveries; a quarter of one more for each byte. */
const RIGHTS_WORK = 4;

export const CLIENT_KIND: ConnectionKind = {
  isRemote: false,
  encoder: undefined,

  admit({ subscription }, message) {
    const { session, max, delivered } = subscription;
    // CP-24
    if (!session.echo && message.sourceClientId === session.clientId) return false;
    return max === 0 || delivered < max;
  },

  delivered(target, message) {
    const { subscription } = target;
    const session = subscription.session as ClientSession;
    session.trace?.delivered(target, message);
    // CP-74: removed right after the max-th message.
    if (subscription.max > 0 && subscription.delivered >= subscription.max) {
      removeSubscription(session, subscription);
    }
    // AZ-12: only for reply subjects that the session may not publish to anyway.
    if (session.responses === undefined || message.replyStart < 0) return;
    session.publisher.spend(RIGHTS_WORK + ((message.replyEnd - message.replyStart) >> 2), 0);
    const reply = message.reply.toString("latin1", message.replyStart, message.replyEnd);
    if (session.permissions?.publishAllowed(reply) === true) return;
    session.responses.delivered(reply, session.host.clock.monotonicMs());
  },

  overflowed(owner, limit) {
    const session = owner as ClientSession;
    logAbout(session, "info", `Slow Consumer Detected: ${limit}`);
    session.abort("Slow Consumer (Pending Bytes)");
  },

  // It has no encoder: what throws is charged to the publisher whose turn it is.
  failed(_receiver, error) {
    throw error;
  },
};
