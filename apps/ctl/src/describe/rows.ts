// Names and values in two columns.

/** A line of a description; several values stand below each other. */
export type Row = readonly [name: string, value: string | readonly string[]];

const GAP = "  ";

/** Rows in two columns; rows without a value are left out. */
export function formatRows(rows: readonly Row[]): string[] {
  const shown = rows.filter(([, value]) => value.length > 0);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.flatMap(([name, value]) => {
    const values = typeof value === "string" ? [value] : value;
    return values.map((text, at) => `${(at === 0 ? name : "").padEnd(width)}${GAP}${clean(text)}`);
  });
}

/** Lines under each other, each column as wide as its widest text. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) {
      widths[at] = Math.max(widths[at] ?? 0, clean(cell).length);
    }
  }
  return rows.map((row) => {
    const cells = row.map((cell, at) => clean(cell).padEnd(widths[at] ?? 0));
    return cells.join(GAP).trimEnd();
  });
}

/** Tokens come from anybody: nothing in them may move a terminal's cursor or fake a line. */
export function clean(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    "\ufffd",
  );
}
