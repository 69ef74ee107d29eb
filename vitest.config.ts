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

/** Unit tests stand beside the code and run from source; tests that boot servers use the build. */
export default defineConfig({
  resolve: { alias },
  test: {
    root,
    pool: "forks",
    maxWorkers: 2,
    include: [
      "packages/*/src/**/*.test.ts",
      "apps/*/src/**/*.test.ts",
      "benchmarks/src/**/*.test.ts",
    ],
    // The full budgets of `npm run deep` take minutes.
    testTimeout: process.env["WEFT_DEEP"] === "1" ? 1_800_000 : 20_000,
  },
});
