/** Does one thing to the backups of a home: `<home> create|seal|remove [id]`. A process for itself. */
import { AuthError, EXIT_CODES } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { backupsOnDisk } from '../../src/system/backups-on-disk.ts'
import { FACTS, KEY, TEXT } from './backup-facts.ts'

const [home = '', what = '', id = ''] = process.argv.slice(2)
const backups = backupsOnDisk(home)
try {
  const known = backups.list().find((each) => each.id === id)
  if (what === 'create') backups.create(new Secret(TEXT), FACTS)
  else if (known !== undefined && what === 'seal') backups.seal(known, new Secret(KEY))
  else if (known !== undefined && what === 'remove') backups.remove(known)
} catch (error) {
  if (!(error instanceof AuthError)) throw error
  console.error(`${error.message}\n${error.hint ?? ''}`)
  process.exitCode = EXIT_CODES[error.code]
}
