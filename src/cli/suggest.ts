/** Fewer letters begin too many words to mean one of them. */
const LEAST_PREFIX = 3;

/** The candidate a mistyped word most likely means, or undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return byDistance(word, candidates) ?? candidates.find((candidate) => oneBeginsOther(word, candidate));
}

/** "output" and "out", "cache" and "cache-dir" */
function oneBeginsOther(word: string, candidate: string): boolean {
  if (Math.min(word.length, candidate.length) < LEAST_PREFIX) return false;
  return candidate.startsWith(word) || word.startsWith(candidate);
}

function byDistance(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  // A third of the word may be wrong; beyond that a suggestion only misleads.
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance: letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...to].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const removed = (previous[column + 1] ?? 0) + 1;
      const added = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, removed, added));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
