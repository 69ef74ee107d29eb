// Every attack that is run over sockets, in the order in which it is run. README.md says which attack
// is shown where.
import type { AttackCase } from "./attack-case.ts";
import { BEFORE_LOGIN } from "./cases/before-login.ts";
import { CALLOUTS } from "./cases/callouts.ts";
import { FLOODS } from "./cases/floods.ts";
import { INJECTION } from "./cases/injection.ts";
import { LOG_FLOODS } from "./cases/log-floods.ts";
import { LOGINS } from "./cases/logins.ts";
import { MONITORING } from "./cases/monitoring.ts";
import { ODD_FILES } from "./cases/odd-files.ts";
import { RANDOM_RIGHTS } from "./cases/random-rights-cases.ts";
import { REFUSED_REQUESTS } from "./cases/refused-requests.ts";
import { RELOADS } from "./cases/reloads.ts";
import { RIGHTS } from "./cases/rights.ts";
import { SECRETS } from "./cases/secrets-in-logs.ts";
import { SYSTEM_ACCOUNT } from "./cases/system-account.ts";
import { TLS_STRANGERS } from "./cases/tls-strangers.ts";
import { TOKEN_ACCOUNTS } from "./cases/token-accounts.ts";
import { TOKEN_LOGINS } from "./cases/token-logins.ts";
import { TOKENS } from "./cases/tokens.ts";
import { TRACES } from "./cases/traces.ts";
import { secureTwins } from "./twins.ts";

export const ATTACKS: readonly AttackCase[] = [
  ...BEFORE_LOGIN,
  ...secureTwins(RIGHTS),
  ...RANDOM_RIGHTS,
  ...INJECTION,
  ...FLOODS,
  ...SECRETS,
  ...SYSTEM_ACCOUNT,
  ...MONITORING,
  ...LOGINS,
  ...CALLOUTS,
  ...TOKENS,
  ...TOKEN_LOGINS,
  ...TOKEN_ACCOUNTS,
  ...TLS_STRANGERS,
  ...RELOADS,
  ...ODD_FILES,
  ...LOG_FLOODS,
  ...REFUSED_REQUESTS,
  ...secureTwins(TRACES),
];
