import { defineConfig } from "vitest/config";

/** Tests that boot the built server and talk to it with clients that others wrote. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    pool: "forks",
    // One server under test at a time: two cores, and timing matters here.
    fileParallelism: false,
    include: ["apps/dev/src/conformance/**/*.conformance.ts"],
    testTimeout: process.env["WEFT_ATTACK"] === "full" ? 900_000 : 60_000,
    hookTimeout: 60_000,
    // Real processes, clocks and sockets on a machine that others use as well: a second try tells a
    // fault from a hiccup. What needs it is printed.
    retry: 1,
  },
});
