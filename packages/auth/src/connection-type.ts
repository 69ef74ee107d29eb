// AN-13: the kinds of connection that a user can be limited to. Any thread; pure.
import type { ConnectionType } from "./spec.ts";

const CONNECTION_TYPES: readonly ConnectionType[] = [
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
];

/** The connection type of a configuration's text in any case; undefined if there is no such. */
export function parseConnectionType(text: string): ConnectionType | undefined {
  const upper = text.toUpperCase();
  return CONNECTION_TYPES.find((type) => type === upper);
}

/** True if a user with these allowed types may connect as `type`; no types = all. */
export function connectionTypeAllowed(
  allowed: readonly ConnectionType[] | undefined,
  type: ConnectionType,
): boolean {
  return allowed === undefined || allowed.length === 0 || allowed.includes(type);
}
