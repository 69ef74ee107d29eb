// What connections are told from outside: to go elsewhere, to end, or, by the system account, to say
// what their user may do (CP-13, CP-108, CP-112, SY-30, SY-36). Owned by the sessions' worker.
import { encodeInfo } from "@weft/protocol";
import type { ConnectionAnswer, ConnectionOrder } from "../ports.ts";
import { clientInfo } from "./client-info.ts";
import type { ClientSession } from "./client-session.ts";
import { tokenLabels } from "./connection-facts.ts";

const NO_LAME_DUCK =
  "client does not support Lame Duck Mode or is not ready to receive the notification";
const DONE: ConnectionAnswer = {};

export function obeyOrder(session: ClientSession, { what }: ConnectionOrder): ConnectionAnswer {
  switch (what) {
    case "kick":
      session.close("Kicked");
      return DONE;
    case "lame-duck":
      if (session.facts.protocol < 1 || !session.firstPongSent) return { refusal: NO_LAME_DUCK };
      session.send(encodeInfo(clientInfo(session, { connectInfo: true, lameDuck: true })));
      return DONE;
    case "permissions":
      return {
        permissions: session.permissions?.rules,
        accountTag: tokenLabels(session)?.accountTag,
        userName: session.identity?.token?.name || undefined,
        expiresAtMs: session.identity?.expiresAtMs,
      };
  }
}

/** CP-07, CP-13: INFO as it is now, to all that understand another one. */
export function tellInfo(sessions: Iterable<ClientSession>): void {
  for (const session of sessions) {
    if (session.state === "active" && session.facts.protocol >= 1) {
      session.send(encodeInfo(clientInfo(session, { connectInfo: false })));
    }
  }
}

/** Closes up to `count` sessions that are not closing yet. */
export function closeSome(
  sessions: Iterable<ClientSession>,
  count: number,
  reason: "Server Shutdown",
): void {
  let closed = 0;
  for (const session of sessions) {
    if (closed >= count) break;
    if (session.state === "closing" || session.state === "closed") continue;
    session.close(reason);
    closed += 1;
  }
}
