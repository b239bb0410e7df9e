import { join } from 'node:path'
import type Conf from 'conf'
import { AuthError } from '../model/errors.ts'
import type { Settings } from '../model/ports.ts'
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
  const change = async (work: (store: Conf, current: UntrustedRecord) => void) => {
    makePrivateFolder(home)
    const { default: Conf } = await import('conf')
    await withLock(`${path}.lock`, () => {
      const current = read()
      try {
        work(new Conf({ cwd: home, configName: 'config', configFileMode: 0o600, clearInvalidConfig: false }), current)
      } catch (error) {
        throw cannotWrite('config.json', home, error)
      }
    })
  }
  return {
    read,
    acceptTerms: (provider, mode) =>
      change((store) => store.set(`providers.${provider}.modes.${mode}.acceptedTerms`, true)),
    // A mode may be called anything, so its name must not become a part of a path.
    setEnabled: (provider, enabled) =>
      change((store, { providers }) => {
        store.set('providers', { ...record(providers), [provider]: withEnabled(record(providers)[provider], enabled) })
      }),
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
