// Account mappings: checking of what a configuration says, and the compiled weighted choice. The
// control thread resolves, every thread compiles its own copy; immutable after that.
import type { Prng } from "@weft/base";
import { isValidSubject, subjectHasWildcard, subjectSizeFault } from "./subject.ts";
import {
  compileFrom,
  compileTransform,
  identityDestination,
  type SubjectTransform,
  type TransformOptions,
  type TransformSource,
  transformSource,
} from "./transform.ts";
import { looksLikeFunction, mappingError, parseDestinationToken } from "./transform-token.ts";

/** A destination as configured (SU-33, SU-35). */
export interface MappingDestinationInput {
  readonly subject: string;
  /** Percent, 0 to 100. Undefined = 100, the short form `source: destination`. */
  readonly weight?: number | undefined;
  /** Only in this cluster; undefined or empty = everywhere. */
  readonly cluster?: string | undefined;
}

/** A destination that applies to this server. */
export interface MappingDestination {
  readonly subject: string;
  /** Percent, 0 to 100. */
  readonly weight: number;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Quotes as the error texts of other servers do. */
function quote(text: string): string {
  let result = "";
  for (const character of text) {
    const code = character.charCodeAt(0);
    const escaped = ESCAPES[character];
    if (escaped !== undefined) result += escaped;
    else if (code >= 0x20 && code !== 0x7f) result += character;
    else result += `\\x${code.toString(16).padStart(2, "0")}`;
  }
  return `"${result}"`;
}

/**
 * Why `destination` cannot be one of a mapping of `source`; undefined if it can. The text is that
 * of SU-50. An empty destination is refused.
 */
export function validateMapping(
  source: string,
  destination: string,
  options: TransformOptions = {},
): string | undefined {
  return destinationFault(transformSource(source), destination, options);
}

const BLANK = /[\t\n\f\r ]/;

function destinationFault(
  source: TransformSource | undefined,
  destination: string,
  options: TransformOptions,
): string | undefined {
  const result = compileFrom(source, destination, options);
  // The tokens are only looked at where one may be at fault: a mapping has few that are.
  if (result.ok && !BLANK.test(destination)) return undefined;
  return tokenFault(destination) ?? (result.ok ? undefined : result.error);
}

/** What comes before the faults of a transform. */
function tokenFault(destination: string): string | undefined {
  let tailSeen = false;
  for (const token of destination.split(".")) {
    if (token === "" || tailSeen) return mappingError("invalidTransform", token);
    if (looksLikeFunction(token)) {
      const parsed = parseDestinationToken(token);
      const unknown = mappingError("unknownFunction", token);
      if (!parsed.ok && parsed.error === unknown) return unknown;
    } else if (token === ">") tailSeen = true;
    else if (BLANK.test(token)) return mappingError("invalidTransform", "");
  }
  return undefined;
}

/**
 * Why what the weights leave cannot go to the source: a literal token of it, such as `$5` or
 * `{{x}}`, would be read as a wildcard or a function. Other servers refuse those that do not
 * compile, with the same text, and send the others to a wrong subject.
 */
function findIdentityFault(source: string): string | undefined {
  const result = compileTransform(source, identityDestination(source));
  if (!result.ok) return result.error;
  for (const token of source.split(".")) {
    const parsed = parseDestinationToken(token);
    const isText = parsed.ok && parsed.token.kind === "literal";
    if (!isText) return mappingError("invalidTransform", token);
  }
  return undefined;
}

/** First fault of a list of destinations, in the order in which they are written. */
function findFault(
  source: string,
  destinations: readonly MappingDestinationInput[],
  options: TransformOptions,
): string | undefined {
  const seen = new Set<string>();
  const totals = new Map<string, number>();
  const from = transformSource(source);
  for (const { subject, weight = 100, cluster = "" } of destinations) {
    if (seen.has(subject)) return `duplicate entry for ${quote(subject)}`;
    seen.add(subject);
    // Also refuses what is not a number.
    if (!(weight >= 0 && weight <= 100)) return "individual weights need to be <= 100";
    const total = (totals.get(cluster) ?? 0) + weight;
    totals.set(cluster, total);
    if (total > 100) return "total weight needs to be <= 100";
    const fault = destinationFault(from, subject, options);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

export type MappingResolution =
  | { readonly ok: true; readonly destinations: readonly MappingDestination[] }
  | { readonly ok: false; readonly error: string };

/**
 * Checks a mapping and picks what applies in `cluster` (undefined or empty = none). SU-33 to
 * SU-36: the destinations of the server's own cluster if there are any, else the unscoped ones;
 * what their weights leave of 100 goes to the source, as an added last destination, unless the
 * source itself is listed anywhere in the mapping. Errors are whole lines with `source` named. Subjects
 * longer than any message can have are refused. What it accepts compiles ({@link compileMapping}).
 */
export function resolveMappingDestinations(
  source: string,
  destinations: readonly MappingDestinationInput[],
  cluster?: string | undefined,
  options: TransformOptions = {},
): MappingResolution {
  let sizeFault = subjectSizeFault(source);
  for (const { subject } of destinations) sizeFault ??= subjectSizeFault(subject);
  if (sizeFault !== undefined) return { ok: false, error: `Error adding mapping : ${sizeFault}` };
  if (!isValidSubject(source)) {
    return { ok: false, error: `Subject ${quote(source)} is not a valid subject` };
  }
  const refused = (fault: string): MappingResolution => {
    const only = destinations.length === 1 ? destinations[0] : undefined;
    const short = only !== undefined && only.weight === undefined;
    const target = short ? ` to ${quote(only.subject)}` : "";
    return { ok: false, error: `Error adding mapping for ${quote(source)}${target} : ${fault}` };
  };
  const fault = findFault(source, destinations, options);
  if (fault !== undefined) return refused(fault);
  const inCluster = (name: string): MappingDestinationInput[] =>
    destinations.filter((destination) => (destination.cluster ?? "") === name);
  const own = inCluster(cluster ?? "");
  const chosen = own.length > 0 ? own : inCluster("");
  const resolved: MappingDestination[] = [];
  let total = 0;
  for (const { subject, weight = 100 } of chosen) {
    resolved.push({ subject, weight });
    total += weight;
  }
  const sourceListed = destinations.some((destination) => destination.subject === source);
  if (total < 100 && !sourceListed) {
    const identityFault = findIdentityFault(source);
    if (identityFault !== undefined) return refused(identityFault);
    resolved.push({ subject: identityDestination(source), weight: 100 - total });
  }
  return { ok: true, destinations: resolved };
}

export type MappingResult =
  | { readonly ok: true; readonly mapping: SubjectMapping }
  | { readonly ok: false; readonly errors: readonly string[] };

/** A compiled mapping; made by {@link compileMapping} only. */
export class SubjectMapping {
  readonly source: string;
  readonly hasWildcard: boolean;
  /** True if one subject always has the same result, so that it may be cached. */
  readonly isDeterministic: boolean;
  readonly #transforms: readonly SubjectTransform[];
  /** Sums of the weights up to and with each destination. */
  readonly #bounds: readonly number[];

  constructor(source: string, transforms: readonly SubjectTransform[], bounds: readonly number[]) {
    this.source = source;
    this.hasWildcard = subjectHasWildcard(source);
    this.#transforms = transforms;
    this.#bounds = bounds;
    const only = bounds[0] === 100 ? transforms[0] : undefined;
    this.isDeterministic = transforms.length === 0 || only?.isDeterministic === true;
  }

  /** SU-33. A destination by weight; undefined = in the gap to 100, the message is lost. */
  choose(prng: Prng): SubjectTransform | undefined {
    const bounds = this.#bounds;
    if (bounds.length === 0) return undefined;
    if (bounds[0] === 100) return this.#transforms[0];
    const drawn = prng.below(100);
    for (let at = 0; at < bounds.length; at += 1) {
      if (drawn < (bounds[at] as number)) return this.#transforms[at];
    }
    return undefined;
  }

  /** The mapped subject of one that matches `source`; undefined = lost on purpose, or too long. */
  apply(subject: string, prng: Prng): string | undefined {
    return this.choose(prng)?.apply(subject, prng);
  }
}

/**
 * Compiles resolved destinations: in order, weights in percent with a sum of at most 100, what is
 * missing to 100 is lost (SU-34).
 */
export function compileMapping(
  source: string,
  destinations: readonly MappingDestination[],
): MappingResult {
  const errors: string[] = [];
  const transforms: SubjectTransform[] = [];
  const bounds: number[] = [];
  let total = 0;
  if (!isValidSubject(source)) errors.push(`Subject ${quote(source)} is not a valid subject`);
  const from = transformSource(source);
  for (const { subject, weight } of destinations) {
    const result = compileFrom(from, subject);
    if (!result.ok) errors.push(result.error);
    if (!(weight >= 0 && weight <= 100)) errors.push("individual weights need to be <= 100");
    total += weight;
    if (!result.ok || weight === 0) continue;
    transforms.push(result.transform);
    bounds.push(total);
  }
  if (total > 100) errors.push("total weight needs to be <= 100");
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, mapping: new SubjectMapping(source, transforms, bounds) };
}
