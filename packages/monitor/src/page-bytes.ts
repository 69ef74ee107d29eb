// A page as bytes that can be counted and kept until its reader takes them. Thread: control; no state.
import type { Steps } from "./facts.ts";
import { pieceOf } from "./item-encoder.ts";

/** A page in pieces, ready to be sent. */
export interface PageBytes {
  readonly pieces: Buffer[];
  readonly bytes: number;
}

/** Told to who asks for more than a page may hold. */
export const PAGE_TOO_LARGE = "page too large, ask for less with limit and offset";

/** Undefined: it has more than `bytesMax`. */
export function* pageBytes(
  body: Iterable<string | Buffer>,
  bytesMax: number,
): Steps<PageBytes | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (const part of body) {
    const isText = typeof part === "string";
    const piece = isText ? pieceOf(part) : part;
    bytes += piece.length;
    if (bytes > bytesMax) return undefined;
    pieces.push(piece);
    if (isText) yield { kind: "pause" };
  }
  return { pieces, bytes };
}
