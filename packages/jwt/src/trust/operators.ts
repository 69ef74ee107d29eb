// Whom a server trusts to sign accounts (AN-40, AN-41, AN-45). Any thread; pure.
import { isPublicKey } from "@weft/auth";
import type { OperatorClaims } from "../claims/claims.ts";
import { parseServerVersion, type ServerVersion } from "../validate/version.ts";

/** The keys that may sign accounts. Plain values: a snapshot for workers. */
export interface TrustedOperators {
  readonly keys: ReadonlySet<string>;
  /**
   * Signing keys of operators that demand signing keys: the accounts that they sign must not use
   * their own identity key for users either.
   */
  readonly strictKeys: ReadonlySet<string>;
}

/** Trust in operators; the identity key counts unless the operator demands signing keys. */
export function trustOperators(operators: readonly OperatorClaims[]): TrustedOperators {
  const keys = new Set<string>();
  const strictKeys = new Set<string>();
  for (const { subject, nats } of operators) {
    if (!nats.strictSigningKeyUsage) keys.add(subject);
    for (const key of nats.signingKeys) {
      keys.add(key);
      if (nats.strictSigningKeyUsage) strictKeys.add(key);
    }
  }
  return { keys, strictKeys };
}

/** Trust in bare keys (`trusted_keys`). */
export function trustKeys(keys: readonly string[]): TrustedOperators {
  return { keys: new Set(keys), strictKeys: new Set() };
}

/** Keys that are none, in the reference's words, and that there are none at all. */
export function trustProblems(operators: TrustedOperators): string[] {
  const problems: string[] = [];
  // The reference starts without any authentication then: an operator that demands signing keys and
  // has none.
  if (operators.keys.size === 0) problems.push("no key is trusted: operators have no signing keys");
  for (const key of operators.keys) {
    if (!isPublicKey(key, "operator")) {
      problems.push(
        `trusted Keys ${JSON.stringify(key)} are required to be a valid public operator nkey`,
      );
    }
  }
  return problems;
}

/** Why a server of this version must not run under the operator; undefined = it may. */
export function versionProblem(
  operator: OperatorClaims,
  server: ServerVersion,
): string | undefined {
  const asserted = parseServerVersion(operator.nats.assertServerVersion);
  const who = `operator ${operator.subject} expect`;
  if (!asserted.ok) {
    return `${who}s version ${operator.nats.assertServerVersion} got error instead: ${asserted.error}`;
  }
  for (const part of ["major", "minor", "update"] as const) {
    const wanted = asserted.version[part];
    const own = server[part];
    if (wanted > own) return `${who}ed ${part} version ${wanted} > server ${part} version ${own}`;
    if (own > wanted) return undefined;
  }
  return undefined;
}

/**
 * The system account that operators name: `configured` must be one of theirs if they name any, and
 * the first operator's counts if nothing is configured. "" = none.
 */
export function operatorSystemAccount(
  operators: readonly OperatorClaims[],
  configured: string,
): { readonly ok: true; readonly key: string } | { readonly ok: false; readonly error: string } {
  const named = operators.map((operator) => operator.nats.systemAccount);
  if (configured === "") return { ok: true, key: named[0] ?? "" };
  if (named.every((key) => key === "") || named.includes(configured)) {
    return { ok: true, key: configured };
  }
  const error = "system_account in config and operator JWT must be identical";
  return { ok: false, error };
}
