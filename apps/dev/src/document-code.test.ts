// TypeScript in documents is what the compiler takes, with the sources as they are. Starts the
// compiler, in a folder of its own; `embedding.conformance.ts` runs the examples of README.md.
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type CodeBlock, codeBlocks, documentPages } from "./document-code.ts";
import { repositoryRoot } from "./tidy/source-file.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "weft-documents-")));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the blocks of a page take for given, so that they can be short. */
const GIVEN: Readonly<Record<string, string>> = {
  "packages/jwt/README.md": `
    import type { SignatureVerifier } from "@weft/auth";
    import type { JudgeFacts, OperatorClaims, TrustedAccount, UserClaims } from "@weft/jwt";
    declare const operatorClaims: OperatorClaims, user: UserClaims, token: string, nowMs: number;
    declare const facts: JudgeFacts, accounts: TrustedAccount[], verifier: SignatureVerifier;`,
  "packages/shm/README.md": `
    import type { MailboxHandler, MailboxSeed } from "@weft/shm";
    declare const threadsCount: number, file: URL, ownSeed: MailboxSeed, to: number;
    declare const handler: MailboxHandler, frame: Buffer;`,
};

const CONFIG = {
  extends: join(repositoryRoot, "tsconfig.base.json"),
  compilerOptions: {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    rewriteRelativeImportExtensions: false,
    // JavaScript is read, and its grammar checked.
    allowJs: true,
    checkJs: false,
    moduleDetection: "force",
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: { "@weft/*": [join(repositoryRoot, "packages/*/src/index.ts")] },
  },
  include: ["*.ts", "*.mjs"],
};

/** What the compiler says, each line with the name of its block. */
function compile(blocks: readonly CodeBlock[], ending: string): string[] {
  for (const [index, { path, code }] of blocks.entries()) {
    writeFileSync(join(folder, `block-${index}.${ending}`), `${code}${GIVEN[path] ?? ""}\n`);
  }
  const compiler = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const { stdout, stderr, status } = spawnSync(process.execPath, [compiler, "-p", folder], {
    cwd: folder,
    encoding: "utf8",
  });
  for (const index of blocks.keys()) rmSync(join(folder, `block-${index}.${ending}`));
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
  expect(lines.length > 0).toBe(status !== 0);
  return lines.map((line) =>
    line.replace(/^block-(\d+)\.\w+/, (_, index) => blocks[Number(index)]?.name ?? ""),
  );
}

describe("code in documents", { timeout: 60_000 }, () => {
  symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(CONFIG));
  const pages = documentPages();

  it("TypeScript compiles", () => {
    const blocks = pages.flatMap((page) => codeBlocks(page, "ts"));
    expect(blocks.length).toBeGreaterThan(10);
    expect(compile(blocks, "ts")).toEqual([]);
  });

  it("JavaScript can be read", () => {
    const blocks = pages.flatMap((page) => codeBlocks(page, "js"));
    expect(blocks.length).toBeGreaterThan(2);
    expect(compile(blocks, "mjs")).toEqual([]);
  });

  it("that is wrong is found, with its place", () => {
    const text =
      'A page.\n```ts\nimport { startServer } from "@weft/server";\nawait startServer({ portt: 1 });\n```\n';
    const found = compile(codeBlocks({ path: "docs/x.md", text }, "ts"), "ts");
    expect(found[0]).toMatch(/^docs\/x\.md, line 2\(2,21\): error TS\d+: .*'portt'/);
    const js = "```js\nconst a = ;\n```\n";
    expect(compile(codeBlocks({ path: "docs/x.md", text: js }, "js"), "mjs")).toHaveLength(1);
  });

  it("is marked with a language that a test or a reader knows", () => {
    const known = ["conf", "js", "json", "sh", "text", "ts", "yaml"];
    const marks = pages.flatMap(({ text }) => [...text.matchAll(/^```(.+)$/gm)]);
    expect([...new Set(marks.map(([, mark = ""]) => mark))].sort()).toEqual(known);
  });
});
