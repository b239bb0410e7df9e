import { describe, expect, it } from 'vitest'
import { newAuthFile } from '../../src/auth-file/format.ts'
import { lanes } from '../../src/flows/lanes.ts'
import { refreshAccounts } from '../../src/flows/refresh-accounts.ts'
import type { Account } from '../../src/model/account.ts'
import { AuthError } from '../../src/model/errors.ts'
import { record } from '../../src/model/untrusted.ts'
import { findProvider } from '../../src/providers/registry.ts'
import { account, bundle } from '../fakes/account.ts'
import { fakePorts } from '../fakes/ports.ts'
import { failure } from '../fakes/renewing.ts'

const CONFIG = {
  providers: Object.fromEntries(
    ['acme', 'bolt', 'coil'].map((id) => [id, { clientId: id, tokenEndpoint: `https://${id}.example/token` }]),
  ),
}
const of = (name: string, provider: string, mode = 'default') => account({ id: name, name, provider, mode })
const NAMES = (found: Account[][]) => found.map((lane) => lane.map(({ name }) => name))

describe('lanes', () => {
  it.each([
    ['of one issuer and client into one', [of('a', 'acme'), of('b', 'acme')], [['a', 'b']]],
    ['of two issuers into two', [of('a', 'acme'), of('b', 'bolt'), of('c', 'acme')], [['a', 'c'], ['b']]],
    [
      'that the settings do not know by provider and mode',
      [of('a', 'gone', 'x'), of('b', 'gone', 'x'), of('c', 'gone', 'y')],
      [['a', 'b'], ['c']],
    ],
    ['none', [], []],
  ])('puts accounts %s', (_case, accounts, expected) => {
    const config = record(CONFIG)
    expect(NAMES(lanes(accounts, (one) => findProvider(config, one)))).toEqual(expected)
  })

  it('puts two providers of one server into one lane only where the client is the same', () => {
    const same = { tokenEndpoint: 'https://id.example/token' }
    const config = record({
      providers: {
        acme: { ...same, clientId: 'x' },
        bolt: { ...same, clientId: 'x' },
        coil: { ...same, clientId: 'y' },
      },
    })
    const accounts = [of('a', 'acme'), of('b', 'bolt'), of('c', 'coil')]
    expect(NAMES(lanes(accounts, (one) => findProvider(config, one)))).toEqual([['a', 'b'], ['c']])
  })
})

/** Accounts of these names; the first letter says whose. What was under way is written down while each answer waits. */
function renewing(names: readonly string[]) {
  const providers: Record<string, string> = { a: 'acme', b: 'bolt', c: 'coil' }
  const accounts = names.map((name) => of(name, providers[name[0] ?? ''] ?? ''))
  const ports = fakePorts({ config: CONFIG, file: { ...newAuthFile('f'), storage: 'keychain', accounts } })
  for (const { id, provider } of accounts) {
    const tokenEndpoint = `https://${provider}.example/token`
    ports.bundles.set(id, bundle({ accountId: id, provider, tokenEndpoint, clientId: provider }))
  }
  const underWay: string[] = []
  const log: string[] = []
  Object.assign(ports.http, {
    send: async ({ url }: { url: string }) => {
      const issuer = new URL(url).hostname[0] ?? ''
      underWay.push(issuer)
      log.push([...underWay].sort().join(''))
      await new Promise((resolve) => setTimeout(resolve, 2))
      underWay.splice(underWay.indexOf(issuer), 1)
      return { status: 200, headers: {}, body: '{"access_token":"AT-2","refresh_token":"RT-2","expires_in":3600}' }
    },
  })
  let done = 0
  const run = (concurrency: number) =>
    refreshAccounts(ports, {
      accounts,
      withinMs: undefined,
      concurrency,
      onDone: () => done++,
      onWarning: () => undefined,
    })
  return { ports, run, log, doneCount: () => done }
}

describe('refreshAccounts', () => {
  it('renews accounts of one issuer one after the other, with a pause, and the issuers side by side', async () => {
    const { run, log, ports } = renewing(['a1', 'a2', 'a3', 'b1', 'c1'])
    await run(4)
    expect(log.slice(0, 3)).toEqual(['a', 'ab', 'abc'])
    expect(log.some((moment) => /aa|bb|cc/.test(moment))).toBe(false)
    expect(log.length).toBe(5)
    expect(ports.waits).toEqual([250, 250])
  })

  it.each([
    [1, 1],
    [2, 2],
    [64, 3],
  ])('counts %i at the same time in lanes, of which there are three: at most %i', async (concurrency, most) => {
    const { run, log } = renewing(['a1', 'a2', 'b1', 'b2', 'c1'])
    await run(concurrency)
    expect(Math.max(...log.map(({ length }) => length))).toBe(most)
  })

  it('tells rows in the order of the accounts, and of each as it is done', async () => {
    const { run, doneCount } = renewing(['c1', 'a1', 'b1', 'a2'])
    expect((await run(4)).map(({ name, outcome }) => [name, outcome])).toEqual([
      ['c1', 'renewed'],
      ['a1', 'renewed'],
      ['b1', 'renewed'],
      ['a2', 'renewed'],
    ])
    expect(doneCount()).toBe(4)
  })

  it('begins no further account after Ctrl-C', async () => {
    const { run, log, ports } = renewing(['a1', 'a2', 'a3'])
    const sleep = () => {
      ports.interrupt(new AuthError('cancelled', 'cancelled'))
      return Promise.resolve()
    }
    Object.assign(ports.clock, { sleep })
    expect(await failure(run(4))).toMatchObject({ code: 'cancelled' })
    expect(log).toEqual(['a'])
  })
})
