import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { walk } from '../fakes/http-browser.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { start, temporaryHome } from './program.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

describe('aiauth login, with a browser command', () => {
  it.each([
    ['BROWSER', (command: string) => ({ argv: [], env: { BROWSER: command } })],
    ['--browser', (command: string) => ({ argv: ['--browser', command], env: { BROWSER: '/nonexistent/browser' } })],
  ])('U4: gives the address, whole and as the last word, to the command in %s', async (_from, choose) => {
    const home = temporaryHome(sandbox.settings)
    const [script, record] = [join(home, 'a browser.sh'), join(home, 'record')]
    // Renamed when complete, so that what is there is whole.
    const lines = ['#!/bin/sh', `printf '%s\\n' "$@" >'${record}.new'`, `mv '${record}.new' '${record}'`, '']
    writeFileSync(script, lines.join('\n'), { mode: 0o700 })
    const { argv, env } = choose(`"${script}" --new-window 'two words'`)
    const program = start(['login', 'claude', ...argv], { home, env })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    await vi.waitUntil(() => existsSync(record), { timeout: 20_000 })
    expect(readFileSync(record, 'utf8')).toBe(`--new-window\ntwo words\n${url}\n`)
    await walk(url)
    const { exitCode, stderr } = await program.ended
    expect([exitCode, stderr.includes('no browser could be opened')]).toEqual([0, false])
  })
})
