import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../src/cli.ts'
import { EXIT_CODES } from '../src/model/errors.ts'
import { record } from '../src/model/untrusted.ts'
import { allProviders, getProvider } from '../src/providers/registry.ts'
import { fakePorts } from './fakes/ports.ts'
import { caseTable } from './security-cases.ts'

const read = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8')
const README = read('README.md')
const helpOf = async (argv: string[]) => {
  const ports = fakePorts()
  expect(await runCli([...argv, '--help'], ports, { json: false, debug: false })).toBe(0)
  return ports.stdout.join('').replace(/\s+/g, ' ')
}

describe('README.md', () => {
  it('has the exit codes that the program has', () => {
    const rows = [...README.matchAll(/^\| (\d+) \| (`[^|]+`) \|/gm)]
    const told: unknown = Object.fromEntries(
      rows.flatMap(([, code, names]) =>
        [...(names ?? '').matchAll(/`([\w-]+)`/g)].map(([, name]) => [name, Number(code)]),
      ),
    )
    expect(told).toEqual(EXIT_CODES)
  })

  it('has the commands that the help has, in its words', async () => {
    const help = await helpOf([])
    const rows = [...README.matchAll(/^\| `aiauth ([\w-]+)[^|]*` \| ([^|]+) \|/gm)]
    expect(rows.length).toBeGreaterThan(4)
    for (const [, verb, words] of rows) {
      expect(help).toContain(`${verb ?? ''} `)
      expect(help).toContain((words ?? '').trim())
    }
  })

  it('has the built-in providers and their redirects', () => {
    for (const { id, mode, redirect } of allProviders({})) {
      const row = README.split('\n').find((line) => line.startsWith(`| \`${id}\` | \`${mode}\` |`))
      expect(row).toBeDefined()
      if (redirect === undefined) continue
      expect(row).toContain(redirect.path)
      expect(row).toContain(redirect.host)
    }
  })

  it('shows a config.json that works', () => {
    const example = /```json\n([\s\S]+?)```/.exec(README)?.[1] ?? ''
    const provider = getProvider(record(JSON.parse(example)), 'acme')
    expect(provider).toMatchObject({ title: 'Acme', issuer: 'https://login.acme.example' })
  })

  it('names only files that exist', () => {
    for (const [, file] of README.matchAll(/`((?:src|docs)\/[\w./-]+\.\w+)`/g)) expect(read(file ?? '')).not.toBe('')
  })
})

describe('help', () => {
  it.each([
    'login',
    'status',
    'token',
    'exec',
    'refresh',
    'why',
    'logout',
    'reauthenticate',
    'migrate-auth',
    'list',
    'use',
    'rename',
    'set',
    'remove',
    'doctor',
    'completion',
    'config',
    'config get',
    'config set',
    'config unset',
    'config list',
    'config path',
    'providers list',
    'storage show',
    'storage set',
    'storage rotate',
    'providers disable',
  ])('of %s has examples of its own command', async (verb) => {
    expect(await helpOf(verb.split(' '))).toContain(`Examples: aiauth ${verb}`)
  })
})

describe('SECURITY.md', () => {
  it('lists every case with the tests that name it, and none without a test', () => {
    const text = read('SECURITY.md')
    const [before, rest = ''] = text.split('<!-- cases -->\n')
    const after = rest.slice(rest.indexOf('<!-- /cases -->'))
    const current = `${before ?? ''}<!-- cases -->\n${caseTable()}\n${after}`
    if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(join(import.meta.dirname, '..', 'SECURITY.md'), current)
    expect(read('SECURITY.md')).toBe(current)
    expect(current).not.toMatch(/\| +\|$/m)
  })
})
