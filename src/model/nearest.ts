/** The candidate that was probably meant, for "did you mean"; at most two edits away. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: edits(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  const best = ranked[0]
  return best !== undefined && best.edits <= 2 && best.edits < best.candidate.length ? best.candidate : undefined
}

/** Levenshtein distance, row by row. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, left] of Array.from(from.slice(0, 64)).entries()) {
    const next = [i + 1]
    for (let j = 1; j < row.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (to[j - 1] === left ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
