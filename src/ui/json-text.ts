/** A JSON document as it is printed: two blanks of indent, one line end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
