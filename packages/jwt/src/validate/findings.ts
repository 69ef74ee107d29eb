// What a check of claims found, in the reference's words (`ValidationResults`). Any thread; pure.

/**
 * `error`: the token is not to be used. `time`: it is not valid now, but may be at another time.
 * `warning`: it works, and something about it should be changed.
 */
export type FindingLevel = "error" | "time" | "warning";

export interface Finding {
  readonly level: FindingLevel;
  readonly text: string;
}

/** More say nothing new. */
const FINDINGS_MAX = 1_000;
/** Of all texts together: each of many may quote a subject as long as the token. */
const CHARACTERS_MAX = 1024 * 1024;

/** Collects findings; past the limits one error stands for all others. */
export class Findings {
  readonly #list: Finding[] = [];
  #characters = 0;
  #isFull = false;

  get list(): readonly Finding[] {
    return this.#list;
  }

  /** True if further ones are left out: looking for them is in vain. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(finding: Finding): void {
    if (this.#isFull) return;
    if (this.#list.length < FINDINGS_MAX && this.#characters < CHARACTERS_MAX) {
      this.#list.push(finding);
      this.#characters += finding.text.length;
      return;
    }
    this.#isFull = true;
    this.#list.push({ level: "error", text: "more findings are not listed" });
  }

  error(text: string): void {
    this.add({ level: "error", text });
  }

  time(text: string): void {
    this.add({ level: "time", text });
  }

  warning(text: string): void {
    this.add({ level: "warning", text });
  }
}

/** True if a token with these findings is not to be used; `withTime`: and not now either. */
export function isBlocking(findings: readonly Finding[], withTime: boolean): boolean {
  return findings.some(({ level }) => level === "error" || (withTime && level === "time"));
}

const SHORT: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function quoteOne(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  if (PRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) as number;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, "0")}`;
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Nothing in it is shown in another way. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** A text in quotes as Go's `%q` shows it. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  return `"${Array.from(text, quoteOne).join("")}"`;
}
