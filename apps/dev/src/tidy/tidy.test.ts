// The rules of the house, applied to every file, and applied to bad examples so that a rule that
// finds nothing any more is noticed.
import { describe, expect, it } from "vitest";
import { FILE_EXEMPTIONS } from "./exemptions.ts";
import {
  checkForeign,
  checkHeader,
  checkImports,
  checkNames,
  checkPurity,
  checkSize,
  checkTestWaits,
  missingPlatformPackages,
} from "./rules.ts";
import { listFiles, type SourceFile } from "./source-file.ts";

const sources = ["packages", "apps", "benchmarks"].flatMap((folder) =>
  listFiles(folder, (path) => path.endsWith(".ts")),
);
const texts = listFiles(".", (path) => /\.(?:ts|mjs|json|md|conf|yml|yaml|sh)$/.test(path));

const bad = (text: string, path = "packages/broker/src/x.ts"): SourceFile => ({ path, text });

describe("tidy", () => {
  it("keeps the package graph", () => {
    expect(sources.flatMap(checkImports)).toEqual([]);
    expect(checkImports(bad('import net from "node:net";'))).toHaveLength(1);
    expect(checkImports(bad('import { x } from "@weft/runtime";'))).toHaveLength(1);
  });

  it("keeps pure packages pure", () => {
    expect(sources.flatMap(checkPurity)).toEqual([]);
    expect(checkPurity(bad("const now = Date.now();"))).toHaveLength(1);
    expect(checkPurity(bad("// Date.now() is banned"))).toEqual([]);
  });

  it("keeps files and lines small", () => {
    expect(sources.flatMap((file) => checkSize(file, FILE_EXEMPTIONS))).toEqual([]);
    expect(checkSize(bad("x\n".repeat(401)), {})).toHaveLength(1);
  });

  it("has a header in every file", () => {
    expect(sources.flatMap(checkHeader)).toEqual([]);
    expect(checkHeader(bad("const x = 1;"))).toHaveLength(1);
  });

  it("uses the glossary's names", () => {
    expect(sources.flatMap(checkNames)).toEqual([]);
    expect(checkNames(bad("const ctx = 1;"))).toHaveLength(1);
  });

  it("does not sleep in tests of pure packages", () => {
    expect(sources.flatMap(checkTestWaits)).toEqual([]);
    expect(checkTestWaits(bad("setTimeout(f, 1)", "packages/auth/src/x.test.ts"))).toHaveLength(1);
  });

  it("names no machine and no registry host", () => {
    expect(texts.flatMap(checkForeign)).toEqual([]);
    expect(checkForeign(bad(["", "work", "x"].join("/")))).toHaveLength(1);
  });

  it("has no marks of a merge that was not finished", () => {
    const isMarked = ({ text }: SourceFile): boolean => /^(?:<{7}|>{7}) /m.test(text);
    expect(texts.filter(isMarked).map(({ path }) => path)).toEqual([]);
    expect(isMarked(bad(`a\n${"<".repeat(7)} HEAD\n`))).toBe(true);
  });

  it("locks the packages of every platform, not only of the one that wrote the lock file", () => {
    const lock = texts.find((file) => file.path === "package-lock.json");
    expect(missingPlatformPackages(lock?.text ?? "{}")).toEqual([]);
    const broken = {
      packages: { "node_modules/a": { optionalDependencies: { "a-darwin": "1.0.0" } } },
    };
    expect(missingPlatformPackages(JSON.stringify(broken))).toHaveLength(1);
  });

  it("has no download addresses in the lock file", () => {
    const lock = texts.find((file) => file.path === "package-lock.json");
    expect(lock).toBeDefined();
    expect(/"resolved": "https?:/.test(lock?.text ?? "")).toBe(false);
  });
});
