import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { shellExport, shellOf } from '../../src/ui/shell-export.ts'

/** Every character that a token may have (RFC 6749 appendix A.12), then what shells are fond of. */
const VSCHAR = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
const VALUES = {
  TOKEN: VSCHAR,
  QUOTES: `''a'''b"\`$(exit 9)\${HOME} \\' \\\\ \\`,
  SPACES: '  two  ',
  EMPTY: '',
  OTHERS: 'é ‘quoted’ %PATH% !! ~ *',
}

const hasShell = (name: string) => spawnSync(name, ['-c', 'exit 0']).status === 0

describe('shellExport', () => {
  for (const [program, shell, ...options] of [
    ['sh', 'bash'],
    ['dash', 'bash'],
    ['bash', 'bash'],
    ['bash', 'bash', '--posix'],
    ['zsh', 'zsh', '-f'],
    ['zsh', 'zsh', '-f', '-o', 'RC_QUOTES'],
    ['fish', 'fish', '--no-config'],
  ] as const) {
    it.skipIf(!hasShell(program))(
      `gives ${[program, ...options].join(' ')} every value as it is, and takes away what is there and what is not`,
      () => {
        const dump = `'${process.execPath}' -e 'console.log(JSON.stringify(process.env))'`
        const script = `${shellExport(shell, VALUES, ['GONE', 'NEVER'])}${dump}\n`
        const env = { PATH: process.env['PATH'], HOME: '/nonexistent', GONE: 'x', KEPT: 'x' }
        const { stdout, stderr, status } = spawnSync(program, [...options, '-c', script], { encoding: 'utf8', env })
        expect([stderr, status]).toEqual(['', 0])
        const seen = JSON.parse(stdout) as Record<string, string>
        expect(seen).toMatchObject({ ...VALUES, KEPT: 'x' })
        expect(seen).not.toHaveProperty('GONE')
      },
    )
  }

  it('doubles whatever PowerShell takes for a single quote, and nothing else', () => {
    expect(shellExport('powershell', { A: `it's ‘so’ "$x" \`n`, B: '' }, ['C'])).toBe(
      `$env:A = 'it''s ‘‘so’’ "$x" \`n'\n$env:B = ''\nRemove-Item Env:C -ErrorAction SilentlyContinue\n`,
    )
  })
})

describe('shellOf', () => {
  it.each([
    [{}, 'bash'],
    [{ SHELL: '/bin/sh' }, 'bash'],
    [{ SHELL: '/usr/bin/zsh' }, 'zsh'],
    [{ SHELL: '/opt/homebrew/bin/fish' }, 'fish'],
    [{ SHELL: '/usr/bin/pwsh' }, 'powershell'],
    [{ SHELL: 'C:\\msys64\\usr\\bin\\zsh.exe', OS: 'Windows_NT' }, 'zsh'],
    [{ OS: 'Windows_NT' }, 'powershell'],
  ])('finds the shell of %j', (variables, shell) => expect(shellOf(variables)).toBe(shell))
})
