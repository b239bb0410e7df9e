import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run } from './program.ts'

/** A browser command that walks through the sandbox's pages by itself. */
export const BROWSER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`

export type Facts = Record<string, unknown>

/** The first account of a home, as `auth.json` tells of it. */
export const accountOf = (home: string) =>
  (JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: Facts[] }).accounts[0]

/** The variables that a command would get with the account of a home. */
export async function environmentOf(home: string): Promise<Record<string, string>> {
  const { stdout } = await run(['env', '--shell', 'json'], { home })
  return (JSON.parse(stdout) as { set: Record<string, string> }).set
}
