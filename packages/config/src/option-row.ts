// The shape of a row of the schema, and rows for options that are one plain value. Control thread.
import type { SourcePosition } from "@weft/base";
import type { ReadAccount } from "./accounts.ts";
import type { Authorization } from "./authorization.ts";
import type { ReadContext } from "./context.ts";
import {
  readBoolean,
  readDuration,
  readInteger,
  readLegacyDuration,
  readString,
} from "./fields.ts";
import type { MonitoringDraft } from "./monitoring-rows.ts";
import type { ConfigEntry } from "./node.ts";
import type { OperatorDraft } from "./operator-rows.ts";
import type { LimitOptions, LoggingOptions, ServerOptions } from "./options.ts";
import type { Roles } from "./roles.ts";
import { type Feature, reportUnsupported } from "./unsupported.ts";
import { VALUE_BOUNDS } from "./value-bounds.ts";

/** Options while a file is read. */
export interface OptionsDraft {
  options: { -readonly [K in keyof ServerOptions]: ServerOptions[K] };
  authorization: Authorization | undefined;
  accounts: readonly ReadAccount[];
  /** Those at the top. */
  roles: Roles;
  noAuthUser: string | undefined;
  systemAccount: string | undefined;
  monitoring: MonitoringDraft;
  operator: OperatorDraft;
  /** Where each option was written, by its name in the schema. */
  readonly places: Map<string, SourcePosition>;
}

export type OptionType =
  | "boolean"
  | "integer"
  | "size"
  | "duration"
  | "string"
  | "strings"
  | "map"
  | "block";

/** One option at the top of a file (docs/compat/14-configuration.md, 14.2). */
export interface OptionRow {
  /** In lower case; options compare without case (CF-03). */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: OptionType;
  /** As it would be written; empty = nothing. */
  readonly default: string;
  /** True when a reload takes it over (docs/compat/14-configuration.md, 14.5). */
  readonly reloadable: boolean;
  /** The missing part of the server that it belongs to; undefined = carried out. */
  readonly feature: Feature | undefined;
  /** Row of the feature map. */
  readonly row: string;
  readonly apply: (draft: OptionsDraft, entry: ConfigEntry, context: ReadContext) => void;
}

/** What most rows have in common. */
export interface RowFacts {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly default?: string;
  readonly reloadable?: boolean;
  readonly row: string;
}

function fill(
  facts: RowFacts,
  type: OptionType,
  apply: OptionRow["apply"],
  feature?: Feature,
): OptionRow {
  return {
    name: facts.name,
    aliases: facts.aliases ?? [],
    type,
    default: facts.default ?? "",
    reloadable: facts.reloadable ?? false,
    feature,
    row: facts.row,
    apply,
  };
}

export function rowOf(facts: RowFacts, type: OptionType, apply: OptionRow["apply"]): OptionRow {
  return fill(facts, type, apply);
}

/** An option of a part that is not there yet. */
export function missingRow(
  feature: Feature,
  name: string,
  row: string,
  aliases: readonly string[] = [],
): OptionRow {
  return fill(
    { name, aliases, row },
    "block",
    (_draft, entry, context) => reportUnsupported(entry, feature, context, context.findings),
    feature,
  );
}

type KeysOf<T, V> = { [K in keyof T]-?: T[K] extends V ? K : never }[keyof T];

export function booleanRow(facts: RowFacts, key: KeysOf<ServerOptions, boolean>): OptionRow {
  return rowOf({ default: "false", ...facts }, "boolean", (draft, entry, { findings }) => {
    draft.options[key] = readBoolean(entry, findings) ?? draft.options[key];
  });
}

/** `also`: a second setting that takes the same value, as in the reference. */
export function loggingRow(
  facts: RowFacts,
  key: KeysOf<LoggingOptions, boolean>,
  also?: KeysOf<LoggingOptions, boolean>,
): OptionRow {
  const row = { default: "false", reloadable: true, ...facts };
  return rowOf(row, "boolean", (draft, entry, { findings }) => {
    const value = readBoolean(entry, findings);
    if (value === undefined) return;
    draft.options.logging = {
      ...draft.options.logging,
      [key]: value,
      ...(also !== undefined && { [also]: value }),
    };
  });
}

export function stringRow(
  facts: RowFacts,
  apply: (draft: OptionsDraft, value: string) => void,
): OptionRow {
  return rowOf(facts, "string", (draft, entry, { findings }) => {
    const value = readString(entry, findings);
    if (value !== undefined) apply(draft, value);
  });
}

/** Bounds and meaning of an integer option. */
export interface IntegerRule {
  readonly max?: number;
  readonly min?: number;
  /** Zero stands for the default. */
  readonly zeroIsDefault?: boolean;
}

export function limitRow(
  facts: RowFacts,
  key: keyof LimitOptions,
  rule: IntegerRule,
  type: OptionType = "integer",
): OptionRow {
  return rowOf(facts, type, (draft, entry, context) => {
    const value = boundedInteger(entry, rule, context);
    if (value === undefined || (value === 0 && rule.zeroIsDefault === true)) return;
    draft.options.limits = { ...draft.options.limits, [key]: value };
  });
}

/** An integer within its bounds; undefined after an error. */
export function boundedInteger(
  entry: ConfigEntry,
  rule: IntegerRule,
  { findings }: ReadContext,
): number | undefined {
  const value = readInteger(entry, findings);
  if (value === undefined) return undefined;
  if (value > (rule.max ?? Number.MAX_SAFE_INTEGER)) {
    findings.error(entry.at, `${entry.key} value is too big`);
    return undefined;
  }
  if (value < (rule.min ?? Number.MIN_SAFE_INTEGER)) {
    findings.error(entry.at, `${entry.key} value can not be negative`);
    return undefined;
  }
  return value;
}

/** A port within -1 to 65,535; undefined after an error. */
export function checkPort(
  entry: ConfigEntry,
  port: number,
  { findings }: ReadContext,
): number | undefined {
  if (port >= -1 && port <= VALUE_BOUNDS.portMax) return port;
  findings.error(entry.at, `port ${port} is out of the range`);
  return undefined;
}

/** `legacy`: whole seconds are taken too, with a warning (CF-18). Zero stands for the default. */
export function durationRow(
  facts: RowFacts,
  key: KeysOf<ServerOptions, number>,
  legacy: boolean,
): OptionRow {
  return rowOf(facts, "duration", (draft, entry, { findings }) => {
    const read = legacy ? readLegacyDuration : readDuration;
    draft.options[key] = read(entry, findings, 0) || draft.options[key];
  });
}
