// Writes the items of a long list as they are made (MO-20): ten thousand connections as values would
// hold the loop up each time the garbage collector goes through them. Thread: control. Must stay
// true: nothing of an item is kept but its text, in pieces with memory of their own.
import { EncodedItems } from "./encoded-items.ts";
import type { Steps } from "./facts.ts";
import { CHUNK_CHARACTERS, encodePlainItems, itemParts, type JsonObject } from "./go-json.ts";

/** How a page is written, and how much of it there may be. */
export interface ItemForm {
  /** One level of the page; empty = all in one line. */
  readonly indent: string;
  readonly bytesMax: number;
}

/** Plain items written at a time at most: few enough to be forgotten before they are old. */
const PLAIN_AT_ONCE = 64;

export class ItemEncoder {
  readonly #form: ItemForm;
  readonly #itemLine: string;
  readonly #pieces: Buffer[] = [];
  /** Not written yet. */
  readonly #plain: JsonObject[] = [];
  /** So many give a piece, by the size of the last ones: their texts come from clients. */
  #plainAtOnce = PLAIN_AT_ONCE;
  #text = "";
  #bytes = 0;
  #count = 0;

  /** The list is a field of the page itself. */
  constructor(form: ItemForm) {
    this.#form = form;
    this.#itemLine = form.indent === "" ? "" : `\n${form.indent}${form.indent}`;
  }

  /** Full: more has no place on the page. */
  get isFull(): boolean {
    return this.#bytes > this.#form.bytesMax;
  }

  /** Bytes that have a place yet, not counting what is not written yet. */
  get room(): number {
    return Math.max(0, this.#form.bytesMax - this.#bytes);
  }

  /** An item as `encodePlainItems` takes it. */
  addPlain(item: JsonObject): void {
    this.#plain.push(item);
    if (this.#plain.length >= this.#plainAtOnce) this.#writePlain();
  }

  /** Pauses within an item with long lists. */
  *add(item: JsonObject): Steps<void> {
    this.#writePlain();
    this.#text += this.#count === 0 ? this.#itemLine : `,${this.#itemLine}`;
    this.#count += 1;
    for (const part of itemParts(item, this.#form.indent, this.#itemLine)) {
      this.#text += part;
      if (this.#text.length < CHUNK_CHARACTERS) continue;
      this.#cut();
      if (this.isFull) return;
      yield { kind: "pause" };
    }
  }

  /** Once, at the end. */
  items(): EncodedItems {
    this.#writePlain();
    if (this.#text !== "") this.#cut();
    return new EncodedItems(this.#pieces, this.#count);
  }

  #writePlain(): void {
    const plain = this.#plain;
    if (plain.length === 0) return;
    if (this.#text !== "") this.#cut();
    const piece = pieceOf(encodePlainItems(plain, this.#form.indent), this.#count > 0);
    this.#keep(piece);
    this.#count += plain.length;
    const fitting = Math.floor((CHUNK_CHARACTERS * plain.length) / piece.length);
    this.#plainAtOnce = Math.min(PLAIN_AT_ONCE, Math.max(1, fitting));
    plain.length = 0;
  }

  #cut(): void {
    this.#keep(pieceOf(this.#text));
    this.#text = "";
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#pieces.push(piece);
  }
}

const COMMA = 0x2c;

/** Memory of its own: a slow reader may keep it for long. */
export function pieceOf(text: string, hasComma = false): Buffer {
  const start = hasComma ? 1 : 0;
  const piece = Buffer.allocUnsafeSlow(start + Buffer.byteLength(text));
  if (hasComma) piece[0] = COMMA;
  piece.write(text, start);
  return piece;
}
