import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The folder of all our files: `AIAUTH_HOME`, else the platform's config folder
 * (`~/.config/aiauth` on Linux, where `XDG_CONFIG_HOME` counts if it is absolute).
 */
export function homeFolder(variables: Variables, platform: string = process.platform): string {
  const own = variables['AIAUTH_HOME']
  if (own !== undefined && own !== '') return resolve(own)
  if (platform === 'win32') return join(variables['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'aiauth')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'aiauth')
  const xdg = variables['XDG_CONFIG_HOME']
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.config'), 'aiauth')
}
