// How a key of a configuration stands in an error. Control thread. Must stay true: a seed that was
// written where a public key belongs is not shown.

export function shownKey(key: string): string {
  return /^S[A-Z]/.test(key) ? "(a seed)" : JSON.stringify(key);
}
