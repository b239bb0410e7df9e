import type * as Os from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { AuthError } from '../model/errors.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/**
 * The folder of all our files: `AIAUTH_HOME`, else the platform's config folder
 * (`~/.config/aiauth` on Linux, where `XDG_CONFIG_HOME` counts if it is absolute).
 */
export function homeFolder(variables: Variables, platform: string = process.platform): string {
  const own = variables['AIAUTH_HOME']
  if (own !== undefined && own !== '') return resolve(own)
  if (platform === 'win32')
    return join(variables['APPDATA'] ?? join(userFolder(variables, platform), 'AppData', 'Roaming'), 'aiauth')
  if (platform === 'darwin') return join(userFolder(variables, platform), 'Library', 'Application Support', 'aiauth')
  const xdg = variables['XDG_CONFIG_HOME']
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(userFolder(variables, platform), '.config'), 'aiauth')
}

/** The vault file of a home folder. */
export const vaultPathIn = (home: string) => join(home, 'vault.json')

/**
 * `os` is asked only where no variable names the folder: loading it takes 1 ms, which the way
 * to a token need not pay. Node 20.16 and later can be asked without an import.
 */
export function userFolder(variables: Variables, platform: string = process.platform): string {
  const named = variables[platform === 'win32' ? 'USERPROFILE' : 'HOME']
  if (named !== undefined && named !== '') return named
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: 'node:os') => typeof Os }
  if (getBuiltinModule !== undefined) return getBuiltinModule('node:os').homedir()
  throw new AuthError('usage', 'the home folder is not known', { hint: 'AIAUTH_HOME=<folder>' })
}
