// What a reload did, as an event of our own (GP-5). Control thread; pure.
import type { EventStamp } from "./connection-events.ts";
import { type ServerFacts, serverInfo } from "./server-info.ts";
import { wireTime } from "./wire-time.ts";

/** Texts hold no secret. */
export interface ReloadFacts {
  /** One text for each option that was changed. */
  readonly changes: readonly string[];
  readonly connectionsClosed: number;
  readonly subscriptionsRemoved: number;
  /** `sha256:...` of the file. */
  readonly digest?: string | undefined;
}

export function reloadEvent(server: ServerFacts, reload: ReloadFacts, stamp: EventStamp): object {
  return {
    type: "io.weft.server.advisory.v1.reloaded",
    id: stamp.id,
    timestamp: wireTime(stamp.at),
    server: serverInfo(server, stamp),
    changes: reload.changes,
    connections_closed: reload.connectionsClosed,
    subscriptions_removed: reload.subscriptionsRemoved,
    config_digest: reload.digest,
  };
}
