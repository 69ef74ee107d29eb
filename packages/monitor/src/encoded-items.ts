// Items of a list that are JSON text already, so that what they were made of can be let go of. Thread:
// any; no state of its own. Must stay true: a piece ends where an item or a part of one ends, never
// within a character; items stand with their indentation and the commas between them.

/** See `ItemEncoder`, which makes them. */
export class EncodedItems {
  readonly pieces: readonly Buffer[];
  readonly count: number;

  constructor(pieces: readonly Buffer[], count: number) {
    this.pieces = pieces;
    this.count = count;
  }
}
