import { describe, expect, it } from 'vitest'
import { httpFor } from '../../src/flows/http-for.ts'
import { fakePorts } from '../fakes/ports.ts'

/** The proxies that were taken for an account's `proxy`, beside these settings. */
function taken(proxy: string | null | undefined, config: object = {}): readonly string[] {
  const ports = fakePorts({ config })
  httpFor(ports, proxy)
  return ports.proxies
}

describe('httpFor', () => {
  it('T27: takes the account’s proxy before that of config.json', () => {
    expect(taken('http://own.corp:3128', { proxy: 'http://ada:pw@all.corp:8080' })).toEqual(['http://own.corp:3128'])
  })

  it.each([null, undefined])('T27: takes that of config.json, password and all, where the account has %s', (proxy) => {
    expect(taken(proxy, { proxy: 'http://ada:pw@all.corp:8080' })).toEqual(['http://ada:pw@all.corp:8080/'])
  })

  it('T27: leaves it to the environment where neither has one', () => {
    expect(taken(null)).toEqual([])
    expect(taken(null, { proxy: null })).toEqual([])
  })

  it('takes an empty text as none at all', () => {
    expect(taken('', { proxy: 'http://all.corp:8080' })).toEqual([''])
    expect(taken(null, { proxy: '' })).toEqual([''])
  })

  it.each([
    ['nonsense', 'no proxy', {}, "the account's proxy in auth.json is not the address of a proxy"],
    [
      'SOCKS',
      'socks5h://p:1080',
      {},
      "the account's proxy in auth.json is a SOCKS proxy, and only HTTP proxies are supported",
    ],
    ['a password', 'http://ada:S3CRET@p', {}, "the account's proxy in auth.json must not hold a user or a password"],
    ['nonsense', null, { proxy: 'http://ada:S3CRET@:1' }, 'proxy in config.json is not the address of a proxy'],
    ['no text', null, { proxy: { host: 'S3CRET' } }, 'proxy in config.json is not the address of a proxy'],
  ])('T27: refuses %s by the name of its source alone', (_case, proxy, config, message) => {
    expect(() => taken(proxy, config)).toThrow(expect.objectContaining({ code: 'usage', message }) as Error)
  })
})
