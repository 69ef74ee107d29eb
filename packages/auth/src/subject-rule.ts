// One entry of a permission list: a subject filter and, for subscriptions, a queue pattern (AZ-09).
// Any thread; pure. Entries come from configurations; subjects in here are byte views.
import { isValidSubject, subjectFromText } from "@weft/subjects";

/** A parsed entry; `queue` undefined = no queue part. */
export interface SubjectRule {
  readonly subject: string;
  readonly queue: string | undefined;
}

/** The parts of an entry: separated by the characters that no subject can contain (SU-01). */
function fieldsOf(entry: string): string[] {
  return entry.split(/[\t\n\f\r ]+/).filter((field) => field !== "");
}

/** Parses an entry; undefined if it is neither `subject` nor `subject queue`. */
export function parseSubjectRule(entry: string): SubjectRule | undefined {
  const [subject, queue, ...more] = fieldsOf(entry);
  if (subject === undefined || more.length > 0) return undefined;
  if (!isValidSubject(subject) || (queue !== undefined && !isValidSubject(queue))) return undefined;
  return {
    subject: subjectFromText(subject),
    queue: queue === undefined ? undefined : subjectFromText(queue),
  };
}

/** Why an entry is refused (AZ-03), in the reference's words; undefined if it is fine. */
export function subjectRuleProblem(entry: string, queueAllowed: boolean): string | undefined {
  if (isValidSubject(entry)) return undefined;
  const [subject, queue, ...more] = fieldsOf(entry);
  if (!queueAllowed || subject === undefined || queue === undefined || more.length > 0) {
    return `subject ${JSON.stringify(entry)} is not a valid subject`;
  }
  if (!isValidSubject(subject)) return `subject ${JSON.stringify(subject)} is not a valid subject`;
  if (!isValidSubject(queue)) return `queue ${JSON.stringify(queue)} is not a valid queue`;
  return undefined;
}

/** Tokens of `queue` against those of `pattern`; `wildcardsInName`: its `*` and `>` are text. */
function queueCovered(pattern: string, queue: string, wildcardsInName: boolean): boolean {
  const wanted = pattern.split(".");
  const given = queue.split(".");
  for (let at = 0; at < wanted.length; at += 1) {
    const token = given[at];
    if (token === undefined) return false;
    if (wanted[at] === ">") return true;
    const isWild = token === ">" || (token === "*" && wanted[at] !== "*");
    if (isWild && !wildcardsInName) return false;
    if (wanted[at] !== "*" && wanted[at] !== token) return false;
  }
  return wanted.length === given.length;
}

/**
 * True if a queue name falls under an allow pattern. A name may itself contain `*` or `>` (SU-27);
 * then only the same or a wider pattern allows it, as in the reference.
 */
export function queueAllowedBy(pattern: string, queue: string): boolean {
  return pattern === queue || queueCovered(pattern, queue, false);
}

/** True if a queue name falls under a deny pattern: also when its wildcards are plain text. */
export function queueDeniedBy(pattern: string, queue: string): boolean {
  return pattern === queue || queueCovered(pattern, queue, true);
}
