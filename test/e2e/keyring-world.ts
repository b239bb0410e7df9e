import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, vi } from 'vitest'
import type { Keychain } from '../../src/system/keychain.ts'
import { keychainOn } from '../real/child-keychain.ts'
import { procFile } from '../real/processes.ts'
import { startSecretService, type SecretService } from '../real/secret-service.ts'
import type { Sandbox } from '../sandbox/start.ts'
import { filesIn, ROOT, run, temporaryHome, type Ended } from './program.ts'

export type Environment = Readonly<Record<string, string | undefined>>
type Printed = Pick<Ended, 'exitCode' | 'stdout' | 'stderr'>

/** Whoever signed in to `claude` with nothing chosen, and where everything of it is. */
export interface SignedIn {
  readonly folder: string
  readonly service: SecretService
  readonly env: Environment
  /** `auth.json` as the sign-in left it. */
  readonly facts: string
  readonly id: string
}

/** A browser that always agrees. */
export const BROWSER = `"${process.execPath}" "${join(ROOT, 'test', 'sandbox', 'browser.js')}"`

/** The launcher reads in its own process, the whole program through a child. */
export const BOTH_WAYS = [
  ['the short way', ['token', 'claude']],
  ['the whole program', ['token', 'claude', '--min-validity', '0']],
] as const

/** A keyring for one test, and the variables that lead to it and choose nothing. */
export async function keyring(options?: Parameters<typeof startSecretService>[0]) {
  const service = await startSecretService(options)
  onTestFinished(() => service.stop())
  const { DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } = service.env
  return { service, env: { AIAUTH_STORAGE: undefined, BROWSER, DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR } }
}

/** A keyring with an account in it, by a sign-in of the built program. */
export async function signedIn(sandbox: Sandbox, options?: Parameters<typeof keyring>[0]): Promise<SignedIn> {
  const folder = temporaryHome(sandbox.settings)
  const { service, env } = await keyring(options)
  expect(await run(['login', 'claude'], { home: folder, env })).toMatchObject({ exitCode: 0 })
  const facts = readFileSync(join(folder, 'auth.json'), 'utf8')
  const { accounts } = JSON.parse(facts) as { accounts: { id: string }[] }
  return { folder, service, env, facts, id: accounts[0]?.id ?? '' }
}

export function expectUnchanged({ folder, facts }: SignedIn): void {
  expect(readFileSync(join(folder, 'auth.json'), 'utf8')).toBe(facts)
  // The folder of the account's lock stays, empty.
  expect(Object.keys(filesIn(folder)).filter((name) => name !== 'journal')).toEqual(['auth.json', 'config.json'])
}

/** Exit 7 with one error and what to type, at most three lines of it, on stderr, and nothing else. */
export function expectTrouble({ exitCode, stdout, stderr }: Printed, words: string): void {
  const said = expect.stringMatching(/^aiauth: error: [^\n]+\n(?:aiauth: hint: [^\n]+\n){1,3}$/) as string
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 7, stdout: '', stderr: said })
  expect(stderr).toContain(words)
}

export async function errorCode(argv: readonly string[], { folder, env }: SignedIn): Promise<string> {
  const { stdout } = await run([...argv, '--json'], { home: folder, env })
  return (JSON.parse(stdout) as { error: { code: string } }).error.code
}

/** Another program's way to the same items: the built child. */
export function keychainOf({ env }: SecretService): Keychain {
  const keychain = keychainOn(env, { childPath: join(ROOT, 'dist', 'keychain-child.cjs') })
  onTestFinished(() => {
    keychain.close()
    vi.unstubAllEnvs()
  })
  return keychain
}

/** All items of the service `aiauth`: the account of each, and all that is readable without its secret. */
export function itemsOf({ env }: SecretService): { account: string; shown: string }[] {
  const call = (path: string, method: string, ...values: string[]) => {
    const to = ['--print-reply=literal', '--dest=org.freedesktop.secrets', path, `org.freedesktop.${method}`]
    return spawnSync('dbus-send', [...to, ...values], { env, encoding: 'utf8' }).stdout
  }
  const found = call('/org/freedesktop/secrets', 'Secret.Service.SearchItems', 'dict:string:string:service,aiauth')
  return Array.from(found.matchAll(/\/org\/freedesktop\/secrets\/collection\/\S+/g), ([path]) => {
    const shown = call(path, 'DBus.Properties.GetAll', 'string:org.freedesktop.Secret.Item')
    return { account: /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/.exec(shown)?.[0] ?? shown, shown }
  })
}

function processesWith(words: string, file: 'environ' | 'cmdline' = 'environ'): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((id) => procFile(id, file).includes(words))
}

/** The program's own, its children and theirs: all inherit the home. The test's limit ends the wait. */
export async function nobodyLeft(home: string): Promise<void> {
  while (processesWith(`AIAUTH_HOME=${home}\0`).length > 0) await sleep(10)
}

/** The dialog of the fixture is a process that sleeps. */
export async function dialogOpen({ env }: SecretService): Promise<void> {
  const bus = env['DBUS_SESSION_BUS_ADDRESS'] ?? '?'
  for (;;) {
    const sleepers = processesWith('sleep\x00120', 'cmdline')
    if (sleepers.some((id) => procFile(id, 'environ').includes(bus))) return
    await sleep(10)
  }
}
