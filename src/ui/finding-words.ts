import type { Finding, FindingLevel } from '../model/inspection.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { wrapped } from './wrapped.ts'

const COLOURS: Readonly<Record<FindingLevel, keyof Style>> = {
  ok: 'green',
  note: 'cyan',
  warning: 'yellow',
  problem: 'red',
}

/** What was found, a line or more each, and below it what to type. */
export function findingLines(findings: readonly Finding[], style: Style, columns: number | undefined): string {
  const width = findings.reduce((widest, { id }) => Math.max(widest, id.length), 0)
  const margin = ' '.repeat('problem'.length + width + 4)
  const lines = findings.flatMap(({ id, level, message, fix }) => {
    const [first = '', ...more] = wrapped(margin, cleanLine(message), columns)
    const head = `${style[COLOURS[level]](level.padEnd('problem'.length))}  ${style.bold(id.padEnd(width))}  `
    const told = [head + first.slice(margin.length), ...more]
    // Never broken: it is there to be copied.
    return fix === null ? told : [...told, `${margin}${style.dim('→')} ${cleanLine(fix)}`]
  })
  return lines.map((line) => `${line}\n`).join('')
}
