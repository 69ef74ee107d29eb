// Test support: a text that is equal for equal graphs of objects, private state included when the
// sources were loaded with plain fields. Views of memory count by their length only, copies of
// bytes (spilled frames) by their contents, functions not at all.

/** Text of everything reachable from `roots`; objects met again are named by their ordinal. */
export function fingerprint(roots: readonly unknown[]): string {
  const ordinals = new Map<object, number>();
  const parts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "function") return;
    if (typeof value !== "object" || value === null) {
      parts.push(String(value));
      return;
    }
    const known = ordinals.get(value);
    if (known !== undefined) {
      parts.push(`@${known}`);
      return;
    }
    ordinals.set(value, ordinals.size);
    if (ArrayBuffer.isView(value)) {
      const isWhole = value.byteLength === value.buffer.byteLength;
      parts.push(isWhole && Buffer.isBuffer(value) ? value.toString("hex") : `${value.byteLength}`);
      return;
    }
    const entries = value instanceof Set || value instanceof Map ? [...value] : value;
    parts.push("{");
    for (const [name, field] of Object.entries(entries)) {
      parts.push(name);
      visit(field);
    }
    parts.push("}");
  };
  for (const root of roots) visit(root);
  return parts.join(" ");
}
