/** Names that are safe in every shell, file and table, and cannot be taken for a flag. */
export function isAccountName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/.test(text)
}

/**
 * Whether one name is easily taken for the other: they differ in case alone, in the marks
 * between their words, or in signs that many fonts draw alike (`0` and `O`; `1`, `l` and `I`).
 */
export function looksLike(one: string, other: string): boolean {
  return shapeOf(one) === shapeOf(other) || shapeOf(one.replaceAll('I', 'l')) === shapeOf(other.replaceAll('I', 'l'))
}

function shapeOf(name: string): string {
  return name.toLowerCase().replace(/[._-]/g, '').replaceAll('1', 'l').replaceAll('0', 'o')
}
