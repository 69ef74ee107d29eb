// The word that somebody may have meant.

const DISTANCE_MAX = 2;

/** The most similar word; undefined if none is. */
export function nearest(word: string, words: ReadonlySet<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = DISTANCE_MAX + 1;
  for (const candidate of words) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions and changes from one word to the other. */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > DISTANCE_MAX) return DISTANCE_MAX + 1;
  let above = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const change = from[row - 1] === to[column - 1] ? 0 : 1;
      const changed = (above[column - 1] as number) + change;
      const gone = (above[column] as number) + 1;
      const come = (current[column - 1] as number) + 1;
      current.push(Math.min(changed, gone, come));
    }
    above = current;
  }
  return above[to.length] as number;
}
