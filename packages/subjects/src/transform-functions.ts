// What each function of a transform does to the tokens of a subject. Any thread, per message of a
// mapped subject. A function that cuts a token writes at most twice its length; a literal is as
// long as the configuration has it. The bound for all tokens together stands in `transform.ts`.
import type { Prng } from "@weft/base";
import type { DestinationToken } from "./transform-token.ts";

/** A destination token with the source tokens it reads, counted from 0. */
export interface CompiledToken {
  readonly kind: DestinationToken["kind"];
  readonly text: string;
  readonly sources: readonly number[];
  readonly amount: number;
}

/** Offset basis and prime of FNV-1a 32: partitions agree with those of other servers. */
const FNV_BASIS = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

function hashInto(hash: number, text: string): number {
  let result = hash;
  for (let at = 0; at < text.length; at += 1) {
    result = Math.imul(result ^ (text.charCodeAt(at) & 0xff), FNV_PRIME);
  }
  return result;
}

/** SU-42. FNV-1a 32 of the chosen tokens, not parted, or of the whole subject. */
function partition(rule: CompiledToken, subject: string, tokens: readonly string[]): string {
  if (rule.amount === 0) return "0";
  let hash = FNV_BASIS;
  if (rule.sources.length === 0) hash = hashInto(hash, subject);
  for (const source of rule.sources) hash = hashInto(hash, tokens[source] ?? "");
  return String((hash >>> 0) % rule.amount);
}

/** Pieces of one UTF-8 character each, for a split without a delimiter. */
function characters(token: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < token.length; ) {
    let end = at + 1;
    while (end < token.length && (token.charCodeAt(end) & 0xc0) === 0x80) end += 1;
    pieces.push(token.slice(at, end));
    at = end;
  }
  return pieces;
}

/** SU-43. Empty pieces are dropped. */
function split(token: string, delimiter: string): string {
  const pieces = delimiter === "" ? characters(token) : token.split(delimiter);
  return pieces.filter((piece) => piece !== "").join(".");
}

/** SU-45. Pieces of `size`; the first has `first` characters, which can be none. */
function slice(token: string, first: number, size: number): string {
  let result = token.slice(0, first);
  for (let at = first; at < token.length; at += size) {
    if (at > 0) result += ".";
    result += token.slice(at, at + size);
  }
  return result;
}

/** SU-44 to SU-46: functions that cut one token at `size`; a token that is too short stays. */
function cut(kind: CompiledToken["kind"], token: string, size: number): string {
  if (size <= 0 || size >= token.length) return token;
  const fromRight = token.length - size;
  switch (kind) {
    case "splitFromLeft":
      return `${token.slice(0, size)}.${token.slice(size)}`;
    case "splitFromRight":
      return `${token.slice(0, fromRight)}.${token.slice(fromRight)}`;
    case "sliceFromLeft":
      return slice(token, 0, size);
    case "sliceFromRight":
      return slice(token, token.length % size, size);
    case "left":
      return token.slice(0, size);
    case "right":
      return token.slice(fromRight);
    default:
      return token;
  }
}

/** The text that one destination token contributes, without the dots around it. */
export function applyToken(
  rule: CompiledToken,
  subject: string,
  tokens: readonly string[],
  prng: Prng,
): string {
  switch (rule.kind) {
    case "literal":
      return rule.text;
    case "partition":
      return partition(rule, subject, tokens);
    case "random":
      return rule.amount === 0 ? "0" : String(prng.below(rule.amount));
    default: {
      const token = tokens[rule.sources[0] as number] ?? "";
      if (rule.kind === "wildcard") return token;
      if (rule.kind === "split") return split(token, rule.text);
      return cut(rule.kind, token, rule.amount);
    }
  }
}
