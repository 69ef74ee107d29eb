// Names of users inside distinguished names and filters of a directory. Must stay true: whatever a
// name holds, it stays one value (RFC 4514, RFC 4515).

const HEX_BASE = 16;

function escaped(byte: number): string {
  return `\\${byte.toString(HEX_BASE).padStart(2, "0")}`;
}

/** For the value of an attribute in a distinguished name: all but letters, digits and a few escaped. */
export function dnValue(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_@.-]/.test(character) ? character : escaped(byte);
    })
    .join("");
}

/** For the value of a comparison in a filter. */
export function filterValue(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9_@.,=+ -]/.test(character) ? character : escaped(byte);
    })
    .join("");
}

/** Puts values into `{name}` places of a text; a place without a value stays. */
export function fillPlaces(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? "") : whole,
  );
}
