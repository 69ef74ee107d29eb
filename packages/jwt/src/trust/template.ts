// Permissions of a scoped signing key, with what the user and its account put into them (AN-53). Any
// thread; pure. What must stay true: an allow entry that cannot be resolved is left out, a deny entry
// that cannot be resolved refuses the user, and the number of entries is bounded.
//
//   entry     = ( text | "{{" operation "}}" )*        operations in any case
//   operation = "name()" | "subject()" | "account-name()" | "account-subject()"
//             | "tag(" name ")" | "account-tag(" name ")"
import { isValidSubject, tokenCount } from "@weft/subjects";
import type { Permission, UserPermissionLimits } from "../claims/claims.ts";

/** Entries that one list may become (as in the reference). */
const EXPANSIONS_MAX = 4_096;
/** Different variables in one entry; characters of all entries and tags looked at: far more than needed. */
const VARIABLES_MAX = 32;
const CHARACTERS_MAX = 1024 * 1024;
/** Tokens of all entries of a user that come from variables: each takes some 300 bytes of the server. */
const TOKENS_MAX = 16_384;
const OPERATION = /\{\{([^}]+)\}\}/g;
/** Stands for a tag that is not there: no valid subject has it. */
const NOTHING = " ";
const EVERYTHING = ">";

/** What variables stand for. Tags are texts such as `dept:a`. */
export interface TemplateValues {
  readonly userName: string;
  readonly userKey: string;
  readonly userTags: readonly string[];
  readonly accountName: string;
  /** The `issuer_account` of the user. */
  readonly accountKey: string;
  readonly accountTags: readonly string[];
}

export type TemplateResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

