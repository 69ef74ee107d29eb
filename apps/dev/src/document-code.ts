// Code blocks of documents, and what some of them take for given. For tests that compile or run them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFiles, repositoryRoot, type SourceFile } from "./tidy/source-file.ts";

export interface CodeBlock {
  /** Such as `README.md, line 28`. */
  readonly name: string;
  /** Page from the root. */
  readonly path: string;
  readonly code: string;
}

/** The README files of the root and of each package, and all of `docs`. */
export function documentPages(): SourceFile[] {
  const isPage = (path: string): boolean => path.endsWith(".md");
  const isReadme = (path: string): boolean => path.endsWith("/README.md");
  const top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map((path) => ({
    path,
    text: readFileSync(join(repositoryRoot, path), "utf8"),
  }));
  const readmes = ["packages", "apps", "benchmarks", "deploy"].flatMap((folder) =>
    listFiles(folder, isReadme),
  );
  return [...top, ...listFiles("docs", isPage), ...readmes];
}

/** Blocks of a page that are marked with this language. */
export function codeBlocks({ path, text }: SourceFile, language: string): CodeBlock[] {
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm");
  return [...text.matchAll(block)].map(({ index, 1: code = "" }) => ({
    name: `${path}, line ${text.slice(0, index).split("\n").length}`,
    path,
    code,
  }));
}
