import { describe, expect, it } from 'vitest'
import { AuthError } from '../../src/model/errors.ts'
import { withDiscovery } from '../../src/oauth/discovery.ts'
import { claude } from '../../src/providers/claude.ts'
import { fakePorts } from '../fakes/ports.ts'

describe('fetchThrough', () => {
  it.each([true, false])('hands on a failure as it is, with notSent %s', async (notSent) => {
    const failure = new AuthError('network', 'the proxy is silent', { notSent })
    const { http } = fakePorts({ answers: [() => { throw failure }] }) // prettier-ignore
    const provider = { ...claude, issuer: 'https://vendor.example', tokenEndpoint: undefined }
    await expect(withDiscovery(http, provider, new AbortController().signal)).rejects.toBe(failure)
  })
})
