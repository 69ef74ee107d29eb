// Listen addresses: `4222` or `host:port` (CF-19, OT-16). Control thread.
import type { ConfigNode } from "./node.ts";
import { describeKind } from "./node.ts";

export interface ListenAddress {
  /** Empty = every interface. */
  readonly host: string;
  /** -1 = any free port. Not checked for its range here. */
  readonly port: number;
}

/** Reads a listen value; a string is the reference's words for what is wrong. */
export function parseListen(node: ConfigNode): ListenAddress | string {
  if (node.kind === "integer") return { host: "", port: node.value };
  if (node.kind !== "string") return `expected port or host:port, got ${describeKind(node)}`;
  const parts = splitHostPort(node.value);
  if (parts === undefined) return `could not parse address string ${JSON.stringify(node.value)}`;
  if (!/^[-+]?\d{1,15}$/.test(parts.port)) {
    return `could not parse port ${JSON.stringify(parts.port)}`;
  }
  return { host: parts.host, port: Number(parts.port) };
}

/** `host:port`, `:port` or `[v6]:port`; undefined for anything else. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const bracketed = /^\[([^[\]]*)\]:([^:[\]]*)$/.exec(text);
  if (bracketed) return { host: bracketed[1] ?? "", port: bracketed[2] ?? "" };
  const plain = /^([^:[\]]*):([^:[\]]*)$/.exec(text);
  return plain ? { host: plain[1] ?? "", port: plain[2] ?? "" } : undefined;
}
