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
    setEnabled: async (provider, enabled) => {
      const at = ['providers', provider]
      await change((current) => withSetting(current, at, withEnabled(settingAt(current, at), enabled)))
    },
  }
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
