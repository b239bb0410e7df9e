import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { syncedBy } from '../../src/system/synced-folder.ts'
import { bundle } from '../fakes/account.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plaintext-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** A home folder below these, with this file beside the outermost of them. */
function folder(path: string, mark?: string): string {
  mkdirSync(join(root, path), { recursive: true, mode: 0o700 })
  if (mark !== undefined) writeFileSync(join(root, mark), '')
  return join(root, path)
}

describe('syncedBy', () => {
  it.each([
    ['Dropbox/aiauth', undefined, 'Dropbox'],
    ['Dropbox (Personal)/aiauth', undefined, 'Dropbox'],
    ['work/aiauth', 'work/.dropbox.cache', 'Dropbox'],
    ['OneDrive/aiauth', undefined, 'OneDrive'],
    ['OneDrive - Acme Ltd/aiauth', undefined, 'OneDrive'],
    ['Library/Mobile Documents/com~apple~CloudDocs/aiauth', undefined, 'iCloud Drive'],
    ['iCloudDrive/aiauth', undefined, 'iCloud Drive'],
    ['Google Drive/My Drive/aiauth', undefined, 'Google Drive'],
    ['Library/CloudStorage/GoogleDrive-ada@example.com/aiauth', undefined, 'Google Drive'],
    ['work/aiauth', 'work/.tmp.drivedownload', 'Google Drive'],
    ['Library/CloudStorage/Box-Box/aiauth', undefined, 'a cloud drive'],
    ['Sync/deep/aiauth', 'Sync/.stfolder', 'Syncthing'],
    ['Nextcloud/aiauth', undefined, 'Nextcloud'],
    ['ownCloud/aiauth', undefined, 'ownCloud'],
    ['cloud/aiauth', 'cloud/.sync_0123456789ab.db', 'Nextcloud or ownCloud'],
    ['pCloudDrive/aiauth', undefined, 'pCloud'],
    ['.config/aiauth', undefined, undefined],
    ['dropbox-tools/aiauth', undefined, undefined],
    ['home/.config/aiauth', 'home/.dropbox', undefined],
    ['OneDriver/aiauth', undefined, undefined],
  ])('of %s, with %s, is %s', (path, mark, program) => {
    expect(syncedBy(folder(path, mark))).toBe(program)
  })

  it('follows links, and counts a folder that is not there yet like its parent', () => {
    symlinkSync(folder('Dropbox/settings'), join(root, 'config'))
    expect(syncedBy(join(root, 'config'))).toBe('Dropbox')
    expect(syncedBy(join(root, 'config', 'new', 'aiauth'))).toBe('Dropbox')
  })
})

describe('the first secret in plaintext', () => {
  const probe = (home: string) => sealedVaultOnDisk(home, undefined).probe()

  it.each([0o777, 0o770, 0o702])('K15: is refused in a folder that others can write to (mode %o)', async (mode) => {
    const home = folder('aiauth')
    chmodSync(home, mode)
    await expect(probe(home)).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: `plaintext is refused: others could write to ${home} (mode 0${mode.toString(8)})`,
      hint: `chmod 700 ${home} and look at what is in it, or choose a storage that seals: --storage passphrase`,
    })
    expect(statSync(home).mode & 0o777).toBe(mode)
  })

  it('K15: is refused in a folder that is copied to other machines', async () => {
    const home = folder('OneDrive/aiauth')
    await expect(probe(home)).rejects.toMatchObject({
      code: 'storage-unavailable',
      message: `plaintext is refused: OneDrive copies ${home} to other machines`,
      hint: 'set AIAUTH_HOME to a folder that stays here, or choose a storage that seals: --storage passphrase',
    })
  })

  it('is kept in a folder that others can only read, which is closed to them then', async () => {
    const home = folder('aiauth')
    chmodSync(home, 0o755)
    await probe(home)
    expect(statSync(home).mode & 0o777).toBe(0o700)
  })

  it('may be followed by others wherever it stands', async () => {
    const home = folder('aiauth')
    const vault = sealedVaultOnDisk(home, undefined)
    await vault.write(bundle())
    writeFileSync(join(root, '.stfolder'), '')
    await expect(probe(home)).resolves.toBeUndefined()
  })
})
