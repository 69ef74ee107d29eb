// What a user may publish and subscribe: the compiled form of the allow and deny lists, shared by
// all sessions with equal lists. Any thread; pure. What must stay true: whatever is delivered to a
// subscription would also have been granted as a subscription of its own (CVE-2022-29946).
import { createHash } from "node:crypto";
import { FilterMap, subjectHasWildcard } from "@weft/subjects";
import type { PermissionsSpec, ResponsePermission, SubjectRules } from "./spec.ts";
import {
  parseSubjectRule,
  queueAllowedBy,
  queueDeniedBy,
  type SubjectRule,
  subjectRuleProblem,
} from "./subject-rule.ts";

/** `allow-filtered`: granted, but each delivery has to be asked for with `deliveryAllowed`. */
export type SubscribeVerdict = "deny" | "allow" | "allow-filtered";

/** AZ-11. What `allow_responses: true` means. */
export const RESPONSE_DEFAULTS: ResponsePermission = { messagesMax: 1, expiresMs: 120_000 };

/** Longer keys are known by their hash: every session of a user has one. */
const KEY_LENGTH_MAX = 128;

/** Memory of a token in a list, ... */
const TOKEN_BYTES = 300;
/** ... and of an entry beside its tokens and its characters, each of which is kept twice. */
const ENTRY_BYTES = 100;
const CHARACTER_BYTES = 2;

/** A queue pattern of an entry, or undefined for an entry without. */
type QueuePattern = string | undefined;

/** Everything, for an entry that cannot be read but must not be lost. */
const EVERYTHING: SubjectRule = { subject: ">", queue: undefined };

/**
 * One list as a map from filter to queue pattern. An entry that is not valid grants nothing in an
 * allow list and refuses everything in a deny list: configurations are checked before, but a list
 * from elsewhere must fail to the safe side.
 */
function compileList(entries: readonly string[], onInvalid: SubjectRule | undefined) {
  const map = new FilterMap<QueuePattern>();
  for (const entry of entries) {
    const rule = parseSubjectRule(entry) ?? onInvalid;
    if (rule !== undefined) map.add(rule.subject, rule.queue);
  }
  return map;
}

/** A queue part has no meaning for publishing: refused at start (AZ-03), ignored in a deny. */
function compilePublishAllow(entries: readonly string[]): FilterMap<QueuePattern> {
  const plain = entries.filter((entry) => parseSubjectRule(entry)?.queue === undefined);
  return compileList(plain, undefined);
}

function compileDeny(entries: readonly string[] | undefined): FilterMap<QueuePattern> | undefined {
  return entries === undefined || entries.length === 0
    ? undefined
    : compileList(entries, EVERYTHING);
}

/** What the texts of all entries take, in tokens. */
function textTokens(...sides: readonly SubjectRules[]): number {
  let bytes = 0;
  for (const { allow = [], deny = [] } of sides) {
    for (const { length } of allow) bytes += ENTRY_BYTES + length * CHARACTER_BYTES;
    for (const { length } of deny) bytes += ENTRY_BYTES + length * CHARACTER_BYTES;
  }
  return Math.floor(bytes / TOKEN_BYTES);
}

/** Any of the queue patterns in `found` that takes in `queue`. */
function anyQueue(
  found: readonly QueuePattern[],
  queue: string,
  takesIn: (pattern: string, queue: string) => boolean,
): boolean {
  return found.some((pattern) => pattern !== undefined && takesIn(pattern, queue));
}

/** The allow side of a subscription (AZ-09), given the entries that cover it. */
function allowedBy(found: readonly QueuePattern[], queue: string | undefined): boolean {
  const queueRules = found.some((pattern) => pattern !== undefined);
  if (queue !== undefined && queueRules) return anyQueue(found, queue, queueAllowedBy);
  return found.includes(undefined);
}

/** The deny side, given the entries that take in the subscription's subject. */
function deniedBy(found: readonly QueuePattern[], queue: string | undefined): boolean {
  if (found.includes(undefined)) return true;
  return queue !== undefined && anyQueue(found, queue, queueDeniedBy);
}

/** Compiled permissions; immutable. Subjects and queue names are byte views. */
export class CompiledPermissions {
  /** True if every publish is allowed: nothing has to be asked. */
  readonly publishUnrestricted: boolean;
  /** True if every subscription is allowed without a filter. */
  readonly subscribeUnrestricted: boolean;
  /** AZ-11, with the defaults filled in; undefined = no right to answer. */
  readonly responses: ResponsePermission | undefined;
  /** The lists as they count, to be shown to the user (SY-36). */
  readonly rules: PermissionsSpec;
  /**
   * What they take: tokens of all entries, each some 300 bytes of memory. Long texts, and entries that
   * share their tokens, count as more.
   */
  readonly tokensCount: number;
  readonly #publishAllow: FilterMap<QueuePattern> | undefined;
  readonly #publishDeny: FilterMap<QueuePattern> | undefined;
  readonly #subscribeAllow: FilterMap<QueuePattern> | undefined;
  readonly #subscribeDeny: FilterMap<QueuePattern> | undefined;

