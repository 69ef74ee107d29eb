// The little of DER that is needed to walk through a certificate. Any thread; pure.
// What must stay true: nothing outside the given bytes is read, whatever lengths they claim.

/** What is not DER, or not what was expected. */
export class MalformedDer extends Error {}

export const DER = {
  sequence: 0x30,
  set: 0x31,
  objectIdentifier: 0x06,
  octetString: 0x04,
  boolean: 0x01,
} as const;

export class DerReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Tag of the next element; -1 at the end. */
  get tag(): number {
    return this.isAtEnd ? -1 : (this.#bytes[this.#at] as number);
  }

  /** Steps over the next element and returns its content. Throws MalformedDer. */
  content(tag: number = this.tag): Buffer {
    const { start, end } = this.#step(tag);
    return this.#bytes.subarray(start, end);
  }

  /** Steps into the next element: a reader of its parts. Throws MalformedDer. */
  parts(tag: number): DerReader {
    const { start, end } = this.#step(tag);
    return new DerReader(this.#bytes, start, end);
  }

  #step(tag: number): { readonly start: number; readonly end: number } {
    if (this.isAtEnd || this.tag !== tag) throw new MalformedDer(`expected tag ${tag}`);
    let start = this.#at + 2;
    let length = this.#bytes[this.#at + 1] ?? 0xff;
    if (length >= 0x80) {
      const digits = length & 0x7f;
      if (digits === 0 || digits > 4 || start + digits > this.#end) {
        throw new MalformedDer("length");
      }
      length = this.#bytes.readUIntBE(start, digits);
      start += digits;
    }
    const end = start + length;
    if (end > this.#end) throw new MalformedDer("element is longer than what holds it");
    this.#at = end;
    return { start, end };
  }
}
