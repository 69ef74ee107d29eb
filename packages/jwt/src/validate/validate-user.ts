// The checks of user and activation claims, and of what they share with accounts. Any thread; pure.
import { isPublicKey } from "@weft/auth";
import { tokenCount } from "@weft/subjects";
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
import { checkSize, checkSubject } from "./subject-text.ts";

/** What a login by these rights may cost, some 10 ms and 5 MB; the reference has no such bounds. */
const TIMES_MAX = 256;
const NETWORKS_MAX = 4_096;
const ENTRIES_MAX = 4_096;
const ENTRY_CHARACTERS_MAX = 256 * 1024;
const ENTRY_TOKENS_MAX = 16_384;

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

/** Of a template, whose entries are no subjects before its variables are put in. */
export function checkTemplateSizes(
  { publish, subscribe }: Permissions,
  where: string,
  findings: Findings,
): void {
  for (const list of [publish.allow, publish.deny, subscribe.allow, subscribe.deny]) {
    for (const entry of list ?? []) checkSize(entry, findings, where);
  }
}

/** Bounds of what every login has to look through; `where` is put in front of what is wrong. */
export function checkAmounts(
  { publish, subscribe, times, sourceNetworks }: Permissions & Partial<UserPermissionLimits>,
  where: string,
  findings: Findings,
): void {
  const lists = [publish.allow, publish.deny, subscribe.allow, subscribe.deny];
  const entries = lists.flatMap((list) => list ?? []);
  const characters = entries.reduce((sum, entry) => sum + entry.length, 0);
  const tokens = entries.reduce((sum, entry) => sum + tokenCount(entry), 0);
  const bound = (count: number, countMax: number, what: string): void => {
    if (count > countMax) findings.error(`${where}${count} ${what}, at most ${countMax} are taken`);
  };
  bound(entries.length, ENTRIES_MAX, "permission entries");
  bound(characters, ENTRY_CHARACTERS_MAX, "characters of permission entries");
  bound(tokens, ENTRY_TOKENS_MAX, "tokens of permission entries");
  bound(times?.length ?? 0, TIMES_MAX, "times of day");
  bound(sourceNetworks?.length ?? 0, NETWORKS_MAX, "source networks");
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
  checkAmounts(claims.nats, "", findings);
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
