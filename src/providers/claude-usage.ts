import type { UsageSource } from '../model/provider.ts'
import { record, text, type UntrustedRecord } from '../model/untrusted.ts'
import { usageWindows } from '../model/usage.ts'

/**
 * Claude's own usage page as its clients read it. Two shapes stand side by side, and either
 * may be absent: a field for each window, and since 2026 the list `limits`, which alone has
 * the windows of single models.
 */
export const claudeUsage: UsageSource = {
  headers: () => ({ 'anthropic-beta': 'oauth-2025-04-20' }),
  windows: (answer) => usageWindows([...windowFields(answer), ...limits(answer['limits'])]),
}

function windowFields(answer: UntrustedRecord) {
  return Object.entries(answer).flatMap(([field, value]) => {
    const [, span, part] = /^(five_hour|seven_day)(?:_(\w+))?$/.exec(field) ?? []
    const { utilization, resets_at: resetsAt } = record(value)
    const name = windowName(span === 'five_hour' ? '5 hours' : '7 days', part?.replaceAll('_', ' '))
    return span === undefined ? [] : [{ name, usedPercent: utilization, resetsAt }]
  })
}

const LIMIT_NAMES = new Map<unknown, string>([
  ['session', '5 hours'],
  ['weekly_all', '7 days'],
  ['weekly_scoped', '7 days'],
])

function limits(value: unknown) {
  return (Array.isArray(value) ? value : []).map((member: unknown) => {
    const { kind, percent, resets_at: resetsAt, scope } = record(member)
    const model = text(record(record(scope)['model'])['display_name'])
    const span = kind === 'weekly_scoped' && model === undefined ? undefined : LIMIT_NAMES.get(kind)
    return { name: span === undefined ? undefined : windowName(span, model), usedPercent: percent, resetsAt }
  })
}

function windowName(span: string, part: string | undefined): string {
  return part === undefined ? span : `${span}, ${part.toLowerCase()}`
}
