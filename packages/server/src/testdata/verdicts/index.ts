// Every verdict, in the order of the feature map. Data for tests.
import { ACCOUNTS_VERDICTS } from "./accounts.ts";
import { IDENTITY_VERDICTS } from "./identity.ts";
import { LANGUAGE_VERDICTS } from "./language.ts";
import { MISSING_VERDICTS } from "./missing.ts";
import { MONITORING_VERDICTS } from "./monitoring.ts";
import { OPERATOR_VERDICTS } from "./operator.ts";
import { TOP_VERDICTS } from "./options.ts";
import { PROXIES_VERDICTS } from "./proxies.ts";
import { TLS_VERDICTS } from "./tls.ts";
import type { Verdict } from "./verdict.ts";

export const VERDICTS: readonly Verdict[] = [
  ...LANGUAGE_VERDICTS,
  ...TOP_VERDICTS,
  ...MONITORING_VERDICTS,
  ...IDENTITY_VERDICTS,
  ...ACCOUNTS_VERDICTS,
  ...OPERATOR_VERDICTS,
  ...PROXIES_VERDICTS,
  ...TLS_VERDICTS,
  ...MISSING_VERDICTS,
];
