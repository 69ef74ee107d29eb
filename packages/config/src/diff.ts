// What is different between the options of a running server and new ones, and whether a running
// server may take it over (RL-02 to RL-12). Control thread; pure. Must stay true: nothing is applied
// here; one change that is not possible refuses them all.
import type { ConfigProblem } from "@weft/base";
import type { ServerOptions } from "./options.ts";
import {
  isSameBy,
  RELOAD_IGNORED,
  RELOAD_RULES,
  type ReloadRule,
  type ReloadView,
  refusalOf,
} from "./reload-rules.ts";
import { isRecord, sameValue } from "./same-value.ts";

/** One option that is different and may be. */
export interface OptionChange {
  /** The reference's name, such as `MaxPayload`. */
  readonly field: string;
  /** For the log, behind `Reloaded: `. */
  readonly text: string;
}

export type OptionsDifference =
  | { readonly ok: true; readonly changes: readonly OptionChange[] }
  | { readonly ok: false; readonly refusals: readonly ConfigProblem[] };

/** Compares the options of now with `after`; `boundPort` is the port that clients connect to. */
export function compareOptions(
  before: ServerOptions,
  after: ServerOptions,
  boundPort: number,
): OptionsDifference {
  const changes: OptionChange[] = [];
  const refusals: ConfigProblem[] = [];
  const [former, next] = [before, after].map((options): ReloadView => ({ options, boundPort }));
  for (const rule of RELOAD_RULES) {
    const [old, now] = [rule.value(former as ReloadView), rule.value(next as ReloadView)];
    if (isSameBy(rule, old, now)) continue;
    const { field, reloaded } = rule;
    if (reloaded !== undefined) changes.push({ field, text: reloaded(after, before) });
    else if (rule.allowed?.(before, after) !== true) {
      refusals.push({ message: refusalOf(rule, old, now) });
    }
  }
  for (const path of changedWithoutRule(before, after)) {
    refusals.push({ message: `config reload not supported for ${path}` });
  }
  return refusals.length > 0 ? { ok: false, refusals } : { ok: true, changes };
}

/** Options that no row answers for: nobody has thought about what a change would do. */
function changedWithoutRule(before: ServerOptions, after: ServerOptions): string[] {
  const covered = new Set([...RELOAD_RULES.flatMap(pathsOf), ...RELOAD_IGNORED]);
  const found: string[] = [];
  const walk = (one: unknown, other: unknown, path: string): void => {
    if (covered.has(path) || sameValue(one, other)) return;
    if (isRecord(one) && isRecord(other)) {
      for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
        walk(one[name], other[name], `${path}.${name}`);
      }
    } else if (![...covered].some((known) => known.startsWith(`${path}.`))) found.push(path);
  };
  const [one, other] = [before, after].map((options) => options as unknown as Fields);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    walk(one?.[name], other?.[name], name);
  }
  return found;
}

type Fields = Readonly<Record<string, unknown>>;

function pathsOf({ paths }: ReloadRule): readonly string[] {
  return paths;
}
