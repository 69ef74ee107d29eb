// The reference matcher: the plainest form of the matching rules, slow on purpose. Everything
// faster (FilterMap, the interest index) is tested against it. Any thread; pure.

/**
 * True if a message published to `subject` reaches a subscription to `filter` (SU-01, SU-02,
 * SU-03). Wildcards in `subject` are ordinary text. A filter or a subject with an empty token, and
 * a filter with `>` before the end, match nothing.
 */
export function matches(filter: string, subject: string): boolean {
  const filterTokens = filter.split(".");
  const subjectTokens = subject.split(".");
  if (filterTokens.includes("") || subjectTokens.includes("")) return false;
  const tail = filterTokens.indexOf(">");
  if (tail !== -1 && tail !== filterTokens.length - 1) return false;
  const fixed = tail === -1 ? filterTokens.length : tail;
  if (tail === -1 ? subjectTokens.length !== fixed : subjectTokens.length <= fixed) return false;
  for (let at = 0; at < fixed; at += 1) {
    const wanted = filterTokens[at];
    if (wanted !== "*" && wanted !== subjectTokens[at]) return false;
  }
  return true;
}