function failed(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

interface TagOperation {
  readonly prefix: string;
  readonly tags: readonly string[];
}

/** The name in `tag(name)`. The reference cuts off only the lower-case form: others find nothing. */
function tagOperation(operation: string, values: TemplateValues): TagOperation | undefined {
  if (!operation.endsWith(")")) return undefined;
  const lower = operation.toLowerCase();
  const kinds = [
    ["tag(", values.userTags],
    ["account-tag(", values.accountTags],
  ] as const;
  for (const [start, tags] of kinds) {
    if (!lower.startsWith(start)) continue;
    const name = operation.startsWith(start) ? operation.slice(start.length) : operation;
    return { prefix: `${name.slice(0, -1).toLowerCase()}:`, tags };
  }
  return undefined;
}

/** What an operation stands for; a tag may have several values, or none. */
function valuesOf(
  operation: string,
  values: TemplateValues,
): { readonly values: readonly string[]; readonly isTag: boolean } | undefined {
  const single = (value: string) => ({ values: [value], isTag: false });
  switch (operation.toLowerCase()) {
    case "name()":
      return single(values.userName);
    case "subject()":
      return single(values.userKey);
    case "account-name()":
      return single(values.accountName);
    case "account-subject()":
      return single(values.accountKey);
  }
  const tag = tagOperation(operation, values);
  if (tag === undefined) return undefined;
  const matching = tag.tags.filter((one) => one.startsWith(tag.prefix));
  return { values: matching.map((one) => one.slice(tag.prefix.length)), isTag: true };
}

/** One place in an entry and what may stand there. */
interface Slot {
  readonly source: string;
  readonly values: readonly string[];
}

/** What all lists of a user share. */
interface Allowance {
  tokensLeft: number;
}

class ListExpansion {
  readonly emitted: string[] = [];
  readonly #allowance: Allowance;
  readonly #values: TemplateValues;
  readonly #isDeny: boolean;
  readonly #tagsCount: number;
  #charactersLeft = CHARACTERS_MAX;

  constructor(values: TemplateValues, isDeny: boolean, allowance: Allowance) {
    this.#allowance = allowance;
    this.#values = values;
    this.#isDeny = isDeny;
    this.#tagsCount = values.userTags.length + values.accountTags.length;
  }

  /** Adds what an entry becomes; returns why the whole list is refused. */
  add(entry: string): string | undefined {
    const slots = new Map<string, Slot>();
    let hasTags = false;
    let count = 1;
    for (const match of entry.matchAll(OPERATION)) {
      const operation = (match[1] as string).trim();
      const found = valuesOf(operation, this.#values);
      if (found === undefined) return "template operation is not defined";
      hasTags ||= found.isTag;
      // Each variable looks through all tags, of which there may be very many.
      if (found.isTag) this.#charactersLeft -= this.#tagsCount;
      if (this.#charactersLeft < 0) return TOO_MUCH;
      const isMissing = found.values.length === 0;
      if (isMissing && this.#isDeny) return "template operation has no value";
      slots.set(match[0], { source: match[0], values: isMissing ? [NOTHING] : found.values });
      if (slots.size > VARIABLES_MAX) return TOO_MUCH;
      count *= Math.max(1, found.values.length);
      if (count > EXPANSIONS_MAX) return TOO_MUCH;
    }
    if (hasTags && this.emitted.length + count > EXPANSIONS_MAX) return TOO_MUCH;
    return this.#emit(entry, [...slots.values()]);
  }

  /** Emits all combinations; the first slot changes slowest, as in the reference. */
  #emit(entry: string, slots: readonly Slot[]): string | undefined {
    const [slot, ...rest] = slots;
    if (slot === undefined) {
      this.#allowance.tokensLeft -= tokenCount(entry);
      if (this.#allowance.tokensLeft < 0) return TOO_LONG;
      if (isValidSubject(entry)) this.emitted.push(entry);
      else if (this.#isDeny) return "generated invalid subject";
      return undefined;
    }
    // One after the other and everywhere: what a value brings in may be a later slot's text.
    const parts = entry.split(slot.source);
    for (const value of slot.values) {
      this.#charactersLeft -= entry.length + parts.length * value.length;
      if (this.#charactersLeft < 0) return TOO_MUCH;
      const problem = this.#emit(parts.join(value), rest);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

const TOO_MUCH = `template expansion exceeds limit: ${EXPANSIONS_MAX}`;
const TOO_LONG = `template expansion exceeds limit: ${TOKENS_MAX} tokens`;

type Entries = readonly string[] | undefined;

function expand(
  list: Entries,
  values: TemplateValues,
  isDeny: boolean,
  allowance: Allowance,
): TemplateResult<Entries> {
  // A list without any variable stays as it is, also where entries are no plain subjects.
  if (list === undefined || !list.some((entry) => entry.search(OPERATION) !== -1)) {
    return { ok: true, value: list };
  }
  const expansion = new ListExpansion(values, isDeny, allowance);
  for (const entry of list) {
    const problem = expansion.add(entry);
    if (problem !== undefined) return failed(problem);
  }
  return { ok: true, value: expansion.emitted };
}

/** A deny of everything in place of an allow list from which nothing is left. */
function denyIfEmptied(before: Entries, after: Entries, deny: Entries): Entries {
  const isEmptied = (before ?? []).length > 0 && (after ?? []).length === 0;
  if (!isEmptied || deny?.includes(EVERYTHING)) return deny;
  return [...(deny ?? []), EVERYTHING];
}

/** The permissions and limits that a template gives to a user. */
export function resolveTemplate(
  template: UserPermissionLimits,
  values: TemplateValues,
): TemplateResult<UserPermissionLimits> {
  const allowance: Allowance = { tokensLeft: TOKENS_MAX };
  const subscribe = resolveSide(template.subscribe, values, allowance);
  if (!subscribe.ok) return subscribe;
  const publish = resolveSide(template.publish, values, allowance);
  if (!publish.ok) return publish;
  return { ok: true, value: { ...template, subscribe: subscribe.value, publish: publish.value } };
}

function resolveSide(
  side: Permission,
  values: TemplateValues,
  allowance: Allowance,
): TemplateResult<Permission> {
  const allow = expand(side.allow, values, false, allowance);
  if (!allow.ok) return allow;
  const deny = expand(side.deny, values, true, allowance);
  if (!deny.ok) return deny;
  const value = {
    allow: allow.value,
    deny: denyIfEmptied(side.allow, allow.value, deny.value),
  };
  return { ok: true, value };
}
