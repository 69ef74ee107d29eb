// Puts the figures of the newest run that may be quoted into README.md, docs/performance.md with its
// chart, and docs/STATUS.md. Reads and writes the repository.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FigureTexts, figureTexts, isQuotable } from "./figures.ts";
import { readRuns } from "./results-file.ts";

const BLOCK = /<!-- figures -->\n[\s\S]*?<!-- \/figures -->/;
const CHART = "docs/performance.svg";
const BLOCKS: readonly (readonly [path: string, name: keyof FigureTexts])[] = [
  ["README.md", "readme"],
  ["docs/performance.md", "performance"],
  ["docs/STATUS.md", "status"],
];

/** `page` with its block replaced. */
export function withFigures(page: string, text: string): string {
  if (!BLOCK.test(page)) throw new Error("a page has no block of figures");
  return page.replace(BLOCK, () => `<!-- figures -->\n${text}\n<!-- /figures -->`);
}

/** Every file that shows figures, as it has to be; undefined where no run may be quoted. */
export function figureFiles(root: string): Map<string, string> | undefined {
  const newest = readRuns(root).filter(isQuotable).at(-1);
  if (newest === undefined) return undefined;
  const texts = figureTexts(newest);
  const pages = BLOCKS.map(([path, name]) => {
    const page = readFileSync(join(root, path), "utf8");
    return [path, withFigures(page, texts[name])] as const;
  });
  return new Map([...pages, [CHART, texts.chart]]);
}

/** Gives the paths that it wrote. */
export function writeFigures(root: string): string[] {
  const files = figureFiles(root) ?? new Map<string, string>();
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  return [...files.keys()];
}
