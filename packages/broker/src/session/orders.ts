// What the system account may ask of one connection: to be closed, to be told to go elsewhere, to
// say what its user may do (CP-112, SY-30, SY-36). Owned by the session's worker.
import { encodeInfo } from "@weft/protocol";
import type { ConnectionAnswer, ConnectionOrder } from "../ports.ts";
import { clientInfo } from "./client-info.ts";
import type { ClientSession } from "./client-session.ts";

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
      return { permissions: session.permissions?.rules };
  }
}
