import { lstatSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry, Inspection } from '../model/inspection.ts'
import { userFolder, type Variables } from './home.ts'
import { namesIn } from './names-in.ts'
import { syncedBy } from './synced-folder.ts'

/** Magic numbers of statfs(2), as Linux has them; elsewhere the number is the system's own and tells nothing. */
const ODD_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0x6969: 'nfs',
  0x517b: 'smb',
  0xff534d42: 'cifs',
  0xfe534d42: 'smb2',
  0x65735546: 'fuse',
  0x01021997: '9p',
}

/** What `doctor` looks at, on this machine. */
export function inspectionOnDisk(variables: Variables): Inspection {
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    entry: (path) => quietly(() => entryOf(path)),
    names: namesIn,
    oddFileSystem: (folder) =>
      process.platform === 'linux' ? quietly(() => ODD_FILE_SYSTEMS[statfsSync(folder).type]) : undefined,
    syncedBy,
    keychainService: async () =>
      process.platform === 'linux' ? (await import('./secret-service.ts')).secretService() : undefined,
    get toolFiles() {
      const home = userFolder(variables)
      const named = (name: string, otherwise: string) => {
        const value = variables[name] ?? ''
        return value === '' ? otherwise : value
      }
      const [codex, claude] = [
        named('CODEX_HOME', join(home, '.codex')),
        named('CLAUDE_CONFIG_DIR', join(home, '.claude')),
      ]
      const data = named('XDG_DATA_HOME', join(home, '.local', 'share'))
      return [
        { tool: 'Codex', path: join(codex, 'auth.json') },
        { tool: 'Claude Code', path: join(claude, '.credentials.json') },
        { tool: 'opencode', path: join(data, 'opencode', 'auth.json') },
      ]
    },
  }
}

function entryOf(path: string): Entry {
  const [isLink, facts] = [lstatSync(path).isSymbolicLink(), statSync(path)]
  const isOurs = process.platform === 'win32' || facts.uid === process.getuid?.()
  const mode = process.platform === 'win32' ? 0 : facts.mode & 0o777
  return { kind: facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other', mode, isOurs, isLink }
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
