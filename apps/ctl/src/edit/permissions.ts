// Options that set permissions: of users, of the templates of signing keys, default ones of accounts.
import type { Permissions } from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import type { OptionSpec } from "../command-line/command.ts";
import { usageFailure } from "../command-line/failure.ts";
import { boundedNumber, durationMs } from "../command-line/values.ts";
import { editedSorted } from "./lists.ts";

function subjects(name: string, help: string): OptionSpec {
  return { name, value: "SUBJECT", isList: true, help };
}

export const PERMISSION_OPTIONS: readonly OptionSpec[] = [
  subjects("allow-pub", "may publish there"),
  subjects("allow-sub", 'may subscribe there; "SUBJECT QUEUE" for a queue group'),
  subjects("allow-pubsub", "may do both there"),
  subjects("deny-pub", "may not publish there"),
  subjects("deny-sub", "may not subscribe there"),
  subjects("deny-pubsub", "may do neither there"),
  {
    name: "allow-pub-response",
    value: "COUNT",
    implied: "1",
    help: "may answer requests, so many times each",
  },
  { name: "response-ttl", value: "TIME", help: "how long a request may be answered: 5s, 1m" },
];

export const PERMISSION_REMOVALS: readonly OptionSpec[] = [
  subjects("rm", "remove from all lists of permissions"),
  { name: "rm-response-perms", help: "remove the permission to answer" },
];

/** Replies are counted in 32 bits. */
const RESPONSES_MAX = 2 ** 31 - 1;
const NANOS_PER_MS = 1e6;

function checkSubjects(words: Arguments): void {
  for (const name of ["allow-pub", "deny-pub", "allow-pubsub", "deny-pubsub"]) {
    const wrong = words.list(name).find((subject) => /\s/.test(subject));
    if (wrong !== undefined) throw usageFailure(`--${name}: "${wrong}" has a blank`);
  }
  for (const name of ["allow-sub", "deny-sub"]) {
    const wrong = words.list(name).find((subject) => subject.split(" ").length > 2);
    if (wrong !== undefined) throw usageFailure(`--${name}: "${wrong}" has more than one blank`);
  }
}

/** `removals` = whether the command has {@link PERMISSION_REMOVALS}. */
export function editPermissions(
  before: Permissions,
  words: Arguments,
  removals: boolean,
): Permissions {
  checkSubjects(words);
  const removed = removals ? words.list("rm") : [];
  const both = words.list("allow-pubsub");
  const neither = words.list("deny-pubsub");
  const edit = (list: readonly string[] | undefined, name: string, more: readonly string[]) =>
    editedSorted(list, [...words.list(name), ...more], removed);
  return {
    publish: {
      allow: edit(before.publish.allow, "allow-pub", both),
      deny: edit(before.publish.deny, "deny-pub", neither),
    },
    subscribe: {
      allow: edit(before.subscribe.allow, "allow-sub", both),
      deny: edit(before.subscribe.deny, "deny-sub", neither),
    },
    responses: editResponses(before, words, removals),
  };
}

function editResponses(
  before: Permissions,
  words: Arguments,
  removals: boolean,
): Permissions["responses"] {
  if (removals && words.flag("rm-response-perms")) return undefined;
  const count = boundedNumber(words, "allow-pub-response", -1, RESPONSES_MAX);
  const ttlMs = durationMs(words, "response-ttl");
  if (count === undefined && ttlMs === undefined) return before.responses;
  return {
    messagesMax: count ?? before.responses?.messagesMax ?? 0,
    expiresNanos:
      ttlMs === undefined
        ? (before.responses?.expiresNanos ?? 0)
        : Math.round(ttlMs * NANOS_PER_MS),
  };
}
