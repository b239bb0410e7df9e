import type { NewBackup } from '../../src/model/backup.ts'

/** What `keeps-a-backup.ts` copies: longer than a torn write, and easy to find again. */
export const TEXT = `{"tokens":{"refresh_token":"RT-LEAK-${'r'.repeat(4000)}"}}`
export const KEY = Buffer.alloc(32, 7).toString('base64')
export const FACTS: NewBackup = {
  kind: 'migration',
  source: '/home/ada/.codex/auth.json',
  custody: 'linked',
  accounts: [{ id: 'id-1', name: 'work', part: 'tokens', isNew: true }],
  storage: 'keychain',
}
