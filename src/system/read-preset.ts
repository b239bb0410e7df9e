import { closeSync, constants, openSync, readSync } from 'node:fs'
import { isAccountName } from '../model/account-name.ts'
import { AuthError } from '../model/errors.ts'
import type { Preset } from '../model/preset.ts'
import { cleanLine } from '../model/untrusted.ts'
import type { Variables } from './home.ts'
import { presetFile, presetVariable } from './preset.ts'

const SIZE_LIMIT_BYTES = 4096

/** Not followed, and not waited for: the folder may be anybody's. Windows has neither flag. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>

/**
 * What is meant where no account is named: by `AIAUTH_ACCOUNT`, else by the nearest `.aiauth` file.
 *
 * @throws AuthError as `readPreset`.
 */
export function findPreset(variables: Variables): Preset | undefined {
  const path = presetVariable(variables) === undefined ? presetFile() : undefined
  return path === undefined ? presetVariable(variables) : readPreset(path)
}

/**
 * The one name in a `.aiauth` file; what stands behind a `#` does not count. It may have come
 * with a cloned folder, so it can do nothing but name one of the user's accounts, and what it
 * holds otherwise is not repeated.
 *
 * @throws AuthError `usage` for any other content, or a link in its place.
 */
export function readPreset(path: string): Preset {
  const lines = textOf(path)
    .replace(/^\uFEFF/, '')
    .split('\n')
  const names = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '')
  const [name] = names
  if (name === undefined || names.length > 1 || !isAccountName(name)) throw odd(path, 'must hold one name')
  return { name, path: cleanLine(path) }
}

function textOf(path: string): string {
  try {
    const descriptor = openSync(path, constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const bytes = Buffer.alloc(SIZE_LIMIT_BYTES + 1)
      const length = readSync(descriptor, bytes)
      if (length <= SIZE_LIMIT_BYTES) return bytes.toString('utf8', 0, length)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    throw odd(path, 'is no file that can be read')
  }
  throw odd(path, `is larger than ${SIZE_LIMIT_BYTES} bytes`)
}

function odd(path: string, fault: string): AuthError {
  return new AuthError('usage', `${cleanLine(path)} ${fault}`, { hint: 'name the account, or set AIAUTH_ACCOUNT' })
}
