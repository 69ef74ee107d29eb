// Rules between options (CK-33), in the reference's order. Control thread.
import { isPublicKey } from "@weft/auth";
import type { ConfigProblem, SourcePosition } from "@weft/base";
import { formatDuration } from "./duration.ts";
import { DEFAULT_SYSTEM_ACCOUNT, isOperatorMode, type ServerOptions } from "./options.ts";
import { proxiesMistake } from "./proxies.ts";
import { operatorMistake } from "./validate-operator.ts";
import { SERVER_NAME_RULE } from "./value-bounds.ts";

/** Where an option was written, by its name in the schema. */
export type PlaceOf = (name: string) => SourcePosition | undefined;

/** What is wrong with the options as a whole; empty = nothing. */
export function validateOptions(
  options: ServerOptions,
  placeOf: PlaceOf = () => undefined,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { limits, lameDuckDurationMs, lameDuckGraceMs } = options;
  if (lameDuckGraceMs >= lameDuckDurationMs) {
    problems.push({
      message:
        `lame duck grace period (${formatDuration(lameDuckGraceMs)}) should be strictly lower ` +
        `than lame duck duration (${formatDuration(lameDuckDurationMs)})`,
      at: placeOf("lame_duck_grace_period") ?? placeOf("lame_duck_duration"),
    });
  }
  if (limits.maxPayload > limits.maxPending) {
    problems.push({
      message:
        `max_payload (${limits.maxPayload}) cannot be higher than ` +
        `max_pending (${limits.maxPending})`,
      at: placeOf("max_payload") ?? placeOf("max_pending"),
    });
  }
  if (options.serverName?.includes(" ")) {
    problems.push({
      message: SERVER_NAME_RULE,
      at: placeOf("server_name"),
    });
  }
  const noAuthUser = noAuthUserMistake(options);
  if (noAuthUser !== undefined) problems.push({ message: noAuthUser, at: placeOf("no_auth_user") });
  const proxies = proxiesMistake(options);
  if (proxies !== undefined) problems.push({ message: proxies, at: placeOf("proxies") });
  if (options.mixedAuthentication !== (options.auth.mixed !== undefined)) {
    const message = "mixed_authentication without the mechanisms of the accounts";
    problems.push({ message, at: placeOf("mixed_authentication") });
  }
  const operator = operatorMistake(options);
  if (operator !== undefined) {
    problems.push({ message: operator.message, at: placeOf(operator.name) ?? placeOf("operator") });
  }
  const { systemAccount } = options;
  if (
    systemAccount !== undefined &&
    systemAccount !== DEFAULT_SYSTEM_ACCOUNT &&
    !mayBeResolved(options, systemAccount) &&
    !options.accounts.some(({ name }) => name === systemAccount)
  ) {
    problems.push({
      message: "error resolving system account: account missing",
      at: placeOf("system_account"),
    });
  }
  return problems;
}

/** Among accounts of the configuration an account by token is told by its key. */
function mayBeResolved(options: ServerOptions, name: string): boolean {
  if (!isOperatorMode(options)) return false;
  return !options.mixedAuthentication || isPublicKey(name, "account");
}

/** AN-11. */
function noAuthUserMistake({ auth }: ServerOptions): string | undefined {
  const name = auth.noAuthUser;
  if (name === undefined) return undefined;
  if (auth.users.length === 0) {
    return `no_auth_user: "${name}" present, but users/nkeys are not defined`;
  }
  if (auth.users.some((user) => user.user === name || user.nkey === name)) return undefined;
  return (
    `no_auth_user: "${name}" not present as user or nkey in authorization block or account ` +
    "configuration"
  );
}
