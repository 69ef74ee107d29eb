// What can be wrong with static users, in the reference's words (AN-10, AN-11, AZ-03). Used by the
// control thread when a configuration is read; pure.
import type { ConfigProblem } from "@weft/base";
import { isPublicKey } from "./nkeys/key.ts";
import { validatePermissions } from "./permissions.ts";
import type { AuthSpec, UserSpec } from "./spec.ts";

function userProblems(user: UserSpec, seen: Set<string>): string[] {
  const problems: string[] = [];
  const isNkey = user.nkey !== undefined;
  const name = user.nkey ?? user.user;
  const kind = isNkey ? "nkey" : "user";
  if (user.nkey !== undefined && !isPublicKey(user.nkey, "user")) {
    problems.push("Not a valid public nkey for a user");
  }
  if (seen.has(name)) problems.push(`Duplicate ${kind} ${JSON.stringify(name)} detected`);
  seen.add(name);
  for (const problem of validatePermissions(user.permissions)) {
    problems.push(`invalid permissions for ${kind} ${JSON.stringify(name)}: ${problem}`);
  }
  return problems;
}

function noAuthUserProblem(spec: AuthSpec): string | undefined {
  const name = spec.noAuthUser;
  if (!name) return undefined;
  if (spec.users.length === 0) {
    return `no_auth_user: "${name}" present, but users/nkeys are not defined`;
  }
  if (spec.users.some((user) => (user.nkey ?? user.user) === name)) return undefined;
  return (
    `no_auth_user: "${name}" not present as user or nkey in authorization block ` +
    "or account configuration"
  );
}

/** All problems of the users; empty = the specification can be used. */
export function validateAuth(spec: AuthSpec): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const seen = new Set<string>();
  for (const user of spec.users) {
    for (const message of userProblems(user, seen)) problems.push({ message, at: user.at });
  }
  for (const problem of validatePermissions(spec.defaultPermissions)) {
    problems.push({ message: `invalid default permissions: ${problem}` });
  }
  const noAuthUser = noAuthUserProblem(spec);
  if (noAuthUser !== undefined) problems.push({ message: noAuthUser });
  return problems;
}
