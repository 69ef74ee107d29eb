// Source files of the repository as the rules see them. Reads the disk; the rules do not.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../../../..", import.meta.url));

export interface SourceFile {
  /** Path from the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Folders that hold nothing we wrote. */
const SKIPPED = new Set(["node_modules", "dist", ".git", ".turbo", ".weft-build", "coverage"]);

export function listFiles(folder: string, accept: (path: string) => boolean): SourceFile[] {
  const found: SourceFile[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) {
        const name = relative(repositoryRoot, path);
        if (accept(name)) found.push({ path: name, text: readFileSync(path, "utf8") });
      }
    }
  };
  visit(join(repositoryRoot, folder));
  return found;
}

/** Test code and what only tests use. */
export function isTestSupport(path: string): boolean {
  return (
    path.endsWith(".test.ts") ||
    path.includes("/testdata/") ||
    path.includes("/testing/") ||
    path.includes("/conformance/") ||
    /\/test-[a-z-]+\.ts$/.test(path) ||
    path.startsWith("packages/sim/")
  );
}
