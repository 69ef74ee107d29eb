// Finds `{{ operation }}` in an entry of a template (AN-53). Any thread; pure. What must stay true:
// the places are those of `/\{\{([^}]+)\}\}/g`, and looking for them is linear: an expression would go
// to the end of the entry from each of its braces, minutes for an entry of a hundred thousand.

/** One variable of an entry. */
export interface TemplateVariable {
  /** With its braces. */
  readonly source: string;
  readonly operation: string;
}

export function hasVariable(entry: string): boolean {
  return !variablesOf(entry).next().done;
}

export function* variablesOf(entry: string): Generator<TemplateVariable> {
  let from = 0;
  for (;;) {
    const start = entry.indexOf("{{", from);
    if (start < 0) return;
    // All pairs of braces before this one would end with it.
    const end = entry.indexOf("}", start + 2);
    if (end < 0) return;
    from = end + 1;
    if (end === start + 2 || entry[end + 1] !== "}") continue;
    from = end + 2;
    yield { source: entry.slice(start, from), operation: entry.slice(start + 2, end).trim() };
  }
}