  constructor(spec: PermissionsSpec | undefined) {
    const { publish, subscribe } = withResponseRules(spec);
    this.responses = effectiveResponses(spec?.responses);
    this.rules = { publish, subscribe, responses: this.responses };
    this.#publishAllow = publish.allow && compilePublishAllow(publish.allow);
    this.#publishDeny = compileDeny(publish.deny);
    this.#subscribeAllow = subscribe.allow && compileList(subscribe.allow, undefined);
    this.#subscribeDeny = compileDeny(subscribe.deny);
    this.tokensCount = [
      this.#publishAllow,
      this.#publishDeny,
      this.#subscribeAllow,
      this.#subscribeDeny,
    ].reduce((sum, list) => sum + (list?.nodeCount ?? 0), 1 + textTokens(publish, subscribe));
    this.publishUnrestricted = this.#publishAllow === undefined && this.#publishDeny === undefined;
    this.subscribeUnrestricted =
      this.#subscribeAllow === undefined && this.#subscribeDeny === undefined;
  }

  /** AZ-04, AZ-05. `responses` are not part of this answer: ask a `ResponseTracker` as well. */
  publishAllowed(subject: string): boolean {
    if (this.#publishAllow !== undefined && this.#publishAllow.match(subject).length === 0) {
      return false;
    }
    return this.#publishDeny === undefined || this.#publishDeny.match(subject).length === 0;
  }

  /**
   * AZ-06 to AZ-10. Entries take in a filter also when they match it as text, if that refuses more:
   * `foo.>` is refused under a deny of `foo.*`, as in the reference. Nothing is granted that way.
   */
  subscribeVerdict(filter: string, queue: string | undefined): SubscribeVerdict {
    if (this.subscribeUnrestricted) return "allow";
    const allow = this.#subscribeAllow;
    if (allow !== undefined) {
      if (!allowedBy(allow.covering(filter), queue)) return "deny";
      if (queue !== undefined && !allowedBy(allow.match(filter), queue)) return "deny";
    }
    const deny = this.#subscribeDeny;
    if (deny !== undefined && deniedBy(deny.match(filter), queue)) return "deny";
    if (!subjectHasWildcard(filter)) return "allow";
    if (deny !== undefined && deniedBy(deny.colliding(filter), queue)) return "allow-filtered";
    // An allow entry for one queue also takes its subjects away from the other queues.
    const contested = queue !== undefined && allow !== undefined;
    if (contested && allow.colliding(filter).some((pattern) => pattern !== undefined)) {
      return "allow-filtered";
    }
    return "allow";
  }

  /** May this message go to a subscription that was granted as `allow-filtered`? (AZ-07) */
  deliveryAllowed(subject: string, queue: string | undefined): boolean {
    const allow = this.#subscribeAllow;
    if (allow !== undefined && !allowedBy(allow.match(subject), queue)) return false;
    const deny = this.#subscribeDeny;
    return deny === undefined || !deniedBy(deny.match(subject), queue);
  }
}

/** AZ-11. 0 stands for the default, negative for no limit. */
function effectiveResponses(
  responses: ResponsePermission | undefined,
): ResponsePermission | undefined {
  if (responses === undefined) return undefined;
  return {
    messagesMax:
      responses.messagesMax === 0 ? RESPONSE_DEFAULTS.messagesMax : responses.messagesMax,
    expiresMs: responses.expiresMs === 0 ? RESPONSE_DEFAULTS.expiresMs : responses.expiresMs,
  };
}

/** AZ-12: a right to answer without an allow list takes away the general right to publish. */
function withResponseRules(spec: PermissionsSpec | undefined): {
  publish: SubjectRules;
  subscribe: SubjectRules;
} {
  const publish = spec?.publish ?? {};
  const subscribe = spec?.subscribe ?? {};
  if (spec?.responses === undefined || publish.allow !== undefined) return { publish, subscribe };
  return { publish: { ...publish, allow: [] }, subscribe };
}

/** Compiles permissions; `undefined` allows everything. */
export function compilePermissions(spec: PermissionsSpec | undefined): CompiledPermissions {
  return new CompiledPermissions(spec);
}

function listKey(entries: readonly string[] | undefined): string {
  return entries === undefined ? "-" : JSON.stringify([...new Set(entries)].sort());
}

/** A short text that is equal for permissions with equal meaning by their lists; "" = unrestricted. */
export function permissionsKey(spec: PermissionsSpec | undefined): string {
  if (spec === undefined) return "";
  const { publish, subscribe } = withResponseRules(spec);
  const responses = effectiveResponses(spec.responses);
  const key = [
    listKey(publish.allow),
    listKey(publish.deny ?? []),
    listKey(subscribe.allow),
    listKey(subscribe.deny ?? []),
    responses === undefined ? "-" : `${responses.messagesMax}/${responses.expiresMs}`,
  ].join("|");
  if (key.length <= KEY_LENGTH_MAX) return key;
  return `sha256:${createHash("sha256").update(key).digest("base64")}`;
}

/** All problems of permissions, such as `publish allow: subject "a..b" is not a valid subject`. */
export function validatePermissions(spec: PermissionsSpec | undefined): string[] {
  const problems: string[] = [];
  const check = (entries: readonly string[] | undefined, list: string, queueAllowed: boolean) => {
    for (const entry of entries ?? []) {
      const problem = subjectRuleProblem(entry, queueAllowed);
      if (problem !== undefined) problems.push(`${list}: ${problem}`);
    }
  };
  check(spec?.publish?.allow, "publish allow", false);
  check(spec?.publish?.deny, "publish deny", false);
  check(spec?.subscribe?.allow, "subscribe allow", true);
  check(spec?.subscribe?.deny, "subscribe deny", true);
  return problems;
}
