// Names of the kind `CN=alice,OU=Clients,O=Weft` in the form of RFC 2253 and RFC 4514, for comparing
// (AN-32). Any thread; pure. Must stay true: names are equal only if their values are equal byte for
// byte; only the case of types, unescaped blanks at the edges and how a byte is escaped differ freely.

/** `CN=alice`. Types in capitals. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

/** One or, joined by `+`, several attributes; their order means nothing. */
export type RelativeName = readonly NameAttribute[];

/** The order of the text: most significant last. */
export type DistinguishedName = readonly RelativeName[];

/** What the order of the parts counts for, in a form that can be looked up. */
export function nameKey(name: DistinguishedName): string {
  return JSON.stringify(name.map(relativeKey));
}

/** Equal for names of the same parts in any order (AN-31). */
export function unorderedNameKey(name: DistinguishedName): string {
  return JSON.stringify(name.map(relativeKey).sort());
}

function relativeKey(relative: RelativeName): string {
  return JSON.stringify(relative.map(({ type, value }) => JSON.stringify([type, value])).sort());
}

const BLANK = 0x20;
const BACKSLASH = 0x5c;
/** May follow a backslash; anything else there is two hexadecimal digits of one byte. */
const ESCAPABLE = new Set(Buffer.from(' "#+,;<=>\\'));
const EQUALS = 0x3d;
const HASH = 0x23;
const COMMA = 0x2c;
const PLUS = 0x2b;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined: no name, or one in a form that is not compared (BER behind `#`, as the reference). */
export function parseDistinguishedName(text: string): DistinguishedName | undefined {
  const parser = new NameParser(Buffer.from(text, "utf8"));
  try {
    return parser.name();
  } catch {
    return undefined;
  }
}

class MalformedName extends Error {}

class NameParser {
  readonly #text: Buffer;
  #at = 0;

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** Throws when the text is no name. */
  name(): DistinguishedName {
    const name: NameAttribute[][] = [[]];
    for (;;) {
      const type = this.#part(true);
      if (type === "" || this.#text[this.#at] !== EQUALS) throw new MalformedName();
      this.#at += 1;
      if (this.#text[this.#at] === HASH) throw new MalformedName();
      name.at(-1)?.push({ type: type.toUpperCase(), value: this.#part(false) });
      const separator = this.#text[this.#at];
      if (separator === undefined) return name;
      this.#at += 1;
      if (separator === COMMA) name.push([]);
    }
  }

  /** Up to the next separator, without the unescaped blanks around it. */
  #part(isType: boolean): string {
    const bytes: number[] = [];
    /** Length without unescaped blanks at the end. */
    let length = 0;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const byte = this.#text[this.#at] as number;
      if (byte === COMMA || byte === PLUS || (isType && byte === EQUALS)) break;
      if (byte === BLANK && bytes.length === 0) continue;
      bytes.push(byte === BACKSLASH ? this.#escaped() : byte);
      if (byte !== BLANK) length = bytes.length;
    }
    return UTF8.decode(Uint8Array.from(bytes.slice(0, length)));
  }

  /** The byte that an escape stands for; stops at its last character. */
  #escaped(): number {
    const next = this.#text[this.#at + 1] ?? -1;
    if (ESCAPABLE.has(next)) {
      this.#at += 1;
      return next;
    }
    const digits = this.#text.toString("latin1", this.#at + 1, this.#at + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new MalformedName();
    this.#at += 2;
    return Number.parseInt(digits, 16);
  }
}
