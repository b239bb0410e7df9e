import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly scripts: Record<string, string>
  readonly engines: { readonly node: string }
}
interface Locked {
  readonly packages: Record<
    string,
    { integrity?: string; hasInstallScript?: boolean; engines?: { node?: string }; dev?: boolean; optional?: boolean }
  >
}

const ROOT = join(import.meta.dirname, '..')
const json = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as unknown
const manifest = json('package.json') as Manifest
const locked = Object.entries((json('package-lock.json') as Locked).packages).filter(([path]) => path !== '')
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)
const code = sources.map((file) => readFileSync(join(ROOT, 'src', file), 'utf8')).join('\n')

describe('the package', () => {
  it('S1: names every dependency exactly, and the lockfile has the digest of each', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
    expect(locked.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([])
    expect(manifest.dependencies['chalk']).not.toBe('5.6.1')
  })

  it('S2: needs no install script, and switches those of others off', () => {
    expect(Object.keys(manifest.scripts).filter((name) => /install|prepare/.test(name))).toEqual([])
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toContain('ignore-scripts=true')
    const ofUsers = locked.filter(([, each]) => each.hasInstallScript === true && each.dev !== true)
    expect(ofUsers.map(([path]) => path)).toEqual([])
  })

  it('S3: does not depend on keytar', () => expect(locked.map(([path]) => path)).not.toContain('node_modules/keytar'))

  it('S4: uses an opener that escapes for PowerShell', () => {
    expect(Number(manifest.dependencies['open']?.split('.')[0])).toBeGreaterThanOrEqual(11)
  })

  it('S5, S6: takes endpoints from config.json alone, never from the environment, and runs none of it', () => {
    expect(
      [...code.matchAll(/\['([A-Z][A-Z_]+)'\]/g)]
        .map(([, name]) => name)
        .filter((name) => /CLIENT|ENDPOINT|ISSUER|URL/.test(name ?? '')),
    ).toEqual([])
    expect(code).not.toMatch(/\beval\(|new Function\(|node:vm/)
  })

  it('X11, X13: knows no clipboard, no telemetry and no update check', () => {
    expect(code).not.toMatch(/pbcopy|xclip|xsel|wl-copy|clip\.exe|\]52;|telemetry|analytics|registry\.npmjs/)
  })

  it('S7: leaves randomness and digests to node:crypto and oauth4webapi', () => {
    const inOauth = readFileSync(join(ROOT, 'src', 'oauth', 'authorization.ts'), 'utf8')
    expect(inOauth).toMatch(/oauth\.generateRandomCodeVerifier\(\)/)
    expect(inOauth).toMatch(/oauth\.generateRandomState\(\)/)
  })

  it('S8: publishes the program and its papers, nothing else', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    })
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }]
    const paths = files.map(({ path }) => path)
    expect(paths.filter((path) => !/^(bin\/|dist\/[\w-]+\.cjs$|[A-Z]+(\.md)?$|package\.json$)/.test(path))).toEqual([])
    expect(paths).toEqual(
      expect.arrayContaining(['bin/aiauth.js', 'dist/aiauth.cjs', 'LICENSE', 'README.md', 'SECURITY.md']),
    )
  })

  it('runs on Node.js 20, dependencies included', () => {
    expect(manifest.engines.node).toBe('>=20')
    for (const [path, { engines, dev }] of locked) {
      if (dev !== true && engines?.node !== undefined) expect(engines.node, path).not.toMatch(/^>=? ?2[1-9]/)
    }
  })
})
