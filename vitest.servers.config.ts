import { defineConfig } from "vitest/config";

const FOLDER = "apps/dev/src/conformance";
const IS_FULL_ATTACK = process.env["WEFT_ATTACK"] === "full";
const IS_LONG = IS_FULL_ATTACK || process.env["WEFT_DEEP"] === "1";

/** They take all memory or all descriptors there are: nothing runs beside them. */
const ALONE = ["crowded-system", "faults"].map((name) => `${FOLDER}/${name}.conformance.ts`);
/** They measure times. The short form allows for one of them beside another, and for nothing else. */
const ATTACKS = [`${FOLDER}/attack-*.conformance.ts`];

/** Tests that boot the built server and talk to it with clients that others wrote. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    pool: "forks",
    testTimeout: IS_LONG ? 900_000 : 60_000,
    hookTimeout: 60_000,
    // Real processes, clocks and sockets on a machine that others use as well: a second try tells a
    // fault from a hiccup. What needs it is printed.
    retry: 1,
    projects: [
      {
        extends: true,
        test: {
          name: "side by side",
          include: [`${FOLDER}/**/*.conformance.ts`],
          exclude: [...ALONE, ...ATTACKS],
          // Half of their time they wait.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "attacks",
          include: ATTACKS,
          maxWorkers: IS_FULL_ATTACK ? 1 : 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ALONE,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
