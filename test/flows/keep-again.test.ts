import { describe, expect, it } from 'vitest'
import { keepAgain } from '../../src/flows/keep-again.ts'
import type { Grant } from '../../src/flows/sign-in.ts'
import { Secret } from '../../src/model/secret.ts'
import { claude } from '../../src/providers/claude.ts'
import { account } from '../fakes/account.ts'
import { facts, held, inSeconds, putTokens, whileWaiting, worldWith } from '../fakes/renewing.ts'
import type { FakePorts } from '../fakes/ports.ts'

const grant = (accountId: string | undefined): Grant => ({
  tokens: {
    accessToken: new Secret('AT-9'),
    refreshToken: new Secret('RT-9'),
    idToken: undefined,
    expiresAtMs: inSeconds(28_800),
    refreshExpiresAtMs: undefined,
    scopes: ['user:inference'],
  },
  identity: { email: 'grace@example.com', accountId, tier: 'pro', organizations: [] },
  verified: true,
  warnings: [],
})

const again = (ports: FakePorts, accountId: string | undefined, mayDiffer = false) =>
  keepAgain(ports, { account: account(), provider: claude, grant: grant(accountId), mayDiffer })

describe('keepAgain', () => {
  it('R20: takes its turn behind a renewal, and its tokens are the newest then', async () => {
    const ports = worldWith(60)
    whileWaiting(ports, () => putTokens(ports, { refreshToken: new Secret('RT-8') }, { generation: 5 }))
    await again(ports, 'acc-1')
    expect(held(ports)).toEqual({ access: 'AT-9', refresh: 'RT-9', generation: 6 })
    expect(facts(ports)).toMatchObject({ tier: 'pro', email: 'ada@example.com', secret: { generation: 6 } })
    expect(facts(ports)?.secret.spent).toHaveLength(1)
  })

  it.each(['acc-2', undefined])('changes nothing for %s, who cannot be shown to be the same', async (accountId) => {
    const ports = worldWith(60)
    const before = facts(ports)
    await expect(again(ports, accountId)).rejects.toMatchObject({ code: 'sign-in-denied' })
    expect([facts(ports), held(ports).refresh]).toEqual([before, 'RT-1'])
  })

  it('takes the person of an account that was not known, or may be another', async () => {
    const unknown = worldWith(60, {}, { accountId: null, email: null })
    await again(unknown, 'acc-7')
    expect(facts(unknown)).toMatchObject({ accountId: 'acc-7', email: 'grace@example.com' })
    const other = worldWith(60)
    await again(other, 'acc-7', true)
    expect(facts(other)).toMatchObject({ accountId: 'acc-7', email: 'grace@example.com', name: 'work' })
  })

  it('ends a link to a file that cannot be told of the new grant', async () => {
    const ports = worldWith(60, {}, { linkedTo: { tool: 'claude-code', path: '/home/ada/.claude/.credentials.json' } })
    await again(ports, 'acc-1')
    expect(facts(ports)?.linkedTo).toBeNull()
  })
})
