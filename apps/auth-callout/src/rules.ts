// From what a backend knows of somebody to an account and rights: the first rule that fits counts.
// Must stay true: a name that is put into a subject is one token without wildcards, or nobody is let
// in; where no rule fits, nobody is.
import { z } from "zod";
import { type Decision, type Grant, refuse } from "./backend.ts";
import { durationMs } from "./durations.ts";
import { NAME_LENGTH_MAX } from "./names.ts";

const subjects = z.strictObject({
  allow: z.array(z.string().min(1)).optional(),
  deny: z.array(z.string().min(1)).optional(),
});

export const ruleSchema = z.strictObject({
  when: z
    .strictObject({
      group: z.string().optional(),
      user: z.string().optional(),
      claim: z.string().optional(),
      is: z.union([z.string(), z.number(), z.boolean()]).optional(),
    })
    .refine((when) => (when.claim === undefined) === (when.is === undefined), {
      message: "`claim` and `is` belong together",
    })
    .default({}),
  account: z.string().min(1),
  publish: subjects.optional(),
  subscribe: subjects.optional(),
  responses: z.strictObject({ max: z.int(), expires: durationMs }).optional(),
  subscriptions_max: z.int().min(0).optional(),
  payload_bytes_max: z.int().min(0).optional(),
  source_networks: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  session: durationMs.optional(),
});

export type Rule = z.output<typeof ruleSchema>;

/** What is known of somebody whom a backend has recognised. */
export interface Known {
  readonly name: string;
  readonly groups: readonly string[];
  /** Claims of a token, or attributes. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Unix milliseconds; undefined = no end. */
  readonly expiresAtMs?: number | undefined;
  /** What is compared in place of a name; the name itself when left out. */
  readonly fold?: (name: string) => string;
}

const NAME_VARIABLE = "{name}";
/** What may be a token of a subject. */
const TOKEN = /^[^\s.*>\p{Cc}]+$/u;

/** The member of nested objects that `path` (`a.b.c`) names; undefined where there is none. */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

/** Texts of a claim that is one text or a list of them. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function fits({ when }: Rule, { name, groups, claims, fold = asItIs }: Known): boolean {
  if (when.user !== undefined && fold(when.user) !== fold(name)) return false;
  if (when.group !== undefined && !groups.includes(when.group)) return false;
  if (when.claim === undefined) return true;
  const value = claimAt(claims, when.claim);
  return Array.isArray(value) ? value.includes(when.is) : value === when.is;
}

function asItIs(name: string): string {
  return name;
}

/** What the first rule that fits gives. */
export function applyRules(rules: readonly Rule[], known: Known, nowMs: number): Decision {
  const { name } = known;
  if (name === "" || name.length > NAME_LENGTH_MAX || /\p{Cc}/u.test(name)) {
    return refuse("the name is empty, too long or not printable");
  }
  const rule = rules.find((one) => fits(one, known));
  if (rule === undefined) return refuse("no rule fits");
  const filled = [rule.publish, rule.subscribe].map((lists) => fill(lists, name));
  if (filled.includes("unfit")) return refuse("the name cannot stand in a subject");
  const [publish, subscribe] = filled as Exclude<(typeof filled)[number], "unfit">[];
  const ends = [known.expiresAtMs, rule.session === undefined ? undefined : nowMs + rule.session];
  const given = ends.filter((end) => end !== undefined);
  const grant: Grant = {
    account: rule.account,
    name,
    permissions: {
      publish,
      subscribe,
      responses: rule.responses && {
        messagesMax: rule.responses.max,
        expiresMs: rule.responses.expires,
      },
    },
    subscriptionsMax: rule.subscriptions_max,
    payloadBytesMax: rule.payload_bytes_max,
    sourceNetworks: rule.source_networks,
    tags: rule.tags,
    expiresAtMs: given.length === 0 ? undefined : Math.min(...given),
  };
  return { kind: "grant", grant };
}

function fill(lists: Rule["publish"], name: string): Rule["publish"] | "unfit" {
  if (lists === undefined) return undefined;
  const entries = [...(lists.allow ?? []), ...(lists.deny ?? [])];
  if (entries.some((entry) => entry.includes(NAME_VARIABLE)) && !TOKEN.test(name)) return "unfit";
  const put = (list: readonly string[] | undefined) =>
    list?.map((entry) => entry.replaceAll(NAME_VARIABLE, () => name));
  return { allow: put(lists.allow), deny: put(lists.deny) };
}
