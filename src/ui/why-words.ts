import { stateAt } from '../model/account-state.ts'
import type { Account, HistoryEvent } from '../model/account.ts'
import { readHistory } from '../model/history.ts'
import type { Intent } from '../model/journal.ts'
import { linkOf } from '../model/linked.ts'
import type { Style } from '../model/ports.ts'
import { cleanLine } from '../model/untrusted.ts'
import { span } from './time-left.ts'

export interface WhyView {
  readonly account: Account
  /** Why it is not used, and what to type. */
  readonly off?: { readonly message: string; readonly hint: string | undefined } | undefined
  /** A renewal of which no answer was kept in the vault yet. */
  readonly pending: Pick<Intent, 'at' | 'program' | 'pid'> | undefined
  readonly nowMs: number
  readonly style: Style
}

/** Why an account is in its state, in sentences: what holds now, then its past, the newest first. */
export function whyWords({ account, off, pending, nowMs, style }: WhyView): string[] {
  const { state, reason } = stateAt(account, nowMs)
  const now = [
    ...(off === undefined
      ? []
      : [`${off.message}, so it is neither used nor renewed; to use it again: ${off.hint ?? ''}`]),
    `${style.bold(account.name)} is ${style.bold(state)}${reason === null ? '' : `: ${cleanLine(reason)}`}`,
    tokenWords(account, nowMs),
    ...linkWords(account),
    ...coolDownWords(account, nowMs),
    ...(pending === undefined
      ? []
      : [`the renewal that ${who(pending)} began ${when(pending.at, nowMs)} is not finished`]),
  ]
  const past = readHistory(account.history)
    .reverse()
    .map((event) => eventWords(event, nowMs))
  return past.length === 0 ? now : [...now, '', ...past]
}

function tokenWords({ expiresAt, secret, lastRefreshedAt }: Account, nowMs: number): string {
  const leftMs = expiresAt === null ? undefined : Date.parse(expiresAt) - nowMs
  const age = lastRefreshedAt === null ? '' : `, renewed ${when(lastRefreshedAt, nowMs)}`
  if (leftMs === undefined) {
    return secret.renewable ? `nobody told when its token ends${age}` : 'its token has no known end and is not renewed'
  }
  if (leftMs > 0) return `its token lasts ${span(leftMs)} more${age}`
  const next = secret.renewable ? 'whoever asks for it next renews it' : 'it cannot be renewed'
  return `its token ended ${span(-leftMs)} ago; ${next}`
}

function linkWords(account: Account): string[] {
  const link = linkOf(account)
  return link === undefined ? [] : [`it shares the sign-in with ${link.tool}, in ${cleanLine(link.path)}`]
}

function coolDownWords({ provider, cooldownUntil }: Account, nowMs: number): string[] {
  const leftMs = cooldownUntil === null ? 0 : Date.parse(cooldownUntil) - nowMs
  return leftMs > 0 ? [`${provider} is not asked again for ${span(leftMs)}`] : []
}

/** One sentence for each event; one of a later version is named as it is. */
function eventWords(event: HistoryEvent, nowMs: number): string {
  const words = Object.hasOwn(WORDS, event.event) ? WORDS[event.event] : undefined
  const what = words?.(who(event), event) ?? event.event
  const often = event.count === undefined ? '' : `, ${event.count} times, the last of them`
  const spent = event.event === 'renewed' && event.spent !== undefined ? ', our copy was spent then' : ''
  const token = event.fingerprint === undefined ? '' : ` (token ${cleanLine(event.fingerprint)})`
  const reason = event.reason === undefined ? '' : `: ${cleanLine(event.reason)}`
  return `${what}${often} ${when(event.at, nowMs)}${spent}${token}${reason}`
}

const WORDS: Readonly<Record<string, (who: string, event: HistoryEvent) => string>> = {
  'signed-in': (who) => `signed in from ${who}`,
  renewed: (who) => `renewed by ${who}`,
  // Without a process id it was not asked for: it stood in a linked tool's file.
  adopted: (who, { pid }) =>
    pid === undefined ? `taken over from ${who}` : `found newer in the vault when ${who} asked,`,
  'handed-out': (who) => `handed out to ${who}`,
  refused: (who) => `refused for good when ${who} asked,`,
  failed: (who) => `a renewal or a check for ${who} failed`,
  lost: (who) => `a renewal for ${who} was sent, and no answer arrived,`,
  migrated: (who) => `brought in by ${who}`,
  checked: (who) => `accepted by the provider when ${who} asked,`,
}

function who({ program, pid }: Pick<HistoryEvent, 'program' | 'pid'>): string {
  if (program === undefined) return 'aiauth'
  return `${cleanLine(program)}${pid === undefined ? '' : ` (pid ${pid})`}`
}

/** `at 09:14`, or `on 2026-11-20 at 09:14`, in the time of this machine. */
function when(at: string, nowMs: number): string {
  const [moment, now] = [localTime(Date.parse(at)), localTime(nowMs)]
  return moment.day === now.day ? `at ${moment.time}` : `on ${moment.day} at ${moment.time}`
}

/** Without `Intl`, which takes 12 ms to load. */
function localTime(ms: number): { day: string; time: string } {
  const date = new Date(ms)
  const two = (value: number) => String(value).padStart(2, '0')
  return {
    day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    time: `${two(date.getHours())}:${two(date.getMinutes())}`,
  }
}
