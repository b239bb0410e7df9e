import { singleQuoted } from '../model/shell-word.ts'

/** Shells that variables can be written for; `bash` is read by every POSIX shell. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell', 'json'] as const

export type Shell = (typeof SHELLS)[number]

interface Words {
  readonly set: (name: string, value: string) => string
  readonly unset: (name: string) => string
}

const POSIX: Words = {
  set: (name, value) => `export ${name}=${singleQuoted(value)}`,
  unset: (name) => `unset ${name}`,
}

const WORDS: Readonly<Record<Exclude<Shell, 'json'>, Words>> = {
  bash: POSIX,
  zsh: POSIX,
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replace(/[\\']/g, String.raw`\$&`)}'`,
    unset: (name) => `set -e ${name}`,
  },
  powershell: {
    // PowerShell takes the typographic single quotes for quotes too (about_Quoting_Rules).
    set: (name, value) => `$env:${name} = '${value.replace(/['\u2018-\u201b]/g, '$&$&')}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  },
}

/** Lines that a shell can evaluate: values are texts of one line, names are letters, digits and `_`. */
export function shellExport(
  shell: Exclude<Shell, 'json'>,
  set: Readonly<Record<string, string>>,
  unset: readonly string[],
): string {
  const words = WORDS[shell]
  const lines = [...Object.entries(set).map(([name, value]) => words.set(name, value)), ...unset.map(words.unset)]
  return lines.map((line) => `${line}\n`).join('')
}

/** The shell that the variables speak of: `SHELL` where there is one, else PowerShell on Windows. */
export function shellOf(variables: Readonly<Record<string, string | undefined>>): Exclude<Shell, 'json'> {
  const { SHELL = '', OS } = variables
  if (SHELL === '') return OS === 'Windows_NT' ? 'powershell' : 'bash'
  const name = /[^/\\]*$/.exec(SHELL)?.[0].replace(/\.exe$/i, '')
  if (name === 'pwsh') return 'powershell'
  return name === 'zsh' || name === 'fish' ? name : 'bash'
}
