// Configurations that are attacks, against the built server: refused, or served as before. The short
// form runs with all other tests; WEFT_ATTACK=full takes the real numbers.
import { describe, it } from "vitest";
import { IS_FULL, scaled } from "../attack/attack-case.ts";
import {
  ANONYMOUS_ROWS,
  assertAnonymous,
  assertRefused,
  assertServes,
  assertTellsNoSecret,
  bombConfigs,
  CYCLE_LENGTHS,
  chainConfig,
  crowdConfig,
  cycleConfig,
  SECRETS_IN_MISTAKES,
  WRONG_MAPPINGS,
} from "../attack/cases/configurations.ts";

const FULL_WITHIN_MS = 240_000;

describe.concurrent("configurations under attack", {
  timeout: IS_FULL ? FULL_WITHIN_MS : 30_000,
}, () => {
  it.for(ANONYMOUS_ROWS)("A36, CVE-2023-47090: anonymous clients with $name", async (row) => {
    await assertAnonymous(row);
  });
  it.for(CYCLE_LENGTHS)("A45, CVE-2020-28466: a circle of %i imports", async (length) => {
    await assertRefused(cycleConfig(length, "service"), /cycle/);
    await assertRefused(cycleConfig(length, "stream"), /cycle/);
  });
  it("A45: an account that imports its own export", async () => {
    await assertRefused(cycleConfig(1, "service"), /cycle/);
  });
  it("A45: a long chain of imports that is no circle", async () => {
    await assertServes(chainConfig(scaled(100, 1_000)), 2);
  });
  it("A45: many accounts with imports that overlap", async () => {
    await assertServes(crowdConfig(scaled(500, 10_000)), 4);
  });
  it.for(bombConfigs())("A56: a configuration that never ends (%#)", async ([config, why]) => {
    await assertRefused(config, why);
  });
  it.for(WRONG_MAPPINGS)("A52: %s", async ([config, why]) => {
    await assertRefused(config, why);
  });
  it.for(SECRETS_IN_MISTAKES)("A71: a mistake beside a secret (%#)", async (config) => {
    await assertTellsNoSecret(config);
  });
});
