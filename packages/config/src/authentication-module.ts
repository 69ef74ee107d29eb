// Own option `authentication_module` (GP-14): a file that decides about logins. Control thread. Must
// stay true: the file is only looked for here; loading it is the server's business.
import type { PluginSpec } from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { ReadContext } from "./context.ts";
import {
  fieldNames,
  forEachField,
  readMap,
  readSeconds,
  readString,
  readStrings,
} from "./fields.ts";
import type { ConfigEntry } from "./node.ts";
import { type OptionRow, rowOf } from "./option-row.ts";
import { ConfigSourceError } from "./source.ts";
import { VALUE_BOUNDS } from "./value-bounds.ts";

const FIELDS = fieldNames({ file: [], timeout: [], auth_users: ["users"] });

export const AUTHENTICATION_MODULE_ROW: OptionRow = rowOf(
  { name: "authentication_module", reloadable: true, row: "Weft" },
  "block",
  (draft, entry, context) => {
    draft.options.authenticationModule = readModule(entry, context);
  },
);

function readModule(entry: ConfigEntry, context: ReadContext): PluginSpec | undefined {
  const { findings } = context;
  const errorsBefore = findings.errorCount;
  const map = readMap(entry, findings);
  if (map === undefined) return undefined;
  let name = "";
  let timeoutMs: number = LIMITS.authTimeoutMs;
  let authUsers: readonly string[] = [];
  forEachField(map, FIELDS, findings, (field, value) => {
    if (field === "file") name = readFile(value, context);
    else if (field === "timeout") timeoutMs = readTimeout(value, context) ?? timeoutMs;
    else authUsers = readStrings(value, "auth_users", findings) ?? authUsers;
  });
  if (name !== "") return { name, timeoutMs, authUsers };
  if (findings.errorCount === errorsBefore)
    findings.error(entry.at, "authentication_module needs a file");
  return undefined;
}

function readFile(entry: ConfigEntry, { findings, readOther }: ReadContext): string {
  const path = readString(entry, findings) ?? "";
  if (path === "" || readOther === undefined) return path;
  try {
    if (readOther(path) !== undefined) return path;
    findings.error(entry.at, `open ${path}: no such file or directory`);
  } catch (error) {
    if (!(error instanceof ConfigSourceError)) throw error;
    findings.error(entry.at, error.message);
  }
  return path;
}

function readTimeout(entry: ConfigEntry, { findings }: ReadContext): number | undefined {
  const timeoutMs = readSeconds(entry, "authentication_module", findings);
  if (timeoutMs === undefined || (timeoutMs > 0 && timeoutMs <= VALUE_BOUNDS.moduleTimeoutMsMax))
    return timeoutMs;
  findings.error(entry.at, "authentication_module: timeout must be more than 0 and at most 60s");
  return undefined;
}
