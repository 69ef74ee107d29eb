// `mechanism` of an account: how its users log in where one server has several ways (GP-1, SA-29).
// Control thread.
import type { Mechanism } from "@weft/auth";
import type { SourcePosition } from "@weft/base";
import type { ReadContext } from "./context.ts";
import { readString } from "./fields.ts";
import type { ConfigEntry } from "./node.ts";

const MECHANISMS: readonly string[] = ["static", "jwt", "callout"] satisfies Mechanism[];

/** As written, and where. */
export interface WrittenMechanism {
  readonly value: Mechanism;
  readonly at: SourcePosition;
}

export function readMechanism(
  entry: ConfigEntry,
  { findings, isMixed }: ReadContext,
): WrittenMechanism | undefined {
  const value = readString(entry, findings);
  if (value === undefined) return undefined;
  if (isMixed !== true) {
    findings.error(entry.at, `"${entry.key}" needs mixed_authentication: true`);
    return undefined;
  }
  if (MECHANISMS.includes(value)) return { value: value as Mechanism, at: entry.at };
  const shown = JSON.stringify(value);
  findings.error(entry.at, `mechanism must be static, jwt or callout, got ${shown}`);
  return undefined;
}
