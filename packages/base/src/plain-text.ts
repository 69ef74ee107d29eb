// Words of strangers for people: what a client, a service or a module said, on its way into a line of
// the log. Any thread; pure. Must stay true: one line, no character that moves the cursor or hides
// others, and a bounded length. Secrets are taken out by others before.

/** Longer texts are cut to this. */
const SHOWN_MAX = 256;

export function plainText(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}...` : line;
}
