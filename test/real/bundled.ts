import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll } from 'vitest'

const folders: string[] = []
const ROOT = join(import.meta.dirname, '..', '..')

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

/**
 * Builds one file of the project into a folder of its own, as it is shipped: CommonJS, packages
 * outside. With `packages: false` there are none to be found. All such folders go when the
 * test file that asked for them is done.
 */
export async function bundled(file: string, options: { packages?: boolean } = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bundled-'))
  folders.push(folder)
  const path = join(folder, basename(file).replace(/\.ts$/, '.cjs'))
  const bundle = await rolldown({ input: join(ROOT, file), platform: 'node', external: [/^node:/, '@napi-rs/keyring'] })
  await bundle.write({ file: path, format: 'cjs', codeSplitting: false, dynamicImportInCjs: false })
  await bundle.close()
  if (options.packages !== false) symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return path
}
