// Reads YAML for the tests of `deploy/`. The reader is the one that the dependency checker brings
// along; duplicate keys, unknown tags and warnings are errors here. Used by tests only.
import { createRequire } from "node:module";

interface ReadDocument {
  readonly errors: readonly Error[];
  readonly warnings: readonly Error[];
  toJS(): unknown;
}

interface YamlReader {
  parseAllDocuments(text: string): readonly ReadDocument[];
}

const here = createRequire(import.meta.url);
const reader: YamlReader = createRequire(here.resolve("knip"))("yaml");

/** The one document of a file. Throws at the first thing that is not clean. */
export function readYaml(text: string): unknown {
  const [document, ...others] = reader.parseAllDocuments(text);
  if (document === undefined || others.length > 0) throw new Error("expected one document");
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  return document.toJS();
}
