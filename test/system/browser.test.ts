import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandWords, createBrowser } from '../../src/system/browser.ts'

const URL_TO_OPEN = 'https://example.com/authorize?a=1&scope=x%20y&state=$(id);`id`'
const HAS_SHELL = process.platform !== 'win32'
const HAS_XDG = process.platform === 'linux'

let folder: string
const before = { ...process.env }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiauth-browser-'))
})

afterEach(() => {
  const pid = existsSync(join(folder, 'pid')) ? Number(readFileSync(join(folder, 'pid'), 'utf8')) : undefined
  if (pid !== undefined) process.kill(pid)
  setEnvironment(before)
  rmSync(folder, { recursive: true, force: true })
})

/** A "browser"; `here` in the script is its folder. */
function script(name: string, body: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\nhere='${folder}'\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

const written = (name: string) => readFileSync(join(folder, name), 'utf8')
const browser = (variables: Record<string, string | undefined> = process.env) => createBrowser({ variables })

describe.runIf(HAS_SHELL)('open with a command', () => {
  it('U16: gives it the address as its last argument, unchanged and through no shell', async () => {
    const path = script('my browser', 'printf "%s\\n" "$#" "$@" > "$here/arguments"')
    expect(await browser().open(URL_TO_OPEN, `"${path}" --new-window 'a b'`)).toBe('opened')
    expect(written('arguments')).toBe(`3\n--new-window\na b\n${URL_TO_OPEN}\n`)
  })

  it('takes a path with blanks as one word when it exists', async () => {
    const path = script('my browser', 'printf "%s" "$1" > "$here/arguments"')
    expect(await browser().open(URL_TO_OPEN, path)).toBe('opened')
    expect(written('arguments')).toBe(URL_TO_OPEN)
  })

  it('U6: is unavailable when there is no such command', async () => {
    expect(await browser().open(URL_TO_OPEN, join(folder, 'nothing'))).toBe('unavailable')
    expect(await browser().open(URL_TO_OPEN, 'aiauth-no-such-browser --flag')).toBe('unavailable')
  })

  it.each([1, 2, 3, 127])('U6: is unavailable when the command ends with %i', async (code) => {
    expect(await browser().open(URL_TO_OPEN, `"${script('browser', `exit ${code}`)}"`)).toBe('unavailable')
  })

  it('U6: is unavailable when the command is killed by a signal', async () => {
    expect(await browser().open(URL_TO_OPEN, `"${script('browser', 'kill -9 $$')}"`)).toBe('unavailable')
  })

  it('U6: is unavailable when the command cannot be run, and never throws', async () => {
    expect(await browser().open(URL_TO_OPEN, folder)).toBe('unavailable')
    expect(await browser().open(URL_TO_OPEN, 'a\0b')).toBe('unavailable')
  })

  it('U7: is opened when the command goes on running, and does not wait for its end', async () => {
    const path = script('browser', 'echo $$ > "$here/pid"; exec sleep 600')
    expect(await browser().open(URL_TO_OPEN, path)).toBe('opened')
    expect(() => process.kill(Number(written('pid')), 0)).not.toThrow()
  })

  it('U8: shuts the command out of our terminal: no input, no output, no controlling terminal', async () => {
    const path = script(
      'browser',
      'cat > "$here/input"; echo noise; echo noise >&2; (: < /dev/tty) 2> /dev/null || : > "$here/no-tty"',
    )
    expect(await browser().open(URL_TO_OPEN, path)).toBe('opened')
    expect([written('input'), existsSync(join(folder, 'no-tty'))]).toEqual(['', true])
  })

  it.runIf(HAS_XDG)('U8: starts the command in a session of its own', async () => {
    // Fields 1, 5 and 6 of proc(5) stat: process, process group, session.
    const path = script('browser', 'cut -d " " -f 1,5,6 /proc/$$/stat > "$here/stat"')
    expect(await browser().open(URL_TO_OPEN, path)).toBe('opened')
    const [pid, group, session] = written('stat').trim().split(' ')
    expect([group, session]).toEqual([pid, pid])
  })

  it('keeps everything of ours out of its environment, and the rest in', async () => {
    const path = script('browser', 'env > "$here/environment"')
    const variables = {
      PATH: process.env['PATH'],
      KEPT: 'yes',
      AIAUTH_PASSPHRASE: 'LEAK',
      AIAUTH_PASSPHRASE_FILE: 'LEAK',
      AIAUTH_API_KEY: 'LEAK',
      Aiauth_Token: 'LEAK',
    }
    expect(await browser(variables).open(URL_TO_OPEN, path)).toBe('opened')
    expect(written('environment')).toContain('KEPT=yes')
    expect(written('environment')).not.toMatch(/LEAK|AIAUTH/i)
  })
})

/** All but a browser. The display stands in our variables only, so that the opener asks no real desktop. */
const TOOLS_OF_XDG_OPEN = 'sh sed grep cut echo tr uname cat ls which env realpath readlink'.split(' ')

describe('open without a command', () => {
  it.runIf(HAS_XDG)('U6: is unavailable when the opener of the platform finds no browser', async () => {
    for (const tool of TOOLS_OF_XDG_OPEN) link(tool)
    setEnvironment({ PATH: folder })
    expect(await browser({ DISPLAY: ':99' }).open(URL_TO_OPEN, undefined)).toBe('unavailable')
  })

  it.runIf(HAS_XDG)('is opened by the opener of the platform, which gets nothing of ours', async () => {
    const path = script('browser', 'printf "%s" "$1" > "$here/arguments"; env > "$here/environment"')
    setEnvironment({ PATH: before['PATH'], BROWSER: path, AIAUTH_PASSPHRASE: 'LEAK', AIAUTH_PASSPHRASE_FILE: 'LEAK' })
    expect(await browser({ DISPLAY: ':99' }).open(URL_TO_OPEN, '')).toBe('opened')
    expect(written('arguments')).toBe(URL_TO_OPEN)
    expect(written('environment')).not.toMatch(/LEAK|AIAUTH_/)
  })
})

describe('commandWords', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['firefox', ['firefox']],
    ['firefox --private-window', ['firefox', '--private-window']],
    ['  open   -a  Safari ', ['open', '-a', 'Safari']],
    [`open -a 'Google Chrome'`, ['open', '-a', 'Google Chrome']],
    ['"C:\\Program Files\\b.exe" --profile="My Own" x', ['C:\\Program Files\\b.exe', '--profile=My Own', 'x']],
    [`b "it's" '"' ""`, ['b', "it's", '"', '']],
    [`b it's`, ['b', "it's"]],
    ['b $(id) `id` ; & | > *', ['b', '$(id)', '`id`', ';', '&', '|', '>', '*']],
  ])('splits %j', (command, words) => {
    expect(commandWords(command)).toEqual(words)
  })
})

/** In place: the package `open` and its children see the real one. */
function setEnvironment(variables: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, variables)
}

function link(tool: string): void {
  const found = (before['PATH'] ?? '')
    .split(delimiter)
    .map((place) => join(place, tool))
    .find(existsSync)
  if (found !== undefined) symlinkSync(found, join(folder, tool))
}
