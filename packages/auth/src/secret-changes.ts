// Which secrets of a configuration were written anew, and how to find out whether they mean the
// same: a password that became its own bcrypt hash, or the other way round, cuts nobody off. Control
// thread; pure.
import { isBcrypt, normaliseBcrypt } from "./password.ts";
import type { AuthSpec } from "./spec.ts";

/** Names under which secrets are compared. */
export const secretName = {
  token: "token",
  user: (user: string): string => `user ${user}`,
} as const;

/** The same secret if `given` fits the bcrypt hash `stored`. */
export interface SecretChange {
  readonly name: string;
  readonly stored: string;
  readonly given: string;
}

/**
 * The changes that have to be compared. A secret that is not among them is the same as text, or
 * another one: two different hashes cannot be told to be of one password, so they are taken for two.
 */
export function secretChanges(before: AuthSpec, after: AuthSpec): SecretChange[] {
  const known = secretsOf(before);
  const changes: SecretChange[] = [];
  for (const [name, secret] of secretsOf(after)) {
    const former = known.get(name);
    if (former === undefined || former === secret || isBcrypt(former) === isBcrypt(secret))
      continue;
    const [stored, given] = isBcrypt(former) ? [former, secret] : [secret, former];
    changes.push({ name, stored: normaliseBcrypt(stored), given });
  }
  return changes;
}

function secretsOf(spec: AuthSpec): Map<string, string> {
  const secrets = new Map<string, string>();
  if (spec.token) secrets.set(secretName.token, spec.token);
  if (spec.user) secrets.set(secretName.user(spec.user), spec.password ?? "");
  for (const { user, nkey, password } of spec.users) {
    if (nkey === undefined && password !== undefined) secrets.set(secretName.user(user), password);
  }
  return secrets;
}
