// Characters to words of the configuration language (CF-01 to CF-08). Control thread.
//
//   comment   = ("#" | "//") to the end of the line
//   key       = bare (to white space, "=" or ":") | '"' … '"' | "'" … "'"
//   scalar    = quoted | block | number | datetime | address | bare
//   quoted    = "'" … "'" | '"' with \xXX \t \n \r \" \\ '"'
//   block     = "(" … newline ")" newline
//   bare      = to blank, newline, "," ";" "]" "}"; same escapes; "$name" is a variable
//
// What ends a word depends on what precedes it, as in the reference: a `#` directly after `key:`
// starts a string, a number ends at "}" but not at "]". Must stay true: each character is looked at
// a bounded number of times.
import type { SourcePosition } from "@weft/base";

/** A mistake in the text. Thrown inside the parser only; `parseConfig` returns it. */
export class ConfigSyntaxError extends Error {
  override readonly name = "ConfigSyntaxError";
  readonly at: SourcePosition;

  constructor(message: string, at: SourcePosition) {
    super(message);
    this.at = at;
  }
}

/** A scalar as written; `text` is without quotes and with escapes applied. */
export interface ScalarToken {
  readonly type: "string" | "integer" | "float" | "datetime" | "boolean" | "variable";
  readonly text: string;
  readonly at: SourcePosition;
}

const END = -1;
const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const SINGLE_QUOTE = 39;
const COMMA = 44;
const SLASH = 47;
const SEMICOLON = 59;
const BACKSLASH = 92;
const BRACKET_CLOSE = 93;
const BRACE_CLOSE = 125;

