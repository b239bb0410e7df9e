import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { namesIn } from './names-in.ts'

/** A program that copies folders to other machines, and how its folders are known. */
interface Syncer {
  readonly program: string
  /** What its folder is called, where it has a name. */
  readonly folder?: RegExp
  /** What it leaves in its folder, whatever that is called. */
  readonly mark?: RegExp
}

const SYNCERS: readonly Syncer[] = [
  // `~/.dropbox` is no mark: it holds the program's own settings, in a folder that is not copied.
  { program: 'Dropbox', folder: /^Dropbox(?: \(.+\))?$/i, mark: /^\.dropbox\.cache$/ },
  { program: 'OneDrive', folder: /^OneDrive(?:$| ?- ?)/i },
  { program: 'iCloud Drive', folder: /^(?:iCloud ?Drive|Mobile Documents)$/i },
  { program: 'Google Drive', folder: /^(?:Google ?Drive|My Drive)(?:$|-)/i, mark: /^\.tmp\.drive(?:down|up)load$/ },
  { program: 'Syncthing', folder: /^Syncthing$/i, mark: /^\.stfolder/ },
  { program: 'Nextcloud', folder: /^Nextcloud\d*$/i, mark: /^\.nextcloudsync\.log$/ },
  { program: 'ownCloud', folder: /^ownCloud\d*$/i, mark: /^\.owncloudsync\.log$/ },
  { program: 'Nextcloud or ownCloud', mark: /^\._?sync_[\da-f]{12}\.db$/ },
  { program: 'pCloud', folder: /^pCloud ?Drive$/i },
  // Where macOS has all that its file providers bring; what stands there bears their names.
  { program: 'a cloud drive', folder: /^CloudStorage$/ },
]

/**
 * The program that copies this folder to other machines, or one that it stands in, as far as
 * we know its kind; links are followed. A folder that is not there yet counts like its parent.
 */
export function syncedBy(folder: string): string | undefined {
  for (let path = realPath(folder); ; path = dirname(path)) {
    const [name, inside] = [basename(path), namesIn(path)]
    const found = SYNCERS.find((each) => each.folder?.test(name) === true || inside.some((one) => each.mark?.test(one)))
    if (found !== undefined) return found.program
    if (dirname(path) === path) return undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path))
  }
}
