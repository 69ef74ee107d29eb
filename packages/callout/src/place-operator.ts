// The user of an answer in operator mode (AN-64, AN-65): which account it belongs to, whether the service
// may place anybody there, and what the account says of its users. Control thread; pure. Must stay true:
// what a scoped signing key gives comes from the account's template alone.
import { type CalloutUser, type PlacedFacts, withoutCalloutSubject } from "@weft/auth";
import {
  accountExpired,
  accountKeyOf,
  calloutMayPlaceInto,
  effectiveLimits,
  hasCallout,
  isRevoked,
  permissionsSpec,
  type TrustedAccount,
  templateKey,
} from "@weft/jwt";
import {
  type Asked,
  type Judged,
  type ReadResponse,
  type ResponseTools,
  refused,
  rightsOf,
} from "./response.ts";

/** The key of the account that the user belongs to, if the service of `account` may name it. */
export function operatorTarget(
  { response, wasSealed, user }: ReadResponse,
  account: TrustedAccount,
): Judged<string> {
  const { key, signers } = account;
  const { issuerAccount } = response.nats;
  // Only the service could have sealed it; otherwise a key of its account has to have signed.
  if (!wasSealed) {
    const isOwn = issuerAccount === "" || issuerAccount === key;
    const isSigner = response.issuer === key || signers.has(response.issuer);
    if (!isOwn || !isSigner) return refused("Auth callout signing key is unknown");
  }
  const target = accountKeyOf(user);
  if (target !== key && !calloutMayPlaceInto(account, target)) {
    return refused(
      `Account "${target}" not permitted as valid account option for auth callout ` +
        `for account "${key}"`,
    );
  }
  return { ok: true, value: target };
}

/** The user in its account. */
export function placeOperator(
  { user }: ReadResponse,
  target: TrustedAccount,
  asked: Asked,
  tools: ResponseTools,
  nowMs: number,
): Judged<CalloutUser> {
  if (accountExpired(target, nowMs)) return refused(`Account "${target.key}" has expired`);
  const limits = effectiveLimits(user, target);
  if ("refusal" in limits) return refused(`User JWT: ${limits.refusal.reason}`);
  const { revocations, defaultPermissions } = target.claims.nats;
  // What would end the connection later does not let it begin.
  if (isRevoked(revocations, user.subject, user.issuedAtSeconds)) {
    return refused("User JWT: user revoked");
  }
  const given = rightsOf(user, limits.rights, target.key, asked, tools, nowMs);
  if (!given.ok) return given;
  const own = given.value.permissions;
  const placed: PlacedFacts = {
    calloutAccount: asked.account,
    userKey: user.subject,
    issuerKey: user.issuer,
    templateKey: templateKey(target, user.issuer),
    issuedAtSeconds: user.issuedAtSeconds,
    hasDefaultPermissions: own === undefined,
  };
  const said = own ?? permissionsSpec(defaultPermissions);
  // AN-69: whichever service places him.
  const permissions = hasCallout(target) ? withoutCalloutSubject(said) : said;
  return { ok: true, value: { ...given.value, permissions, placed } };
}