/** White space between words, Unicode's included. */
export function isSpace(code: number): boolean {
  if (code <= SPACE) return code === SPACE || (code >= TAB && code <= RETURN);
  if (code < 0x85) return false;
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

export function isNewline(code: number): boolean {
  return code === NEWLINE || code === RETURN;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** True where a bare string ends. */
export function endsBareString(code: number): boolean {
  return (
    code === END ||
    isBlank(code) ||
    isNewline(code) ||
    code === SEMICOLON ||
    code === COMMA ||
    code === BRACKET_CLOSE ||
    code === BRACE_CLOSE
  );
}

/** Where a number ends: as a bare string, but for "]" (CF-04, docs/compat/17-corrections.md). */
export function endsNumber(code: number): boolean {
  return code !== BRACKET_CLOSE && endsBareString(code);
}

/** A character as it is shown in an error. */
export function showCode(code: number): string {
  if (code === END) return "the end of the file";
  if (code === NEWLINE) return "'\\n'";
  if (code === RETURN) return "'\\r'";
  return `'${String.fromCharCode(code)}'`;
}

/** A cursor over one text that knows line and column. */
export class Scanner {
  readonly file: string;
  readonly text: string;
  #offset = 0;
  #line = 1;
  #lineStart: number;

  /** Columns of the first line are counted from `start` on: what is before it nobody wrote. */
  constructor(file: string, text: string, start = 0) {
    this.file = file;
    this.#lineStart = start;
    this.text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    const nul = this.text.indexOf("\0");
    if (nul < 0) return;
    while (this.#offset < nul) this.take();
    this.fail("Unexpected NUL character.");
  }

  get offset(): number {
    return this.#offset;
  }

  /** The code unit `ahead` of the cursor; -1 behind the end. */
  peek(ahead = 0): number {
    const at = this.#offset + ahead;
    return at < this.text.length ? this.text.charCodeAt(at) : END;
  }

  take(): number {
    const code = this.peek();
    if (code === END) return END;
    this.#offset += 1;
    if (code === NEWLINE) {
      this.#line += 1;
      this.#lineStart = this.#offset;
    }
    return code;
  }

  /** Moves on to `offset`, which must not be behind a newline. */
  skipTo(offset: number): void {
    this.#offset = offset;
  }

  position(): SourcePosition {
    return { file: this.file, line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  fail(message: string, at: SourcePosition = this.position()): never {
    throw new ConfigSyntaxError(message, at);
  }

  skipSpaces(): void {
    while (isSpace(this.peek())) this.take();
  }

  skipBlanks(): void {
    while (isBlank(this.peek())) this.take();
  }

  /** Skips a comment, up to its newline. False when there is none here. */
  skipComment(): boolean {
    const code = this.peek();
    if (code !== HASH && !(code === SLASH && this.peek(1) === SLASH)) return false;
    while (this.peek() !== END && !isNewline(this.peek())) this.take();
    return true;
  }

  /** Reads up to a quote, without escapes, over lines; takes both quotes. */
  quotedRaw(what: string): string {
    const at = this.position();
    const quote = this.take();
    const start = this.#offset;
    while (this.peek() !== quote) {
      if (this.take() === END) this.fail(`Unexpected EOF in ${what}.`, at);
    }
    const text = this.text.slice(start, this.#offset);
    this.take();
    return text;
  }

  /** Reads a key. `bare` is true when it was not quoted. */
  key(): { text: string; at: SourcePosition; bare: boolean } {
    const at = this.position();
    const first = this.peek();
    if (first === DOUBLE_QUOTE || first === SINGLE_QUOTE) {
      return { text: this.quotedRaw("quoted key"), at, bare: false };
    }
    const start = this.#offset;
    // The first character always belongs to the key: this is how a lone "}" becomes one (CF-17).
    do this.take();
    while (!isSpace(this.peek()) && !isSeparator(this.peek()) && this.peek() !== END);
    return { text: this.text.slice(start, this.#offset), at, bare: true };
  }

  /** Reads a block string; the cursor is on its "(" (CF-06). */
  block(): ScalarToken {
    const at = this.position();
    this.take();
    const start = this.#offset;
    for (;;) {
      const code = this.take();
      if (code === END) this.fail("Unexpected EOF processing block.", at);
      if (code !== NEWLINE || this.text.charAt(this.#offset) !== ")") continue;
      let behind = this.#offset + 1;
      if (this.text.charCodeAt(behind) === RETURN) behind += 1;
      if (behind < this.text.length && this.text.charCodeAt(behind) !== NEWLINE) continue;
      const text = this.text.slice(start, this.#offset);
      this.take();
      return { type: "string", text, at };
    }
  }

  /** Reads `'…'`; the cursor is on the first quote. */
  singleQuoted(): ScalarToken {
    const at = this.position();
    return { type: "string", text: this.quotedRaw("quoted string"), at };
  }

  /** Reads `"…"`; the cursor is on the first quote. */
  doubleQuoted(): ScalarToken {
    const at = this.position();
    this.take();
    const parts = new StringParts(this, this.#offset);
    for (;;) {
      const code = this.peek();
      if (code === END) this.fail("Unexpected EOF in double quoted string.", at);
      if (code === DOUBLE_QUOTE) break;
      if (code === BACKSLASH) parts.escape();
      else this.take();
    }
    const text = parts.finish();
    this.take();
    return { type: "string", text, at };
  }

  /** Reads on to the end of a bare string that began at `start`. */
  bare(start: number, at: SourcePosition): ScalarToken {
    const parts = new StringParts(this, start);
    let quoted = false;
    while (!endsBareString(this.peek())) {
      const code = this.peek();
      if (code === SINGLE_QUOTE) {
        quoted = true;
        break;
      }
      if (code === BACKSLASH) parts.escape();
      else this.take();
    }
    const text = parts.finish();
    if (quoted) this.take();
    if (quoted || parts.escaped) return { type: "string", text, at };
    if (text.startsWith("$")) return { type: "variable", text: text.slice(1), at };
    return { type: /^(?:true|false|yes|no|on|off)$/i.test(text) ? "boolean" : "string", text, at };
  }
}

/** True for the two characters that may stand between key and value. */
export function isSeparator(code: number): boolean {
  return code === 58 || code === 61;
}

/** Builds a string with escapes. Bytes of neighbouring `\xXX` form UTF-8 together. */
class StringParts {
  readonly #scanner: Scanner;
  readonly #parts: string[] = [];
  #bytes: number[] = [];
  #start: number;
  escaped = false;

  constructor(scanner: Scanner, start: number) {
    this.#scanner = scanner;
    this.#start = start;
  }

  /** The cursor is on a backslash. */
  escape(): void {
    const scanner = this.#scanner;
    this.#flushText();
    this.escaped = true;
    const at = scanner.position();
    scanner.take();
    const code = scanner.take();
    switch (code) {
      case 120:
        this.#hexadecimal(at);
        break;
      case 116:
        this.#add("\t");
        break;
      case 110:
        this.#add("\n");
        break;
      case 114:
        this.#add("\r");
        break;
      case DOUBLE_QUOTE:
        this.#add('"');
        break;
      case BACKSLASH:
        this.#add("\\");
        break;
      default:
        scanner.fail(
          `Invalid escape character ${showCode(code)}. Only the following escape characters ` +
            'are allowed: \\xXX, \\t, \\n, \\r, \\", \\\\.',
          at,
        );
    }
    this.#start = scanner.offset;
  }

  finish(): string {
    this.#flushText();
    this.#flushBytes();
    return this.#parts.join("");
  }

  #hexadecimal(at: SourcePosition): void {
    const { text, offset } = this.#scanner;
    const digits = text.slice(offset, offset + 2);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
      this.#scanner.fail(`Expected two hexadecimal digits after '\\x', but got '${digits}'`, at);
    }
    this.#bytes.push(Number.parseInt(digits, 16));
    this.#scanner.skipTo(offset + 2);
  }

  #add(text: string): void {
    this.#flushBytes();
    this.#parts.push(text);
  }

  #flushText(): void {
    const end = this.#scanner.offset;
    if (end > this.#start) this.#add(this.#scanner.text.slice(this.#start, end));
  }

  #flushBytes(): void {
    if (this.#bytes.length === 0) return;
    this.#parts.push(Buffer.from(this.#bytes).toString("utf8"));
    this.#bytes = [];
  }
}
