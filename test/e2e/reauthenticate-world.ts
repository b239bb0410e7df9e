import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './program.ts'

export const BROWSER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`

/** An account as `auth.json` holds it. */
export type Facts = Record<string, unknown> & { readonly id: string; readonly history: { readonly event: string }[] }

export const accountsIn = (home: string) =>
  (JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: Facts[] }).accounts

/** Changes the facts of the only account, as a user and time would. */
export function change(home: string, facts: object): void {
  const path = join(home, 'auth.json')
  const file = JSON.parse(readFileSync(path, 'utf8')) as { accounts: Facts[] }
  writeFileSync(path, JSON.stringify({ ...file, accounts: file.accounts.map((one) => ({ ...one, ...facts })) }))
}

export const OF_THE_USER = {
  name: 'work',
  priority: 7,
  endpoint: 'https://gateway.example',
  notes: 'the one that pays',
  usage: { windows: [], at: '2026-11-20T10:00:00.000Z' },
  createdAt: '2026-01-02T03:04:05.000Z',
  'x-unknown': { kept: [1, '2'] },
}
