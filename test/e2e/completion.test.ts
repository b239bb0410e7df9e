import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import { account } from '../fakes/account.ts'
import { BIN, filesIn, run, temporaryHome } from './program.ts'

const hasShell = (name: string) => spawnSync(name, ['-c', 'exit 0']).status === 0
let home = ''
let folder = ''
beforeEach(async () => {
  home = temporaryHome()
  folder = temporaryHome()
  const accounts = [
    account(),
    account({ id: 'b', name: 'ada@work.example', provider: 'openai', mode: 'codex' }),
    account({ id: 'c', name: '$(touch planted)' }),
  ]
  writeFileSync(join(home, 'auth.json'), formatAuthFile({ ...newAuthFile('f'), accounts }), { mode: 0o600 })
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'empty'))
  const program = join(folder, 'bin', 'aiauth')
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(program, 0o755)
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await run(['completion', shell], { home })
    writeFileSync(join(folder, shell), stdout)
  }
})

function inShell(command: string, ...argv: string[]): string {
  const { stdout, stderr } = spawnSync(command, argv, {
    encoding: 'utf8',
    timeout: 30_000,
    cwd: join(folder, 'empty'),
    env: {
      PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      AIAUTH_HOME: home,
      AIAUTH_STORAGE: 'plaintext',
      TERM: 'dumb',
    },
  })
  expect(stderr).toBe('')
  return stdout
}

describe.skipIf(!hasShell('bash'))('aiauth completion bash', () => {
  /** What readline would be given, line by line of those that are typed. */
  const complete = (...typed: string[]) => {
    const calls = typed.map((line) => `COMP_LINE='${line}' COMP_POINT=${line.length}; _aiauth; echo "\${COMPREPLY[*]}"`)
    const script = `source '${join(folder, 'bash')}'; COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'; ${calls.join('\n')}`
    return inShell('bash', '--norc', '-c', script).split('\n').slice(0, -1)
  }

  it('completes commands, flags, accounts, providers, modes and keys', () => {
    expect(
      complete(
        'aiauth sta',
        'aiauth token w',
        'aiauth token ada@w',
        'aiauth token ',
        'aiauth status --ch',
        'aiauth login claude --mode ',
        'aiauth env --shell=f',
        'aiauth set work pri',
        'aiauth set work priority=1 no',
        'aiauth config u',
        'aiauth exec work -- wo',
        'aiauth token nobody',
      ),
    ).toEqual([
      'status',
      'work',
      'work.example',
      'work ada@work.example claude openai',
      '--check',
      'max console setup-token api-key',
      'fish',
      'priority=',
      'notes=',
      'unset',
      '',
      '',
    ])
  })
})

describe.skipIf(!hasShell('fish'))('aiauth completion fish', () => {
  it('completes with a word about each', () => {
    const complete = (line: string) =>
      inShell('fish', '--no-config', '-c', `source '${join(folder, 'fish')}'; complete -C '${line}'`).trimEnd()
    expect(complete('aiauth token w')).toBe('work\tclaude/max')
    expect(complete('aiauth remove ada@')).toBe('ada@work.example\topenai/codex')
    expect(complete('aiauth status --us')).toBe(
      '--usage\tshow how much of the rate limits is used (asked for at most once in 3 minutes)',
    )
  })
})

describe.skipIf(!hasShell('zsh'))('aiauth completion zsh', () => {
  it('completes what is typed before the tab key', () => {
    // A terminal of zsh's own: what stands in the line after the tab key is printed by a widget.
    const lines = ['token w', 'token ada@', 'set work prio', 'status --us', 'config uns']
    const seen = join(folder, 'seen')
    const until = (count: number) => `until [[ -e ${seen} && $(wc -l < ${seen}) -ge ${count} ]]; do sleep 0.1; done`
    const keys = lines.map((line, index) => `zpty -w -n z $'\\C-uaiauth ${line}\\t\\C-xp'\n${until(index + 2)}`)
    const script = `
      zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source '${join(folder, 'zsh')}'"
      zpty -w z 'p() { print -r -- "[$BUFFER]" >> ${seen} }; zle -N p; bindkey "^Xp" p; bindkey "^U" kill-whole-line'
      zpty -w z 'print ready > ${seen}'
      ${keys.join('\n')}
      zpty -d z`
    inShell('zsh', '-f', '-c', script)
    expect(readFileSync(seen, 'utf8').split('\n')).toEqual([
      'ready',
      '[aiauth token work ]',
      '[aiauth token ada@work.example ]',
      '[aiauth set work priority=]',
      '[aiauth status --usage ]',
      '[aiauth config unset ]',
      '',
    ])
  }, 30_000)
})

describe('aiauth complete', () => {
  it('X2: offers no name that a shell would run, and leaves nothing behind', async () => {
    const { stdout, stderr, exitCode } = await run(['complete', '--', '.', 'token'], { home })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')).toEqual([
      'work\tclaude/max',
      'ada@work.example\topenai/codex',
      'claude\tClaude',
      'openai\tOpenAI (ChatGPT)',
      '',
    ])
    expect(filesIn(home)).toEqual({ 'auth.json': '600' })
  })
})
