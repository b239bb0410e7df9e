import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Settings } from '../model/ports.ts'
import { settingAt, withSetting } from '../model/setting-path.ts'
import { withEnabled } from '../model/with-enabled.ts'
import { isRecord, json, record, type UntrustedRecord } from '../model/untrusted.ts'
import { withLock } from './lock.ts'
import { cannotWrite, makePrivateFolder } from './private-files.ts'
import { readPrivateFile } from './read-private-file.ts'

/**
 * `config.json` in the home folder. Reading is ours, since `conf` writes when it is made and
 * quotes the file in its errors; changing it is left to `conf`.
 */
export function settingsOnDisk(home: string): Settings {
  const path = join(home, 'config.json')
  const read = () => parseSettings(readPrivateFile(path))
  const change: Settings['change'] = async (work) => {
    makePrivateFolder(home)
    const { default: Conf } = await import('conf')
    return withLock(`${path}.lock`, () => {
      const current = read()
      const changed = work(current)
      if (changed === current) return current
      try {
        const store = new Conf({ cwd: home, configName: 'config', configFileMode: 0o600, clearInvalidConfig: false })
        // Whole, since a mode may be called anything: its name must not become a part of a path.
        store.store = { ...changed }
      } catch (error) {
        throw cannotWrite('config.json', home, error)
      }
      return changed
    })
  }
  return {
    path,
    read,
    change,
    acceptTerms: async (provider, mode) => {
      await change((current) => withSetting(current, ['providers', provider, 'modes', mode, 'acceptedTerms'], true))
    },
    installationId: async () => {
      const known = installationIn(read())
      if (known !== undefined) return known
      let made = ''
      await change((current) => {
        made = installationIn(current) ?? randomUUID()
        return withSetting(current, [INSTALLATION], made)
      })
      return made
    },
    keepClientId: async (provider, mode, clientId) => {
      await change((current) => withSetting(current, ['providers', provider, 'modes', mode, 'clientId'], clientId))
    },
    setEnabled: async (provider, enabled) => {
      const at = ['providers', provider]
      await change((current) => withSetting(current, at, withEnabled(settingAt(current, at), enabled)))
    },
  }
}

const INSTALLATION = 'installationId'
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function installationIn(settings: UntrustedRecord): string | undefined {
  const id = settings[INSTALLATION]
  if (id === undefined || (typeof id === 'string' && UUID.test(id))) return id
  throw new AuthError('usage', `config.json: ${INSTALLATION} must be a UUID`, { hint: 'remove it from config.json' })
}

function parseSettings(text: string | undefined): UntrustedRecord {
  if (text === undefined) return record(undefined)
  const settings = json(text.replace(/^\uFEFF/, ''))
  if (settings === undefined) throw invalid('is not valid JSON')
  if (!isRecord(settings)) throw invalid('is not a record')
  return record(settings)
}

function invalid(fault: string): AuthError {
  return new AuthError('auth-file-invalid', `config.json cannot be read: ${fault}; it was left as it is`, {
    hint: 'correct config.json, or move it away',
  })
}
