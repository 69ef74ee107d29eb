// The reference's rules for subjects inside claims. They read the text only and are laxer than those
// of a server: kept apart, because findings must be the same. The size of a subject is bounded, though:
// see `checkSize`. Any thread; pure.
import { subjectSizeFault } from "@weft/subjects";
import { type Findings, quote } from "./findings.ts";

/** Tokens of a subject; the empty subject has one empty token. */
export function tokensOf(subject: string): readonly string[] {
  return subject.split(".");
}

/**
 * Adds that nothing can be published on a subject as long as this, which the reference takes; false if
 * so. `where` is put in front.
 */
export function checkSize(subject: string, findings: Findings, where = ""): boolean {
  const fault = subjectSizeFault(subject);
  if (fault !== undefined) findings.error(`${where}${fault}`);
  return fault === undefined;
}

/** Adds what is wrong with a subject. */
export function checkSubject(subject: string, findings: Findings): void {
  if (subject === "") {
    findings.error("subject cannot be empty");
    return;
  }
  if (checkSize(subject, findings)) checkForm(subject, findings);
}

function checkForm(subject: string, findings: Findings): void {
  if (subject.includes(" ")) findings.error(`subject ${quote(subject)} cannot have spaces`);
  if (subject.startsWith(".") || subject.endsWith(".")) {
    findings.error(`subject ${quote(subject)} cannot start or end with a \`.\``);
  }
  if (subject.includes("..")) {
    findings.error(`subject ${quote(subject)} cannot contain consecutive \`.\``);
  }
}

/** True if a subject has a wildcard, as the reference's claims see it: `>.a` has none. */
export function hasWildcards(subject: string): boolean {
  return (
    subject.endsWith(".>") ||
    subject.includes(".*.") ||
    subject.endsWith(".*") ||
    subject.startsWith("*.") ||
    subject === "*" ||
    subject === ">"
  );
}

/** True if each token of `subject` is taken in by `other`; wildcards in `subject` are text. */
export function isContainedIn(subject: string, other: string): boolean {
  const own = tokensOf(subject);
  const wanted = tokensOf(other);
  const last = wanted.length - 1;
  if (own.length > wanted.length && wanted[last] !== ">") return false;
  if (own.length < wanted.length) return false;
  for (const [at, token] of wanted.entries()) {
    if (at === last && token === ">") return true;
    if (token !== own[at] && token !== "*") return false;
  }
  return true;
}

/** The number that a token such as `$2` refers to; undefined for other tokens. */
function referenceOf(token: string): number | undefined {
  return /^\$[+-]?[0-9]+$/.test(token) ? Number(token.slice(1)) : undefined;
}

function endsOpen(subject: string): boolean {
  return subject === ">" || subject.endsWith(".>");
}

/** Adds what is wrong with the local subject of an import of `from`. */
export function checkRenaming(local: string, from: string, findings: Findings): void {
  // Each of its tokens may have a finding.
  if (!checkSize(local, findings)) return;
  checkForm(local, findings);
  if (from === "") findings.error("subject cannot be empty");
  if (local.includes(" ")) findings.error(`subject ${quote(local)} cannot have spaces`);
  if (endsOpen(local) !== endsOpen(from)) {
    findings.error("both, renaming subject and subject, need to end or not end in >");
  }
  const wildcards = tokensOf(from).filter((token) => token === "*").length;
  let references = 0;
  // Quoted at the first use and only once: each of very many tokens may need both.
  let where: string | undefined;
  for (const token of tokensOf(local)) {
    if (token === "*") references += 1;
    const index = referenceOf(token);
    if (index === undefined) continue;
    if (index > wildcards) {
      where ??= `${quote(local)} reference * in ${quote(from)}`;
      findings.error(`Reference $${index} in ${where} that do not exist`);
      if (findings.isFull) return;
    } else references += 1;
  }
  if (references !== wildcards) {
    findings.error("subject does not contain enough * or reference wildcards $[0-9]");
  }
}

/** A local subject with `*` in place of its references. */
export function filterOfRenaming(local: string): string {
  const replaced = tokensOf(local).map((token) => (referenceOf(token) === undefined ? token : "*"));
  return replaced.join(".");
}
