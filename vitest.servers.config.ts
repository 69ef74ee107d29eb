import { defineConfig } from "vitest/config";

/** They measure time and memory, or take all descriptors there are: nothing runs beside them. */
const ALONE = ["attack", "crowded-system", "faults"].map(
  (name) => `apps/dev/src/conformance/${name}.conformance.ts`,
);

/** Tests that boot the built server and talk to it with clients that others wrote. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    pool: "forks",
    testTimeout: process.env["WEFT_ATTACK"] === "full" ? 900_000 : 60_000,
    hookTimeout: 60_000,
    // Real processes, clocks and sockets on a machine that others use as well: a second try tells a
    // fault from a hiccup. What needs it is printed.
    retry: 1,
    projects: [
      {
        extends: true,
        test: {
          name: "side by side",
          include: ["apps/dev/src/conformance/**/*.conformance.ts"],
          exclude: ALONE,
          // Half of their time they wait.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ALONE,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
