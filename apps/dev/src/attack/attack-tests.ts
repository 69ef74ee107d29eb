// The attacks against a server of so many workers, as tests: each with a bystander watching. The
// short form runs with all other tests; WEFT_ATTACK=full takes the real numbers.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IS_FULL } from "./attack-case.ts";
import { AttackRunner } from "./attack-runner.ts";
import { ATTACKS } from "./catalogue.ts";
import { PROFILES, type ProfileName } from "./profiles.ts";

const SHORT_WITHIN_MS = 60_000;
const FULL_WITHIN_MS = 240_000;
const START_WITHIN_MS = 60_000;

/** One server for each profile. */
export function describeAttacks(workers: number): void {
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
