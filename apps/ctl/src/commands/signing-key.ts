// edit signing-key: scoped signing keys, that is roles, of an account.
import { isPublicKey } from "@weft/auth";
import { type AccountClaims, newUserScope, type UserScope } from "@weft/jwt";
import { ACCOUNT_OPTION, type Command } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { editAccount } from "../edit/edit-account.ts";
import { editUserLimits, USER_LIMIT_OPTIONS } from "../edit/user-limits.ts";
import { keyOfRole, resolveKey } from "../store/signers.ts";
import { Workplace } from "../store/workplace.ts";

const editSigningKey: Command = {
  words: ["edit", "signing-key"],
  summary: "Tie rights to a signing key of an account: its users have these and no others",
  operand: "sk",
  options: [
    ACCOUNT_OPTION,
    {
      name: "sk",
      value: "KEY",
      help: 'the signing key: public key, role, file with a seed, or "generate"',
    },
    { name: "role", value: "NAME", help: "name of the role" },
    { name: "description", value: "TEXT", help: "what the role is for" },
    ...USER_LIMIT_OPTIONS,
  ],
  examples: [
    "edit signing-key -a ORDERS --sk generate --role clerk --allow-pub 'orders.{{name()}}.>'",
    "edit signing-key -a ORDERS --sk clerk --allow-sub 'news.{{tag(team)}}' --allow-pub-response",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    let edited: UserScope | undefined;
    const { name } = editAccount(place, (claims) => {
      edited = scopeWanted(place, claims);
      const signingKeys = new Map(claims.nats.signingKeys).set(edited.key, edited);
      return { ...claims, nats: { ...claims.nats, signingKeys } };
    });
    host.print(`edited signing key ${edited?.key} of account "${name}"`);
    return EXIT.done;
  },
};

function scopeWanted(place: Workplace, claims: AccountClaims): UserScope {
  const { words } = place;
  const key = keyWanted(place, claims);
  const role = words.text("role");
  const other = role === undefined || role === "" ? undefined : keyOfRole(claims, role);
  if (other !== undefined && other !== key) {
    throw new Failure(`role "${role}" is that of another signing key: ${other}`);
  }
  const before = claims.nats.signingKeys.get(key) ?? newUserScope(key);
  return {
    ...before,
    role: role ?? before.role,
    description: words.text("description") ?? before.description,
    template: editUserLimits(before.template, words),
  };
}

function keyWanted(place: Workplace, claims: AccountClaims): string {
  const { words } = place;
  const text = words.text("sk");
  if (text === undefined || text === "") {
    const role = words.text("role") ?? "";
    const known = role === "" ? undefined : keyOfRole(claims, role);
    if (known === undefined) throw usageFailure('--sk is required: a key, a role or "generate"');
    return known;
  }
  const ofRole = keyOfRole(claims, text);
  if (ofRole !== undefined) return ofRole;
  // A key that is named must be meant: a slip would make a stranger's key one of the account.
  if (isPublicKey(text, "account") && !claims.nats.signingKeys.has(text)) {
    place.host.warn(`warning: ${text} was no signing key of the account; it is one now`);
  }
  return resolveKey(place, "account", "sk", text);
}

export const SIGNING_KEY_COMMANDS: readonly Command[] = [editSigningKey];
