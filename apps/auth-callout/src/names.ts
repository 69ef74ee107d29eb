// Names that mean the same user to a directory. Pure. Must stay true: whatever caseIgnoreMatch takes
// for equal (RFC 4518: case, blanks, forms of a character, characters that nobody sees) is equal here.

/** No longer name is looked at by a backend; the throttle folds no more of one. */
export const NAME_LENGTH_MAX = 256;

const UNSEEN = /\p{Cf}|\p{Variation_Selector}|\u034f|\u1806|\ufffc|[^\P{Cc}\t-\r\u0085]/gu;

/** The one spelling of all that a directory takes for `name`. */
export function foldName(name: string): string {
  const seen = name.replaceAll(UNSEEN, "").normalize("NFKC");
  // Down, up and down again: some letters have no capital of their own, some no small one. The dotless
  // i is another letter than i, to directories too, though both have one capital.
  const parts = seen.split("\u0131");
  const folded = parts.map((part) => part.toLowerCase().toUpperCase().toLowerCase()).join("\u0131");
  return folded
    .normalize("NFKC")
    .replaceAll(/[\s\u0085]+/g, " ")
    .trim();
}

/** Coarser, for counting only: some directories look past accents as well. */
export function countedName(name: string): string {
  const folded = foldName(name.slice(0, NAME_LENGTH_MAX));
  return folded.normalize("NFKD").replaceAll(/\p{M}/gu, "").normalize("NFC");
}
