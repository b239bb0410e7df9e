import { createRequire } from 'node:module'
import type * as Os from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** Loaded where no variable names the home: 1 ms that the way to a token need not pay. */
const load = createRequire(import.meta.url)

type Variables = Readonly<Record<string, string | undefined>>

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

function userFolder(variables: Variables, platform: string): string {
  const named = variables[platform === 'win32' ? 'USERPROFILE' : 'HOME']
  return named !== undefined && named !== '' ? named : (load('node:os') as typeof Os).homedir()
}
