// The checks of user and activation claims, and of what they share with accounts. Any thread; pure.
import { isPublicKey } from "@weft/auth";
import type {
  ActivationClaims,
  Permissions,
  StandardClaims,
  UserClaims,
  UserPermissionLimits,
} from "../claims/claims.ts";
import { parseNetwork } from "../trust/networks.ts";
import { isClockTime, timeZoneProblem } from "../trust/time-windows.ts";
import { type Findings, quote } from "./findings.ts";
import { checkSubject } from "./subject-text.ts";

/** Expiry and not-before. A token expires after the second that it names. */
export function checkTimes(claims: StandardClaims, nowSeconds: number, findings: Findings): void {
  if (claims.expiresAtSeconds > 0 && nowSeconds > claims.expiresAtSeconds) {
    findings.time("claim is expired");
  }
  if (claims.notBeforeSeconds > 0 && claims.notBeforeSeconds > nowSeconds) {
    findings.time("claim is not yet valid");
  }
}

function checkEntry(entry: string, queueAllowed: boolean, findings: Findings): void {
  const [subject = "", queue, ...more] = entry.split(" ");
  if (more.length > 0) {
    findings.error(`Permission Subject "${entry}" contains too many spaces`);
    return;
  }
  checkSubject(subject, findings);
  if (queue === undefined) return;
  checkSubject(queue, findings);
  if (!queueAllowed) {
    findings.error(`Permission Subject "${entry}" is not allowed to contain queue`);
  }
}

export function checkPermissions(permissions: Permissions, findings: Findings): void {
  const { publish, subscribe } = permissions;
  const check = (entries: readonly string[] | undefined, queueAllowed: boolean) => {
    for (const entry of entries ?? []) checkEntry(entry, queueAllowed, findings);
  };
  check(subscribe.allow, true);
  check(subscribe.deny, true);
  check(publish.allow, false);
  check(publish.deny, false);
}

function checkLimits(limits: UserPermissionLimits, findings: Findings): void {
  for (const network of limits.sourceNetworks ?? []) {
    if (parseNetwork(network) === undefined) {
      findings.error(`invalid cidr ${quote(network)} in user src limits`);
    }
  }
  for (const { start, end } of limits.times ?? []) {
    if (start === "") findings.error("time ranges start must contain a start");
    else if (!isClockTime(start)) findings.error(`start in time range is invalid ${quote(start)}`);
    if (end === "") findings.error("time ranges end must contain an end");
    else if (!isClockTime(end)) findings.error(`end in time range is invalid ${quote(end)}`);
  }
  const problem = timeZoneProblem(limits.timesLocation);
  if (problem !== undefined) {
    findings.error(`could not parse iana time zone by name: ${problem}`);
  }
}

function checkIssuerAccount(issuerAccount: string, findings: Findings): void {
  if (issuerAccount !== "" && !isPublicKey(issuerAccount, "account")) {
    findings.error("account_id is not an account public key");
  }
}

export function checkUser(claims: UserClaims, nowSeconds: number, findings: Findings): void {
  checkTimes(claims, nowSeconds, findings);
  checkPermissions(claims.nats, findings);
  checkLimits(claims.nats, findings);
  checkIssuerAccount(claims.nats.issuerAccount, findings);
}

/** `nowSeconds` undefined = whatever the time. */
export function checkActivation(
  claims: ActivationClaims,
  nowSeconds: number | undefined,
  findings: Findings,
): void {
  if (nowSeconds !== undefined) checkTimes(claims, nowSeconds, findings);
  if (claims.nats.importType === "") findings.error('invalid import type: "unknown"');
  checkSubject(claims.nats.importSubject, findings);
  checkIssuerAccount(claims.nats.issuerAccount, findings);
}
