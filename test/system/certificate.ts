import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

export interface Certificate {
  /** For `NODE_EXTRA_CA_CERTS`. */
  readonly file: string
  readonly key: Buffer
  readonly cert: Buffer
}

/**
 * A certificate that vouches for itself, gone when the test file is done. It is made here:
 * a key that is committed is a key that is found by every scanner.
 */
export function certificate(...names: string[]): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'aiauth-tls-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = [
    '-subj',
    `/CN=${names[0] ?? ''}`,
    '-addext',
    `subjectAltName=${names.map((name) => `DNS:${name}`).join()}`,
  ]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', keyFile, '-out', file, ...subject], { stdio: 'ignore' }) // prettier-ignore
  return { file, key: readFileSync(keyFile), cert: readFileSync(file) }
}
