/**
 * Changing a JSON text without passing its values through JavaScript's: numbers beyond a
 * double, keys that look like numbers and keys that stand there twice come through as they
 * were, which `JSON.parse` followed by `JSON.stringify` does not give.
 *
 * All of this expects valid JSON.
 */

/** One field of an object; `value` is JSON text. */
export interface Member {
  readonly name: string
  readonly value: string
}

/** The fields of an object, in the order of its text. */
export function membersOf(object: string): Member[] {
  const found: Member[] = []
  let depth = 0
  let name: string | undefined
  let value = ''
  for (const lexeme of lexemes(object)) {
    if (CLOSERS.includes(lexeme)) depth -= 1
    const isEnd = depth === 0 ? lexeme === '}' : depth === 1 && lexeme === ','
    if (isEnd) {
      if (name !== undefined) found.push({ name, value })
      name = undefined
      value = ''
    } else if (depth === 1 && name === undefined) name = String(JSON.parse(lexeme))
    else if (depth > 1 || (depth === 1 && lexeme !== ':')) value += lexeme
    if (OPENERS.includes(lexeme)) depth += 1
  }
  return found
}

export function objectText(members: readonly Member[]): string {
  return `{${members.map(({ name, value }) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}

/** The same JSON, laid out as `JSON.stringify(value, undefined, 2)` does, and Codex. */
export function indented(json: string): string {
  const parts: string[] = []
  let depth = 0
  let before = ''
  for (const lexeme of lexemes(json)) {
    const [opened, closes] = [OPENERS.includes(before), CLOSERS.includes(lexeme)]
    if (closes) depth -= 1
    if (before === ',' || opened !== closes) parts.push('\n', INDENTS[depth] ?? '')
    parts.push(lexeme === ':' ? ': ' : lexeme)
    if (OPENERS.includes(lexeme)) depth += 1
    before = lexeme
  }
  return parts.join('')
}

const OPENERS: readonly string[] = ['{', '[']
const CLOSERS: readonly string[] = ['}', ']']

/** Deeper than this there is no indent: a million brackets would need a terabyte of blanks. */
const INDENTS = Array.from({ length: 64 }, (_, depth) => '  '.repeat(depth))

const PUNCTUATION = '{}[],:'
const SPACE = /[ \t\r\n]*/y
const WORD = /[^ \t\r\n{}[\],:"]*/y

function* lexemes(json: string): Generator<string> {
  let at = 0
  for (;;) {
    const start = endOf(SPACE, json, at)
    const first = json[start]
    if (first === undefined) return
    at = first === '"' ? endOfString(json, start) : PUNCTUATION.includes(first) ? start + 1 : endOf(WORD, json, start)
    yield json.slice(start, at)
  }
}

function endOf(pattern: RegExp, json: string, start: number): number {
  pattern.lastIndex = start
  pattern.test(json)
  return pattern.lastIndex
}

/** By hand: a pattern for strings runs out of stack on one of some megabytes. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}
