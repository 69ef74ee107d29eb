// Parts of the reference's configuration that this version does not carry out. Control thread. Must
// stay true: such a part is refused by name, never ignored in silence; switched off, it is welcome.
import type { Findings } from "./findings.ts";
import type { ConfigEntry } from "./node.ts";

/** A part of the reference that is not there yet. */
export type Feature =
  | "clustering"
  | "gateways"
  | "leafnodes"
  | "JetStream"
  | "websocket"
  | "MQTT"
  | "OCSP"
  | "the PROXY protocol"
  | "profiling"
  | "write_timeout: retry";

/** What to do with them: from the flag `--allow-unsupported`. */
export interface UnsupportedPolicy {
  readonly allowUnsupported: boolean;
}

/** Reports the use of `feature`; a value that switches it off is fine. */
export function reportUnsupported(
  entry: ConfigEntry,
  feature: Feature,
  policy: UnsupportedPolicy,
  findings: Findings,
): void {
  if (isOff(entry)) return;
  const message = unsupportedMessage(JSON.stringify(entry.key), feature);
  if (policy.allowUnsupported) findings.allow(entry.at, `${message}; ignored`);
  else findings.error(entry.at, message);
}

export function unsupportedMessage(what: string, feature: Feature): string {
  return `${what}: this version does not support ${feature}`;
}

function isOff({ node }: ConfigEntry): boolean {
  switch (node.kind) {
    case "boolean":
      return !node.value;
    case "integer":
      return node.value === 0;
    case "string":
      return node.value === "" || /^disabled?$/i.test(node.value);
    case "list":
      return node.items.length === 0;
    default:
      return false;
  }
}
