// Subject transforms: a filter and a destination compiled once, applied per message by workers
// (mappings, imports) and by stream threads. Immutable after compilation; subjects are byte
// strings (see `subject.ts`), so cuts count bytes as other servers do. What must stay true: a
// destination refers to its source a bounded number of times, and a result that gets longer than a
// subject can be is given up, whatever configuration and message say.
import { LIMITS, type Prng } from "@weft/base";
import { isValidLiteralSubject, tokensAreSubset } from "./subject.ts";
import { applyToken, type CompiledToken } from "./transform-functions.ts";
import { mappingError, parseDestinationToken, REFERENCES_MAX } from "./transform-token.ts";

/** SU-49, SU-46. */
export interface TransformOptions {
  /** Reversible transforms of imports: only wildcard(), and each `*` must be used. */
  readonly strict?: boolean | undefined;
  /**
   * Accept left() and right(); default true. Other servers refuse them in account mappings and
   * stream transforms (SU-46); accepting them everywhere is a superset.
   */
  readonly allowLeftRight?: boolean | undefined;
}

export type TransformResult =
  | { readonly ok: true; readonly transform: SubjectTransform }
  | { readonly ok: false; readonly error: string };

const BAD_SUBJECT = "invalid subject";

/** A compiled transform; made by {@link compileTransform} only. */
export class SubjectTransform {
  /** Filter of the subjects it applies to. */
  readonly source: string;
  readonly destination: string;
  /** False if it uses random(): then one subject has many results. */
  readonly isDeterministic: boolean;
  readonly #sourceTokens: readonly string[];
  readonly #tokens: readonly CompiledToken[];
  /** Source tokens before `>`, whose rest is appended; -1 without `>`. */
  readonly #tailFrom: number;

  constructor(source: TransformSource, destination: string, tokens: readonly CompiledToken[]) {
    this.source = source.text;
    this.destination = destination;
    this.isDeterministic = !tokens.some((token) => token.kind === "random");
    this.#sourceTokens = source.tokens;
    this.#tokens = tokens;
    this.#tailFrom = source.hasTail ? source.tokens.length - 1 : -1;
  }

  /**
   * The transformed subject; the caller knows that `subject` matches `source`. A function that
   * cuts a token to nothing leaves an empty token: such a subject matches no subscription.
   * Undefined = the result would be longer than a subject can be: the message is lost.
   */
  apply(subject: string, prng: Prng): string | undefined {
    return this.#build(subject, subject.split("."), prng);
  }

