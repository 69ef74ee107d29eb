// Who speaks: the `server` object of every event and answer (SY-11). Any thread; pure.
import type { UnixNanos } from "@weft/base";
import { wireTime } from "./wire-time.ts";

/** What does not change from message to message. */
export interface ServerFacts {
  readonly name: string;
  /** As advertised to clients. */
  readonly host: string;
  readonly id: string;
  /** Level of the protocol. */
  readonly version: string;
  readonly cluster?: string | undefined;
  readonly domain?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly featureFlags?: Readonly<Record<string, boolean>> | undefined;
}

/** The number and the time of one message. */
export interface MessageStamp {
  /** Grows by one with every message of the server, from 1 on. */
  readonly sequence: number;
  readonly at: UnixNanos;
}

/** SY-11. Fields in the reference's order; empty ones are left out. */
export function serverInfo(facts: ServerFacts, stamp: MessageStamp): object {
  const { tags, metadata, featureFlags } = facts;
  return {
    name: facts.name,
    host: facts.host,
    id: facts.id,
    cluster: facts.cluster || undefined,
    domain: facts.domain || undefined,
    ver: facts.version,
    tags: tags !== undefined && tags.length > 0 ? tags : undefined,
    metadata: isFilled(metadata) ? metadata : undefined,
    feature_flags: isFilled(featureFlags) ? featureFlags : undefined,
    // No streams yet: neither the old field nor the flags say otherwise.
    jetstream: false,
    flags: 0,
    seq: stamp.sequence,
    time: wireTime(stamp.at),
  };
}

function isFilled(record: object | undefined): boolean {
  return record !== undefined && Object.keys(record).length > 0;
}

/** The answer to IDZ (SY-22), which comes without an envelope. */
export function serverId(facts: ServerFacts): object {
  return { name: facts.name, host: facts.host, id: facts.id };
}
