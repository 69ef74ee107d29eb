// The same attacks over TLS. The short form runs those with two workers only, since what is different
// there is the transport; what is short of its own accord already is left to the full form.
import type { AttackCase } from "./attack-case.ts";
import type { ProfileName } from "./profiles.ts";

const SECURE_TWIN: Partial<Record<ProfileName, ProfileName>> = {
  tokens: "securedTokens",
  guarded: "secured",
};

/** Each case, and behind them the same ones on the profile's twin with TLS. */
export function secureTwins(cases: readonly AttackCase[]): AttackCase[] {
  const twins = cases.flatMap((attack): AttackCase[] => {
    const profile = SECURE_TWIN[attack.profile];
    if (profile === undefined) return [];
    const shortWorkers = attack.shortWorkers === undefined ? [2] : [];
    return [{ ...attack, name: `${attack.name}, over TLS`, profile, shortWorkers }];
  });
  return [...cases, ...twins];
}
