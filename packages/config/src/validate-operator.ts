// What the options of operator mode mean together (AN-40 to AN-42, AN-54, AN-55, AC-80), in the
// reference's words and order. Control thread.
import { isPublicKey, SignatureVerifier } from "@weft/auth";
import { NATS_LEVEL } from "@weft/base";
import {
  decodeTokenOf,
  type OperatorClaims,
  operatorSystemAccount,
  parseServerVersion,
  type ServerVersion,
  type TrustedOperators,
  trustKeys,
  trustOperators,
  trustProblems,
  type UserClaims,
  versionProblem,
} from "@weft/jwt";
import { DEFAULT_SYSTEM_ACCOUNT, type OperatorOptions, type ServerOptions } from "./options.ts";

/** The operators of these options. Their tokens were decoded when they were read. */
export function operatorClaimsOf({ operators }: OperatorOptions): OperatorClaims[] {
  const verifier = new SignatureVerifier();
  return operators.flatMap((token) => {
    const decoded = decodeTokenOf("operator", token, verifier);
    return decoded.ok ? [decoded.claims] : [];
  });
}

/** Whom these options trust to sign accounts. */
export function trustOf(options: OperatorOptions): TrustedOperators {
  const claims = operatorClaimsOf(options);
  return claims.length > 0 ? trustOperators(claims) : trustKeys(options.trustedKeys);
}

/** The first mistake, with the option that it is about; undefined = there is none. */
export function operatorMistake(
  options: ServerOptions,
): { readonly name: string; readonly message: string } | undefined {
  const { operator } = options;
  if (operator === undefined) return undefined;
  const claims = operatorClaimsOf(operator);
  const mistake = (name: string, message: string) => ({ name, message });
  for (const key of operator.trustedKeys) {
    if (isPublicKey(key, "operator")) continue;
    const shown = JSON.stringify(key);
    return mistake(
      "trusted_keys",
      `trust key ${shown} required to be a valid public operator nkey`,
    );
  }
  if (claims.length === 0) {
    if (operator.defaultSentinel === undefined) return preloadMistake(operator);
    return mistake("default_sentinel", "default sentinel requires operators and accounts");
  }
  const sentinel = sentinelMistake(operator.defaultSentinel);
  if (sentinel !== undefined) return mistake("default_sentinel", sentinel);
  const other = staticMistake(options, operator) ?? systemMistake(options, operator, claims);
  if (other !== undefined) return mistake("operator", other);
  for (const claim of claims) {
    const problem = versionProblem(claim, ownVersion());
    if (problem !== undefined) return mistake("operator", problem);
  }
  const [untrusted] = trustProblems(trustOperators(claims));
  if (untrusted !== undefined) return mistake("operator", untrusted);
  for (const key of operator.pinnedAccounts ?? []) {
    if (isPublicKey(key, "account")) continue;
    const shown = JSON.stringify(key);
    const message = `pinned account key ${shown} is not a valid public account nkey`;
    return mistake("resolver_pinned_accounts", message);
  }
  return preloadMistake(operator);
}

function preloadMistake({ resolver, preloads }: OperatorOptions) {
  const isReadOnly = resolver?.type === "url" || resolver?.type === "file";
  if (!isReadOnly || Object.keys(preloads).length === 0) return undefined;
  const message = "resolver preloads only available for writeable resolver types MEM/DIR/CACHE_DIR";
  return { name: "resolver_preload", message };
}

/** AN-54. A scoped user is judged when somebody comes. */
function sentinelMistake(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const decoded = decodeTokenOf("user", token, new SignatureVerifier());
  if (!decoded.ok) return "default sentinel JWT not valid";
  const { nats } = decoded.claims;
  if (nats.bearerToken || (nats.issuerAccount !== "" && hasNoPermissions(decoded.claims))) {
    return undefined;
  }
  return "default sentinel must be a bearer token";
}

function hasNoPermissions({ nats }: UserClaims): boolean {
  const { publish, subscribe, responses } = nats;
  const lists = [publish.allow, publish.deny, subscribe.allow, subscribe.deny];
  return responses === undefined && lists.every((list) => list === undefined || list.length === 0);
}

const TWO_TRUSTS = "conflicting options for 'TrustedKeys' and 'TrustedOperators'";

/** AN-42. */
function staticMistake(
  { accounts, auth, mixedAuthentication }: ServerOptions,
  { resolver, trustedKeys }: OperatorOptions,
): string | undefined {
  if (resolver === undefined) return "operators require an account resolver to be configured";
  if (mixedAuthentication) return trustedKeys.length > 0 ? TWO_TRUSTS : undefined;
  if (accounts.length > 0) return "operators do not allow Accounts to be configured directly";
  if (auth.users.length > 0) return "operators do not allow users to be configured directly";
  if (trustedKeys.length > 0) return TWO_TRUSTS;
  if (auth.callout === undefined) return undefined;
  return "operators do not allow authorization callouts to be configured directly";
}

/** AN-41. */
function systemMistake(
  { systemAccount }: ServerOptions,
  { resolver }: OperatorOptions,
  claims: readonly OperatorClaims[],
): string | undefined {
  const configured = systemAccount === DEFAULT_SYSTEM_ACCOUNT ? "" : (systemAccount ?? "");
  const found = operatorSystemAccount(claims, configured);
  if (!found.ok) return found.error;
  const isDirectory = resolver?.type === "full" || resolver?.type === "cache";
  if (found.key !== "" || !isDirectory) return undefined;
  return (
    "using nats based account resolver - the system account needs to be specified in " +
    "configuration or the operator jwt"
  );
}

/** What operators may demand a version of. */
function ownVersion(): ServerVersion {
  const parsed = parseServerVersion(NATS_LEVEL);
  return parsed.ok ? parsed.version : { major: 0, minor: 0, update: 0 };
}
