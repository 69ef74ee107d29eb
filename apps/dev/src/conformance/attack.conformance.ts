// Attacks against the built server, each with a bystander watching, with 1, 2 and 4 workers. The
// short form runs with all other tests; WEFT_ATTACK=full takes the real numbers.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IS_FULL, scaled } from "../attack/attack-case.ts";
import { AttackRunner } from "../attack/attack-runner.ts";
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
import { ATTACKS } from "../attack/catalogue.ts";
import { PROFILES, type ProfileName } from "../attack/profiles.ts";

const SHORT_WITHIN_MS = 60_000;
const FULL_WITHIN_MS = 240_000;
const START_WITHIN_MS = 60_000;

for (const workers of [1, 2, 4]) {
  for (const profile of Object.keys(PROFILES) as ProfileName[]) {
    const attacks = ATTACKS.filter(
      (attack) =>
        attack.profile === profile && (IS_FULL || (attack.shortWorkers?.includes(workers) ?? true)),
    );
    if (attacks.length === 0) continue;
    describe(`attacks on a server of ${workers} workers, ${profile}`, () => {
      let runner: AttackRunner | undefined;
      beforeAll(async () => {
        runner = await AttackRunner.start(profile, workers);
      }, START_WITHIN_MS);
      afterAll(async () => {
        for (const row of runner?.figures ?? []) {
          if (IS_FULL) console.log(JSON.stringify(row));
        }
        await runner?.stop();
      }, START_WITHIN_MS);
      for (const attack of attacks) {
        const withinMs = IS_FULL ? (attack.fullWithinMs ?? FULL_WITHIN_MS) : SHORT_WITHIN_MS;
        it(attack.name, { timeout: withinMs }, async () => {
          expect(runner, "the server did not start").toBeDefined();
          await runner?.run(attack);
        });
      }
    });
  }
}

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
