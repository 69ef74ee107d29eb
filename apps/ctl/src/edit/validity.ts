// Options for what all claims have: begin, end, tags.
import type { Claims } from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import type { OptionSpec } from "../command-line/command.ts";
import { pointOfTime } from "../command-line/values.ts";
import { editedSorted, lowered } from "./lists.ts";

const WHEN = "0 = none; yyyy-mm-dd, or from now: 30m, 12h, 7d, 2w, 6M, 1y";

export const TIME_OPTIONS: readonly OptionSpec[] = [
  { name: "start", value: "WHEN", help: `valid from; ${WHEN}` },
  { name: "expiry", value: "WHEN", help: `valid until; ${WHEN}` },
];
export const TAG_OPTION: OptionSpec = {
  name: "tag",
  value: "TAG",
  isList: true,
  help: "add a tag",
};
export const TAG_OPTIONS: readonly OptionSpec[] = [
  TAG_OPTION,
  { name: "rm-tag", value: "TAG", isList: true, help: "remove a tag" },
];

export function editTimes<C extends Claims>(claims: C, words: Arguments, nowMs: number): C {
  const start = words.text("start");
  const expiry = words.text("expiry");
  return {
    ...claims,
    notBeforeSeconds:
      start === undefined ? claims.notBeforeSeconds : pointOfTime(start, "start", nowMs),
    expiresAtSeconds:
      expiry === undefined ? claims.expiresAtSeconds : pointOfTime(expiry, "expiry", nowMs),
  };
}

/** `removals` = whether the command has `rm-tag`. */
export function editTags<C extends Claims>(claims: C, words: Arguments, removals: boolean): C {
  const removed = removals ? lowered(words.list("rm-tag")) : [];
  return { ...claims, tags: editedSorted(claims.tags, lowered(words.list("tag")), removed) ?? [] };
}
