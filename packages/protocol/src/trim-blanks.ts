// Blanks at the ends of a header's value. Any thread. Must stay true: time is linear in the length, also
// for very many blanks in the middle, which a pattern that ends in `$` is tried on again and again.

const SPACE = 0x20;
const TAB = 0x09;

/** `text` without spaces and tabs at both ends. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
