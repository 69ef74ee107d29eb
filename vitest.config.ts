import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));
const alias = Object.fromEntries(
  readdirSync(`${root}packages`).map((name) => [
    `@weft/${name}`,
    `${root}packages/${name}/src/index.ts`,
  ]),
);

/** Packages without state of the module or the process: their files may share a process. */
const SHARED =
  "accounts,auth,base,broker,callout,config,control,jwt,monitor,operator,protocol,resolver,sim,subjects";

const all = [
  "packages/*/src/**/*.test.ts",
  "apps/*/src/**/*.test.ts",
  "benchmarks/src/**/*.test.ts",
];
const shared = [`packages/{${SHARED}}/src/**/*.test.ts`];
/** What the inner loop of a package leaves out: `--exclude` says nothing to a project that excludes. */
const left = (process.env["WEFT_TESTS_LEFT"] ?? "").split(",").filter((file) => file !== "");

/** Unit tests stand beside the code and run from source; tests that boot servers use the build. */
export default defineConfig({
  resolve: { alias },
  test: {
    root,
    pool: "forks",
    maxWorkers: 2,
    // The full budgets of `npm run deep` take minutes.
    testTimeout: process.env["WEFT_DEEP"] === "1" ? 1_800_000 : 20_000,
    projects: [
      { extends: true, test: { name: "alone", include: all, exclude: [...shared, ...left] } },
      // A process for each file would cost as much as its tests.
      { extends: true, test: { name: "shared", include: shared, exclude: left, isolate: false } },
    ],
  },
});
