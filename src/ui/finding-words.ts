import type { Finding, FindingLevel } from '../model/inspection.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'

const COLOURS: Readonly<Record<FindingLevel, keyof Style>> = {
  ok: 'green',
  note: 'cyan',
  warning: 'yellow',
  problem: 'red',
}

/** One line a finding, and below it what to type. */
export function findingLines(findings: readonly Finding[], style: Style): string {
  const width = findings.reduce((widest, { id }) => Math.max(widest, id.length), 0)
  const lines = findings.flatMap(({ id, level, message, fix }) => [
    `${style[COLOURS[level]](level.padEnd('problem'.length))}  ${style.bold(id.padEnd(width))}  ${cleanLine(message)}`,
    ...(fix === null ? [] : [`${' '.repeat('problem'.length + width + 4)}${style.dim('→')} ${cleanLine(fix)}`]),
  ])
  return lines.map((line) => `${line}\n`).join('')
}
