/** A path or a name as one word of a POSIX shell, to be typed: as it is where that is the same, else in single quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
