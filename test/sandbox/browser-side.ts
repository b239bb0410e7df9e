import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { AdapterFactory, InteractionResults, KoaContextWithOIDC } from 'oidc-provider'
import type Provider from 'oidc-provider'
import { publicClient } from './authorization-server.ts'
import type { Dress } from './dress.ts'
import { codePage, consentPage, errorPage, PAGE_HEADERS, signInPage } from './pages.ts'
import { findPerson } from './people.ts'

type Context = Parameters<Parameters<Provider['use']>[0]>[0]

export interface BrowserSide {
  readonly dress: Dress
  readonly adapter: AdapterFactory
  /** The state that went back with each code. */
  readonly states: Map<string, string>
}

/** All that a person's browser meets: the way in, the pages, and the way back to the program. */
export function addBrowserSide(provider: Provider, side: BrowserSide): void {
  provider.use(async (ctx, next) => {
    const most = side.dress.otherDoors?.[ctx.path]
    if (most !== undefined) enterByOtherDoor(side.dress, most, ctx)
    const { searchParams } = ctx.URL
    if (ctx.path === side.dress.codePage) show(ctx, 200, codePage(side.dress, searchParams))
    else if (ctx.path.startsWith('/sign-in/')) await signInPages(provider, side.dress, ctx)
    else if (ctx.path !== side.dress.paths.authorize || (await admit(provider, side, ctx))) {
      await next()
      sendBack(provider, side, ctx)
    }
  })
}

function enterByOtherDoor({ paths }: Dress, most: readonly string[], ctx: Context): void {
  const query = new URLSearchParams(ctx.querystring)
  const asked = query.get('scope')?.split(' ') ?? []
  query.set('scope', asked.filter((scope) => most.includes(scope)).join(' '))
  ctx.path = paths.authorize
  ctx.querystring = query.toString()
}

/**
 * Whether the vendor takes this request at all. Every sign-in begins as in a private window,
 * and the person is always asked: oidc-provider would sign a person out, and revoke what they
 * were granted, before it lets another one in.
 */
async function admit(provider: Provider, { dress, adapter }: BrowserSide, ctx: Context): Promise<boolean> {
  const query = new URLSearchParams(ctx.querystring)
  const refusal = dress.checkAuthorization(query)
  if (refusal !== undefined) {
    show(ctx, 400, errorPage(dress, refusal))
    return false
  }
  delete ctx.req.headers.cookie
  ctx.cookies.set(provider.cookieName('session'), null)
  if (query.get('prompt') !== 'none') query.set('prompt', 'consent')
  if (dress.handsOutClientIds && query.get('client_id') === dress.clientId) {
    const clientId = `oaiapp_${randomBytes(12).toString('hex')}`
    await adapter('Client').upsert(clientId, publicClient(clientId, dress.client))
    query.set('client_id', clientId)
  }
  ctx.querystring = query.toString()
  return true
}

function show(ctx: Context, status: number, page: string): void {
  ctx.set(PAGE_HEADERS)
  ctx.status = status
  ctx.body = page
}

async function signInPages(provider: Provider, dress: Dress, ctx: Context): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res)
  const { client_id: clientId, scope } = params as Record<string, string>
  const [accountId, scopes] = [session?.accountId, scope?.split(' ') ?? []]
  if (ctx.method === 'POST') {
    const form = new URLSearchParams(await text(ctx.req))
    const result = await answerOf(form, prompt.name, () => saveGrant(provider, accountId, clientId, scopes))
    if (result === undefined) show(ctx, 400, errorPage(dress, 'no button was pressed'))
    else {
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
      ctx.status = 303
    }
  } else if (prompt.name === 'login') show(ctx, 200, signInPage(dress))
  else show(ctx, 200, consentPage(dress, findPerson(accountId)?.email ?? '', clientId ?? '', scopes))
}

async function answerOf(
  form: URLSearchParams,
  prompt: string,
  consent: () => Promise<string>,
): Promise<InteractionResults | undefined> {
  if (form.get('answer') === 'deny') return { error: 'access_denied', error_description: 'the person said no' }
  if (prompt === 'consent')
    return form.get('answer') === 'allow' ? { consent: { grantId: await consent() } } : undefined
  const person = findPerson(form.get('person') ?? undefined)
  return person && { login: { accountId: person.id } }
}

/** A grant of its own for every sign-in, so that ending one leaves the others alone. */
function saveGrant(
  provider: Provider,
  accountId: string | undefined,
  clientId: string | undefined,
  scopes: string[],
): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addOIDCScope(scopes)
  return grant.save()
}

function sendBack(provider: Provider, { dress, states }: BrowserSide, ctx: Context): void {
  const location = ctx.response.get('location')
  if (location === '') return
  const back = new URL(location, provider.issuer)
  if (back.origin === provider.issuer) return
  const [code, state] = [back.searchParams.get('code'), back.searchParams.get('state')]
  if (code !== null && state !== null) states.set(code, state)
  dress.callback(back.searchParams, (ctx as KoaContextWithOIDC).oidc.client?.clientId ?? '')
  ctx.redirect(back.href)
}
