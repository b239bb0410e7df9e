import { describe, expect, it } from 'vitest'
import type { Provider } from '../../src/model/provider.ts'
import { record } from '../../src/model/untrusted.ts'
import { beginAuthorization } from '../../src/oauth/authorization.ts'
import { checkCallback } from '../../src/oauth/callback.ts'
import { checkPasted } from '../../src/oauth/pasted.ts'
import { refusalOf } from '../../src/oauth/refusal.ts'
import { claude } from '../../src/providers/claude.ts'
import { openaiChatgpt } from '../../src/providers/openai-chatgpt.ts'

const known = { ...openaiChatgpt, clientId: 'oaiapp_mine' }
const begun = async (provider = openaiChatgpt) => {
  const request = await beginAuthorization(provider, 'http://127.0.0.1:4000/auth/callback')
  const pasted = (text: string) => checkPasted(provider, { loopback: request, manual: undefined }, text)
  return { provider, request, pasted, state: request.state.reveal() }
}

describe('the client in an authorization response', () => {
  it('is the one that this installation has become', async () => {
    const { provider, request, pasted, state } = await begun()
    const query = `code=C&state=${state}&client_id=oaiapp_new`
    expect(checkCallback(provider, request, query)?.clientId).toBe('oaiapp_new')
    const address = `http://127.0.0.1:4000/auth/callback?${query}`
    expect(pasted(address)).toMatchObject({ callback: { clientId: 'oaiapp_new' } })
    expect(pasted(`<${address.replace('&client_id', '\n  &client_id')}>`)).toMatchObject({
      callback: { clientId: 'oaiapp_new' },
    })
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

  it.each(['unauthorized_client', 'invalid_client'])(
    'may be forgotten there (%s), with what to type then',
    async (error) => {
      const hint = 'aiauth config unset providers.openai.modes.chatgpt.clientId, and sign in again'
      const body = JSON.stringify({ error })
      const answered = (provider: Provider) =>
        refusalOf(provider, { status: 401, headers: {}, body }, record({ error }))
      expect(answered(known).hint).toBe(hint)
      expect(answered(openaiChatgpt).hint).toBeUndefined()
      const { provider, request, state } = await begun(known)
      const cameBack = (query: string) => () => checkCallback(provider, request, `state=${state}&${query}`)
      expect(cameBack(`error=${error}`)).toThrow(expect.objectContaining({ hint }))
      expect(cameBack('code=C&client_id=oaiapp_theirs')).toThrow(expect.objectContaining({ hint }))
      expect(cameBack('error=invalid_scope')).toThrow(expect.objectContaining({ hint: undefined }))
    },
  )

  it('L9: has no effect when it stands there twice, or comes with a foreign state', async () => {
    const { provider, request, state } = await begun()
    const twice = `code=C&state=${state}&client_id=oaiapp_a&client_id=oaiapp_b`
    expect(checkCallback(provider, request, twice)).toBeUndefined()
    expect(checkCallback(provider, request, 'code=C&state=wrong&client_id=nonsense')).toBeUndefined()
  })

  it('is missing beside a bare code, which is of use only where it is known', async () => {
    const first = await begun()
    for (const text of ['C', `C#${first.state}`, `?code=C&state=${first.state}`]) {
      expect(first.pasted(text)).toEqual({ fault: 'no-client' })
    }
    expect(first.pasted('?code=C&state=wrong')).toEqual({ fault: 'other-sign-in' })
    const next = await begun(known)
    expect(next.pasted('C')).toMatchObject({ callback: { clientId: 'oaiapp_mine' } })
  })

  it('is nobody’s to change where each installation is the same client', async () => {
    const { request, state } = await begun(claude)
    const query = `code=C&state=${state}&client_id=evil`
    expect(checkCallback(claude, request, query)?.clientId).toBe(claude.clientId)
  })
})
