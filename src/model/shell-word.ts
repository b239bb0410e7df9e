/** A path or a name as one word of a POSIX shell, to be typed: as it is where that is the same, else in single quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : singleQuoted(text)
}

/** Nothing is special between single quotes but the quote itself (POSIX.1 XCU §2.2.2). */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
