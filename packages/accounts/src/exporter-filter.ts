// What a subscription to imported messages means to the exporter: the filter of his subjects that it
// takes (AC-71, AC-74). Worker, for traces only; pure. Byte views.
import { filterOfDestination, intersectFilters } from "./filter-algebra.ts";

/**
 * `filter` is the importer's; `from` and `to` are those of the import. As in the reference: all of
 * the import where the subscription takes all of it, else the part of it.
 */
export function exporterFilter(filter: string, from: string, to: string | undefined): string {
  const local = to === undefined ? from : filterOfDestination(to);
  const common = intersectFilters(filter, local);
  if (common === undefined || common === local) return from;
  if (to === undefined) return common;
  return reversed(common.split("."), to.split("."), from);
}

/** Puts the tokens that stand for the wildcards of `to` where `from` has them. */
function reversed(tokens: readonly string[], to: readonly string[], from: string): string {
  const byWildcard = new Map<number, string>();
  for (const [at, token] of to.entries()) {
    const number = /^\$([1-9]\d*)$|^\{\{\s*[wW]ildcard\s*\(\s*(\d+)\s*\)\s*\}\}$/.exec(token);
    const wildcard = Number(number?.[1] ?? number?.[2] ?? 0);
    if (wildcard > 0) byWildcard.set(wildcard, tokens[at] ?? "*");
  }
  const rest = to.at(-1) === ">" ? tokens.slice(to.length - 1) : undefined;
  let used = 0;
  const exported = from.split(".").flatMap((token) => {
    if (token === ">") return rest ?? [token];
    if (token !== "*") return [token];
    used += 1;
    return [byWildcard.get(used) ?? token];
  });
  return exported.join(".");
}
