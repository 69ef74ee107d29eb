// Test support: evaluates the shipped source files with another `Atomics`, so that a test decides
// when each access to shared memory happens, and optionally with a seeded mistake in their text.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { assert } from "@weft/base";

/** Source text in pieces; white space between and in them matches any white space. */
type Text = string | readonly string[];

/** A mistake: `from` occurs exactly once in the file and is replaced. */
export interface Mutant {
  readonly name: string;
  /** The case in which it shows. */
  readonly case: string;
  readonly file: string;
  readonly from: Text;
  readonly to: Text;
  /** Further replacements that belong to the same mistake. */
  readonly also?: readonly (readonly [from: Text, to: Text])[] | undefined;
}

/** The three operations that the sources use. */
export interface AtomicsPort {
  load(words: Int32Array, index: number): number;
  store(words: Int32Array, index: number, value: number): number;
  compareExchange(words: Int32Array, index: number, expected: number, value: number): number;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** JavaScript by source text: most files are the same for all mutants. */
const stripped = new Map<string, string>();

function sourceText(file: string, mutants: readonly Mutant[]): string {
  let text = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  for (const mutant of mutants) {
    if (mutant.file !== file) continue;
    for (const [from, to] of [...(mutant.also ?? []), [mutant.from, mutant.to] as const]) {
      const pattern = [from].flat().join(" ").trim().split(/\s+/).map(escapePattern).join("\\s+");
      const found = [...text.matchAll(new RegExp(pattern, "g"))];
      assert(found.length === 1, `${mutant.name}: ${from} occurs once`);
      text = text.replace(found[0]![0], () => [to].flat().join("\n"));
    }
  }
  const known = stripped.get(text);
  if (known !== undefined) return known;
  // Private fields become plain ones, so that `fingerprint` sees them.
  const plain = stripTypeScriptTypes(text)
    .replaceAll(/^import\s[^;]*?from\s+"[^"]+";/gm, "")
    .replaceAll(/^export /gm, "")
    .replaceAll(/(?<![\w"])#(?=[a-zA-Z])/g, "_");
  stripped.set(text, plain);
  return plain;
}

/** The named exports of the files, which must be given in dependency order. */
export function loadSources<Exports>(
  files: readonly string[],
  names: readonly string[],
  atomics: AtomicsPort,
  mutants: readonly Mutant[],
): Exports {
  assert(
    mutants.every(({ file }) => files.includes(file)),
    "a mutant of one of the files",
  );
  const text = files.map((file) => sourceText(file, mutants)).join("\n");
  const body = `"use strict";\n${text}\nreturn { ${names.join(", ")} };`;
  return new Function("assert", "Atomics", "sharedRegion", body)(assert, atomics, () => {
    throw new Error("no shared memory in a model");
  }) as Exports;
}
