// Test support: permissions decided the slow way. Sets of subjects are listed, not computed with;
// nothing is shared with the code under test but the shape of the rules.
import type { PermissionsSpec } from "../spec.ts";

/** Does `pattern` take in `text`, whose wildcards are plain tokens? */
function takesIn(pattern: string[], text: string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === ">") return text.length > 0;
  if (head === undefined || text.length === 0) return head === undefined && text.length === 0;
  return (head === "*" || head === text[0]) && takesIn(rest, text.slice(1));
}

/** Does `pattern` allow the queue name? A wildcard in the name asks for as much or more. */
function allowsQueue(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  const examples = name.includes(">") ? [`${name}`, "m", "m.m", "m.m.m"] : [name];
  return examples.every((example) => {
    const literal = example.replaceAll("*", "m").replaceAll(">", "m.m.m");
    return takesIn(pattern.split("."), literal.split("."));
  });
}

interface Rule {
  readonly subject: string;
  readonly queue: string | undefined;
}

function rulesOf(list: readonly string[] | undefined): Rule[] {
  return (list ?? []).map((entry) => {
    const [subject, queue] = entry.split(" ");
    return { subject: subject as string, queue };
  });
}

export interface Judge {
  /** The universe: every literal subject of the given tokens up to the given depth. */
  readonly subjects: readonly string[];
  reaches(filter: string, subject: string): boolean;
  publishAllowed(spec: PermissionsSpec, subject: string): boolean;
  /** May a subscription on exactly this subject exist? */
  receiveAllowed(spec: PermissionsSpec, subject: string, queue: string | undefined): boolean;
  subscribeVerdict(spec: PermissionsSpec, filter: string, queue: string | undefined): string;
}

/** `tokens` must contain one that no rule names; `depth` must exceed the longest rule by one. */
export function createJudge(tokens: readonly string[], depth: number): Judge {
  const subjects: string[] = [];
  let level = [""];
  for (let at = 0; at < depth; at += 1) {
    level = level.flatMap((head) => tokens.map((token) => (head ? `${head}.${token}` : token)));
    subjects.push(...level);
  }
  const known = new Map<string, ReadonlySet<string>>();
  const setOf = (filter: string): ReadonlySet<string> => {
    const cached = known.get(filter);
    if (cached !== undefined) return cached;
    const found = new Set(subjects.filter((one) => takesIn(filter.split("."), one.split("."))));
    known.set(filter, found);
    return found;
  };
  const asText = (rule: Rule, text: string) => takesIn(rule.subject.split("."), text.split("."));

  const allowSide = (rules: Rule[], queue: string | undefined): boolean => {
    const named = rules.filter((rule) => rule.queue !== undefined);
    if (queue === undefined || named.length === 0) return named.length < rules.length;
    return named.some((rule) => allowsQueue(rule.queue as string, queue));
  };
  const denySide = (rules: Rule[], queue: string | undefined): boolean =>
    rules.some(({ queue: pattern }) => {
      if (pattern === undefined) return true;
      return queue !== undefined && takesIn(pattern.split("."), queue.split("."));
    });

  const grants = (spec: PermissionsSpec, filter: string, queue: string | undefined): boolean => {
    const wanted = [...setOf(filter)];
    const covers = (rule: Rule) => wanted.every((one) => setOf(rule.subject).has(one));
    const { allow, deny } = spec.subscribe ?? {};
    if (allow !== undefined) {
      const rules = rulesOf(allow);
      if (!allowSide(rules.filter(covers), queue)) return false;
      const named = rules.filter((rule) => asText(rule, filter));
      if (queue !== undefined && !allowSide(named, queue)) return false;
    }
    return !denySide(
      rulesOf(deny).filter((rule) => asText(rule, filter)),
      queue,
    );
  };

  return {
    subjects,
    reaches: (filter, subject) => setOf(filter).has(subject),
    receiveAllowed: grants,
    publishAllowed(spec, subject) {
      const { allow, deny } = spec.publish ?? {};
      if (rulesOf(deny).some((rule) => asText(rule, subject))) return false;
      return allow === undefined || rulesOf(allow).some((rule) => asText(rule, subject));
    },
    subscribeVerdict(spec, filter, queue) {
      if (!grants(spec, filter, queue)) return "deny";
      if (!/[*>]/.test(filter)) return "allow";
      const meets = (rule: Rule) => [...setOf(filter)].some((one) => setOf(rule.subject).has(one));
      const { allow, deny } = spec.subscribe ?? {};
      if (denySide(rulesOf(deny).filter(meets), queue)) return "allow-filtered";
      const named = rulesOf(allow).some((rule) => rule.queue !== undefined && meets(rule));
      return named && queue !== undefined ? "allow-filtered" : "allow";
    },
  };
}
