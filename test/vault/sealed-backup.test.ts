import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { newBackupKey, openBackup, sealBackup } from '../../src/vault/sealed-backup.ts'

describe('openBackup', () => {
  const accounts = [{ id: 'id-1', name: 'work', part: 'tokens', isNew: true }] as const
  const facts = { source: '/home/ada/.codex/auth.json', custody: 'linked', accounts } as const
  const [backup, key] = [{ id: 'auth_backup_20261121_100000', sha256: 'a'.repeat(64), ...facts }, newBackupKey()]
  const stored = sealBackup(new Secret('RT-LEAK'), backup, key)

  it('opens what was sealed for this very backup', () => {
    expect(openBackup(stored, backup, key)?.reveal()).toBe('RT-LEAK')
  })

  it.each([
    ['for another id', stored, { ...backup, id: `${backup.id}-2` }],
    ['for another text', stored, { ...backup, sha256: 'b'.repeat(64) }],
    ['for another source', stored, { ...backup, source: '/home/ada/.ssh/id' }],
    ['for another custody', stored, { ...backup, custody: 'take-over' as const }],
    ['for other accounts', stored, { ...backup, accounts: [{ ...accounts[0], id: 'id-2' }] }],
    ['by a later version', stored.replace('"version":1', '"version":2'), backup],
    ['and is no JSON any more', stored.slice(0, -3), backup],
    ['and has a short tag', stored.replace(/"tag":"[^"]+"/, '"tag":"AAAA"'), backup],
  ])('M7: opens nothing that was sealed %s', (_case, text, wanted) => {
    expect(openBackup(text, wanted, key)).toBeUndefined()
  })

  it('M7: gives the same text or none, whatever byte is changed', () => {
    for (let at = 0; at < stored.trimEnd().length; at++) {
      const changed = stored.slice(0, at) + (stored[at] === 'A' ? 'B' : 'A') + stored.slice(at + 1)
      const opened = openBackup(changed, backup, key)?.reveal()
      expect([undefined, 'RT-LEAK']).toContain(opened)
    }
  })
})
