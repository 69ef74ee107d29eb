// Lists of words in claims: each word once; an empty list is absent.

type Words = readonly string[] | undefined;

/** In the given order, with what is new behind what was there. */
export function editedList(
  before: Words,
  added: readonly string[],
  removed: readonly string[],
): readonly string[] {
  const all = new Set([...(before ?? []), ...added]);
  for (const word of removed) all.delete(word);
  return [...all];
}

/** The same in order of the alphabet, as bytes; undefined if nothing is left. */
export function editedSorted(
  before: Words,
  added: readonly string[],
  removed: readonly string[],
): readonly string[] | undefined {
  const list = editedList(before, added, removed);
  if (list.length === 0 && (before === undefined || removed.length > 0)) return undefined;
  return [...list].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

/** Tags and networks are in small letters. */
export function lowered(words: readonly string[]): readonly string[] {
  return words.map((word) => word.trim().toLowerCase());
}
