// What a terminal would obey, as text. Pure. Must stay true: JSON stays the same JSON (there such
// characters stand in texts alone), and lines stay lines.
import type { Host } from "./command.ts";

const HEX_BASE = 16;
const HEX_DIGITS = 4;
/** Controls but tab and newline; what orders or hides text, but the joiners that scripts need. */
const OBEYED = /[^\P{Cc}\t\n]|[^\P{Cf}\u200c\u200d]|[\u2028\u2029]/gu;

/** `text` with `\u` escapes in place of controls, as JSON has them. */
export function escapeControls(text: string): string {
  return text.replaceAll(OBEYED, (found) =>
    Array.from({ length: found.length }, (_, at) => {
      return `\\u${found.charCodeAt(at).toString(HEX_BASE).padStart(HEX_DIGITS, "0")}`;
    }).join(""),
  );
}

/** Tokens and answers come from anybody: nothing in them may move a terminal's cursor. */
export function escapingHost(host: Host): Host {
  return {
    ...host,
    print: (text) => host.print(escapeControls(text)),
    warn: (text) => host.warn(escapeControls(text)),
  };
}
