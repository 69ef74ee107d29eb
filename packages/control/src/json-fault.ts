// What is wrong with a text that is no JSON, in the words that clients of the reference read
// (SY-24). Asked only when reading it has failed. Control thread; pure. Linear, and as deep as the
// text nests, which the bound of requests bounds.

/** Nesting that is followed; what goes deeper is told so. */
const DEPTH_MAX = 1_000;
const ENDED = "unexpected end of JSON input";
const SPACES = " \t\r\n";
const LITERALS: Readonly<Record<string, string>> = { t: "true", f: "false", n: "null" };

/** Thrown by the reader, never beyond `jsonFault`. */
class Fault {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

class FaultFinder {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value();
    this.#skipSpaces();
    if (this.#at < this.#text.length) throw this.#unexpected("after top-level value");
  }

  #value(): void {
    this.#skipSpaces();
    const first = this.#peek();
    if (first === "{") this.#object();
    else if (first === "[") this.#array();
    else if (first === '"') this.#string();
    else if (first === "-" || isDigit(first)) this.#number();
    else if (LITERALS[first] !== undefined) this.#literal(LITERALS[first]);
    else throw this.#unexpected("looking for beginning of value");
  }

  #object(): void {
    this.#enter();
    this.#skipSpaces();
    if (this.#peek() !== "}") {
      for (;;) {
        this.#skipSpaces();
        if (this.#peek() !== '"') {
          throw this.#unexpected("looking for beginning of object key string");
        }
        this.#string();
        this.#skipSpaces();
        if (this.#peek() !== ":") throw this.#unexpected("after object key");
        this.#at += 1;
        this.#value();
        this.#skipSpaces();
        if (this.#peek() === "}") break;
        if (this.#peek() !== ",") throw this.#unexpected("after object key:value pair");
        this.#at += 1;
      }
    }
    this.#leave();
  }

  #array(): void {
    this.#enter();
    this.#skipSpaces();
    if (this.#peek() !== "]") {
      for (;;) {
        this.#value();
        this.#skipSpaces();
        if (this.#peek() === "]") break;
        if (this.#peek() !== ",") throw this.#unexpected("after array element");
        this.#at += 1;
      }
    }
    this.#leave();
  }

  #string(): void {
    this.#at += 1;
    for (;;) {
      const character = this.#peek();
      if (character < " ") throw this.#unexpected("in string literal");
      this.#at += 1;
      if (character === '"') return;
      if (character !== "\\") continue;
      const escaped = this.#peek();
      if (!'"\\/bfnrtu'.includes(escaped)) throw this.#unexpected("in string escape code");
      this.#at += 1;
      for (let digits = escaped === "u" ? 4 : 0; digits > 0; digits -= 1) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) {
          throw this.#unexpected("in \\u hexadecimal character escape");
        }
        this.#at += 1;
      }
    }
  }

  #number(): void {
    if (this.#text[this.#at] === "-") this.#at += 1;
    if (this.#peek() === "0") this.#at += 1;
    else this.#digits("in numeric literal");
    if (this.#text[this.#at] === ".") {
      this.#at += 1;
      this.#digits("after decimal point in numeric literal");
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#at += 1;
      if (/[+-]/.test(this.#peek())) this.#at += 1;
      this.#digits("in exponent of numeric literal");
    }
  }

  #digits(where: string): void {
    if (!isDigit(this.#peek())) throw this.#unexpected(where);
    while (isDigit(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #literal(word: string): void {
    for (const expected of word) {
      if (this.#peek() !== expected) {
        throw this.#unexpected(`in literal ${word} (expecting '${expected}')`);
      }
      this.#at += 1;
    }
  }

  #enter(): void {
    this.#at += 1;
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new Fault("exceeded max depth");
  }

  #leave(): void {
    this.#at += 1;
    this.#depth -= 1;
  }

  #skipSpaces(): void {
    while (this.#at < this.#text.length && SPACES.includes(this.#text[this.#at] as string)) {
      this.#at += 1;
    }
  }

  #peek(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw new Fault(ENDED);
    return character;
  }

  #unexpected(where: string): Fault {
    const character = this.#text[this.#at] as string;
    const shown =
      character === "'" ? "\\'" : character === '"' ? '"' : JSON.stringify(character).slice(1, -1);
    return new Fault(`invalid character '${shown}' ${where}`);
  }
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

/** The first fault of `text`, which is no JSON. */
export function jsonFault(text: string): string {
  try {
    new FaultFinder(text).document();
  } catch (error) {
    if (error instanceof Fault) return error.text;
    throw error;
  }
  return "invalid JSON";
}