  /** {@link apply} if `subject` is a valid literal subject that matches `source`. */
  match(subject: string, prng: Prng): string | undefined {
    if (this.source === ">" && this.destination === ">") return subject;
    if (!isValidLiteralSubject(subject)) return undefined;
    const tokens = subject.split(".");
    if (!tokensAreSubset(tokens, this.#sourceTokens)) return undefined;
    return this.#build(subject, tokens, prng);
  }

  /**
   * The transform that undoes this one. Undefined if there is none: another function than
   * wildcard(), or a `*` of the source that is not used exactly once.
   */
  reverse(): SubjectTransform | undefined {
    const wildcardOf = new Map<number, number>();
    const source: string[] = [];
    for (const token of this.#tokens) {
      if (token.kind === "literal") {
        source.push(token.text);
        continue;
      }
      const from = token.sources[0];
      if (token.kind !== "wildcard" || from === undefined || wildcardOf.has(from)) return undefined;
      if (this.#sourceTokens[from] !== "*") return undefined;
      wildcardOf.set(from, wildcardOf.size + 1);
      source.push("*");
    }
    const destination: string[] = [];
    for (const [at, token] of this.#sourceTokens.entries()) {
      const wildcard = wildcardOf.get(at);
      if (token === "*" && wildcard === undefined) return undefined;
      destination.push(wildcard === undefined ? token : `$${wildcard}`);
    }
    const result = compileTransform(source.join("."), destination.join("."), { strict: true });
    return result.ok ? result.transform : undefined;
  }

  /** Stops where the result gets too long: a long token may be named a thousand times. */
  #build(subject: string, tokens: readonly string[], prng: Prng): string | undefined {
    let result = "";
    const last = this.#tokens.length - 1;
    for (let at = 0; at <= last; at += 1) {
      if (at > 0) result += ".";
      if (at === last && this.#tailFrom >= 0) break;
      result += applyToken(this.#tokens[at] as CompiledToken, subject, tokens, prng);
      if (result.length > LIMITS.subjectBytesMax) return undefined;
    }
    if (this.#tailFrom >= 0) {
      for (let at = this.#tailFrom; at < tokens.length; at += 1) {
        if (at > this.#tailFrom) result += ".";
        result += tokens[at];
      }
    }
    return result.length <= LIMITS.subjectBytesMax ? result : undefined;
  }
}

interface SubjectShape {
  readonly text: string;
  readonly tokens: readonly string[];
  /** Positions of the `*` tokens. */
  readonly stars: readonly number[];
  readonly hasTail: boolean;
}

/** A source that was read, for all destinations of a mapping; made by {@link transformSource}. */
export type TransformSource = SubjectShape;

function shapeOf(text: string): SubjectShape | undefined {
  const tokens = text.split(".");
  const tail = tokens.indexOf(">");
  if (tokens.includes("") || (tail !== -1 && tail !== tokens.length - 1)) return undefined;
  const stars: number[] = [];
  for (let at = tokens.indexOf("*"); at !== -1; at = tokens.indexOf("*", at + 1)) stars.push(at);
  return { text, tokens, stars, hasTail: tail !== -1 };
}

/** Undefined if no transform can have it. An empty source stands for `>`. */
export function transformSource(source: string): TransformSource | undefined {
  return shapeOf(source === "" ? ">" : source);
}

const NO_SOURCES: readonly number[] = [];

type CompiledTokenResult =
  | { readonly ok: true; readonly token: CompiledToken }
  | { readonly ok: false; readonly error: string };

function compileToken(
  text: string,
  from: SubjectShape,
  options: TransformOptions,
): CompiledTokenResult {
  const parsed = parseDestinationToken(text);
  if (!parsed.ok) return parsed;
  const { kind, amount, wildcards } = parsed.token;
  if ((kind === "left" || kind === "right") && options.allowLeftRight === false) {
    return { ok: false, error: mappingError("unknownFunction", text) };
  }
  const compiled = (sources: readonly number[]): CompiledTokenResult => ({
    ok: true,
    token: { kind, text: parsed.token.text, sources, amount },
  });
  if (kind === "literal") return compiled(NO_SOURCES);
  if (from.stars.length === 0 && !from.hasTail) {
    // SU-48. Nothing to take tokens from; a partition is then of the whole subject.
    if (kind === "random" || kind === "partition") return compiled(NO_SOURCES);
    return { ok: false, error: mappingError("indexOutOfRange", text) };
  }
  if (options.strict === true && kind !== "wildcard") {
    return { ok: false, error: mappingError("notForImports", text) };
  }
  const outside = wildcards.find((wildcard) => wildcard < 0 || wildcard > from.stars.length);
  if (outside !== undefined) {
    return { ok: false, error: mappingError("indexOutOfRange", `${text}: [${outside}]`) };
  }
  // Wildcard 0 is the first token of the subject, as on other servers.
  return compiled(wildcards.map((wildcard) => from.stars[wildcard - 1] ?? 0));
}

/** Most tokens are: told without parsing them. */
function isPlain(text: string): boolean {
  return !text.startsWith("$") && !text.startsWith("{{");
}

/** What one token adds to the work of an application: the tokens it reads, or one. */
function referencesOf({ kind, sources }: CompiledToken): number {
  return kind === "literal" ? 0 : Math.max(1, sources.length);
}

/**
 * Compiles a transform (SU-40 to SU-51). An empty source stands for `>`. Errors are the exact
 * texts of SU-50: `invalid subject` or `invalid mapping destination: … in <token>`. Stricter than
 * other servers in two points: negative numbers of wildcards, partitions and random are refused,
 * and so are more than {@link REFERENCES_MAX} wildcards and functions.
 */
export function compileTransform(
  source: string,
  destination: string,
  options: TransformOptions = {},
): TransformResult {
  return compileFrom(transformSource(source), destination, options);
}

/** {@link compileTransform} for a source that has many destinations, and may be long. */
export function compileFrom(
  from: TransformSource | undefined,
  destination: string,
  options: TransformOptions = {},
): TransformResult {
  const into = shapeOf(destination);
  if (from === undefined || into === undefined) return { ok: false, error: BAD_SUBJECT };
  if (into.stars.length > 0 || from.hasTail !== into.hasTail) {
    return { ok: false, error: BAD_SUBJECT };
  }
  const tokens: CompiledToken[] = [];
  let used = 0;
  let references = 0;
  for (const text of into.tokens) {
    if (isPlain(text)) {
      tokens.push({ kind: "literal", text, sources: NO_SOURCES, amount: 0 });
      continue;
    }
    const result = compileToken(text, from, options);
    if (!result.ok) return result;
    tokens.push(result.token);
    used += result.token.sources.length;
    references += referencesOf(result.token);
    if (references > REFERENCES_MAX) {
      return { ok: false, error: mappingError("tooManyReferences", "") };
    }
  }
  if (options.strict === true && used < from.stars.length) {
    return { ok: false, error: mappingError("notUsingAllWildcards", destination) };
  }
  return { ok: true, transform: new SubjectTransform(from, destination, tokens) };
}

/**
 * `foo.*.*` → `foo.$1.$2`: the destination that changes nothing, unless a token of the source reads
 * as a wildcard or a function, such as `$1`: there is no way to write it as text.
 */
export function identityDestination(source: string): string {
  let wildcard = 0;
  const tokens = source.split(".").map((token) => {
    if (token !== "*") return token;
    wildcard += 1;
    return `$${wildcard}`;
  });
  return tokens.join(".");
}
