// Every attack that is run over sockets, in the order in which it is run.
import type { AttackCase } from "./attack-case.ts";
import { BEFORE_LOGIN } from "./cases/before-login.ts";
import { FLOODS } from "./cases/floods.ts";
import { INJECTION } from "./cases/injection.ts";
import { RANDOM_RIGHTS } from "./cases/random-rights-cases.ts";
import { RIGHTS } from "./cases/rights.ts";
import { SECRETS } from "./cases/secrets-in-logs.ts";
import { SYSTEM_ACCOUNT } from "./cases/system-account.ts";

export const ATTACKS: readonly AttackCase[] = [
  ...BEFORE_LOGIN,
  ...RIGHTS,
  ...RANDOM_RIGHTS,
  ...INJECTION,
  ...FLOODS,
  ...SECRETS,
  ...SYSTEM_ACCOUNT,
];
