import { describe, expect, it } from 'vitest'
import { beginAuthorization } from '../../src/oauth/authorization.ts'
import { checkCallback, checkPasted } from '../../src/oauth/callback.ts'
import { claude } from '../../src/providers/claude.ts'
import { openaiChatgpt } from '../../src/providers/openai-chatgpt.ts'

const known = { ...openaiChatgpt, clientId: 'oaiapp_mine' }
const begun = async (provider = openaiChatgpt) => {
  const request = await beginAuthorization(provider, 'http://127.0.0.1:4000/auth/callback')
  return { provider, request, state: request.state.reveal() }
}

describe('the client in an authorization response', () => {
  it('is the one that this installation has become', async () => {
    const { provider, request, state } = await begun()
    const query = `code=C&state=${state}&client_id=oaiapp_new`
    expect(checkCallback(provider, request, query)?.clientId).toBe('oaiapp_new')
    expect(checkPasted(provider, request, `http://127.0.0.1:4000/auth/callback?${query}`)?.clientId).toBe('oaiapp_new')
  })

  it.each([
    ['is not named', ''],
    ['is the one that only introduces', '&client_id=dynamic_agent_client'],
    ['looks like no such id', '&client_id=app_EMoamEEZ73f0CkXaXp7hrann'],
    ['has blanks in it', '&client_id=oaiapp_a%20b'],
  ])('ends the sign-in when it %s', async (_case, parameter) => {
    const { provider, request, state } = await begun()
    const check = () => checkCallback(provider, request, `code=C&state=${state}${parameter}`)
    expect(check).toThrow(/did not say which client this one is/)
  })

  it('stays the same for good', async () => {
    const { provider, request, state } = await begun(known)
    expect(checkCallback(provider, request, `code=C&state=${state}`)?.clientId).toBe('oaiapp_mine')
    expect(checkCallback(provider, request, `code=C&state=${state}&client_id=oaiapp_mine`)?.clientId).toBe(
      'oaiapp_mine',
    )
    const other = () => checkCallback(provider, request, `code=C&state=${state}&client_id=oaiapp_theirs`)
    expect(other).toThrow(/answered for another client/)
  })

  it('L9: has no effect when it stands there twice, or comes with a foreign state', async () => {
    const { provider, request, state } = await begun()
    const twice = `code=C&state=${state}&client_id=oaiapp_a&client_id=oaiapp_b`
    expect(checkCallback(provider, request, twice)).toBeUndefined()
    expect(checkCallback(provider, request, 'code=C&state=wrong&client_id=nonsense')).toBeUndefined()
  })

  it('is missing beside a bare code, which is of use only where it is known', async () => {
    const first = await begun()
    expect(checkPasted(first.provider, first.request, 'C')).toBeUndefined()
    expect(checkPasted(first.provider, first.request, `C#${first.state}`)).toBeUndefined()
    const next = await begun(known)
    expect(checkPasted(next.provider, next.request, 'C')?.clientId).toBe('oaiapp_mine')
  })

  it('is nobody’s to change where each installation is the same client', async () => {
    const { request, state } = await begun(claude)
    const query = `code=C&state=${state}&client_id=evil`
    expect(checkCallback(claude, request, query)?.clientId).toBe(claude.clientId)
  })
})
