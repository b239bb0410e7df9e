import { join } from 'node:path'
import { AuthError } from '../model/errors.ts'
import type { Settings } from '../model/ports.ts'
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
  return {
    read: () => parseSettings(readPrivateFile(path)),
    async acceptTerms(provider, mode) {
      makePrivateFolder(home)
      const { default: Conf } = await import('conf')
      await withLock(`${path}.lock`, () => {
        parseSettings(readPrivateFile(path))
        try {
          const store = new Conf({ cwd: home, configName: 'config', configFileMode: 0o600, clearInvalidConfig: false })
          store.set(`providers.${provider}.modes.${mode}.acceptedTerms`, true)
        } catch (error) {
          throw cannotWrite('config.json', home, error)
        }
      })
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
