// Own option `address_limits`: what one address may do (attacks 30, 64). Control thread; pure.
import type { ReadContext } from "./context.ts";
import { fieldNames, forEachField, readMap } from "./fields.ts";
import type { ConfigEntry } from "./node.ts";
import { boundedInteger, type OptionRow, type OptionsDraft, rowOf } from "./option-row.ts";
import { VALUE_BOUNDS } from "./value-bounds.ts";

const FIELDS = fieldNames({ connections_per_second: [], login_failures: [] });

function apply(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const map = readMap(entry, context.findings);
  if (map === undefined) return;
  let connectionsPerSecond = 0;
  let loginFailures = 0;
  forEachField(map, FIELDS, context.findings, (name, field) => {
    const value =
      boundedInteger(field, { min: 0, max: VALUE_BOUNDS.addressLimitMax }, context) ?? 0;
    if (name === "login_failures") loginFailures = value;
    else connectionsPerSecond = value;
  });
  const isNone = connectionsPerSecond === 0 && loginFailures === 0;
  draft.options.addressLimits = isNone ? undefined : { connectionsPerSecond, loginFailures };
}

export const ADDRESS_LIMITS_ROW: OptionRow = rowOf(
  { name: "address_limits", reloadable: true, row: "Weft" },
  "block",
  apply,
);
