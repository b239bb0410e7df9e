/**
 * A text behind its prefix in lines of at most so many columns, all of them starting where the
 * first one does. A word that is longer than a line stays whole, so that a path can be copied;
 * `undefined` columns are no limit.
 */
export function wrapped(prefix: string, text: string, columns: number | undefined): string[] {
  const room = columns === undefined ? Infinity : columns - prefix.length
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.map((line, index) => (index === 0 ? prefix : ' '.repeat(prefix.length)) + line)
}
