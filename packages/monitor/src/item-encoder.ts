// Writes the items of a long list as they are made (MO-20): ten thousand connections as values would
// hold the loop up each time the garbage collector goes through them. Thread: control. Must stay
// true: nothing of an item is kept but its text, in pieces with memory of their own.
import { EncodedItems } from "./encoded-items.ts";
import type { Steps } from "./facts.ts";
import { CHUNK_CHARACTERS, itemParts, type JsonObject } from "./go-json.ts";

/** How a page is written, and how much of it there may be. */
export interface ItemForm {
  /** One level of the page; empty = all in one line. */
  readonly indent: string;
  readonly bytesMax: number;
}

export class ItemEncoder {
  readonly #form: ItemForm;
  readonly #itemLine: string;
  readonly #pieces: Buffer[] = [];
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

  /** Pauses within an item with long lists. */
  *add(item: JsonObject): Steps<void> {
    this.#text += `${this.#count === 0 ? "" : ","}${this.#itemLine}`;
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
    if (this.#text !== "") this.#cut();
    return new EncodedItems(this.#pieces, this.#count);
  }

  #cut(): void {
    const piece = pieceOf(this.#text);
    this.#text = "";
    this.#bytes += piece.length;
    this.#pieces.push(piece);
  }
}

/** Memory of its own: a slow reader may keep it for long. */
export function pieceOf(text: string): Buffer {
  const piece = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  piece.write(text);
  return piece;
}
