import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { chromium, historyOf, newTab, whyNoChromium } from '../real/chromium.ts'
import type { Fault } from '../sandbox/faults.ts'
import { startSandbox, type Sandbox } from '../sandbox/start.ts'
import { filesIn, ROOT, start, temporaryHome } from './program.ts'

const SCREENS = join(ROOT, 'test-results', 'screens')
const GROUNDS = { light: 'rgb(245, 245, 242)', dark: 'rgb(19, 19, 20)' } as const
const WIDTHS = { wide: 1100, narrow: 375 } as const

describe.skipIf(whyNoChromium() !== undefined)('aiauth login, in a real browser', () => {
  let sandbox: Sandbox
  let browser: Browser
  beforeAll(async () => {
    ;[sandbox, browser] = await Promise.all([startSandbox({ codexPorts: [24_550, 24_570] }), chromium()])
  })
  afterAll(() => Promise.all([sandbox.close(), browser.close()]))

  const home = () => temporaryHome(sandbox.settings)
  const breakTokens = (fault: Fault) => {
    sandbox.claude.faults.token = fault
    onTestFinished(() => {
      delete sandbox.claude.faults.token
    })
  }
  const login = async (folder: string, provider = 'claude', ...more: string[]) => {
    const program = start(['login', provider, '--no-browser', ...more], { home: folder })
    const [, url = ''] = await program.sees(/^(https?:\S+)$/m)
    return { ...program, url, listener: listenerOf(url) }
  }

  it.each([
    ['claude', 'Claude'],
    ['openai', 'ChatGPT'],
  ])(
    'L23: signs in to %s and ends on a clean address, without script and without complaint',
    async (provider, title) => {
      const folder = home()
      const { url, listener, ended } = await login(folder, provider)
      const { page, complaints } = await newTab(browser)
      await page.goto(url)
      await photograph(page, `sandbox-${provider}-who`)
      await answer(page, 'Sign in as ada@example.com')
      await photograph(page, `sandbox-${provider}-consent`)
      await answer(page, 'Allow')
      expect(await headingOf(page)).toBe('You are signed in')
      expect(await page.getByRole('status').innerText()).toContain(title)
      expect(page.url()).toBe(`${listener}/finish`)
      expect(await historyOf(page, listener)).toEqual([`${listener}/finish`])
      expect(await page.locator('script, link, img, iframe').count()).toBe(0)
      expect(complaints).toEqual([])
      await photograph(page, `signed-in-${provider}`)
      expect(await ended).toMatchObject({ exitCode: 0, stdout: '' })
      expect(accountsIn(folder)).toEqual([provider])
    },
  )

  it.each(['first page', 'second page'])('L8: shows that access was declined on the %s, and exits 4', async (where) => {
    const folder = home()
    const { url, listener, ended } = await login(folder)
    const { page, complaints } = await newTab(browser)
    await page.goto(url)
    if (where === 'second page') await answer(page, 'Sign in as ada@example.com')
    await answer(page, 'Deny')
    expect(await headingOf(page)).toBe('Sign-in declined')
    expect(page.url()).toBe(`${listener}/finish`)
    expect(await historyOf(page, listener)).toEqual([`${listener}/finish`])
    expect(complaints).toEqual([])
    await photograph(page, 'declined')
    expect((await ended).exitCode).toBe(4)
    expect(Object.keys(filesIn(folder))).toEqual(['config.json'])
  })

  it('L25: does not speak of success when the provider refuses the code', async () => {
    const { url, ended } = await login(home())
    breakTokens(() => ({ status: 400, headers: {}, body: '{"error":"invalid_grant"}' }))
    const { page } = await newTab(browser)
    await signIn(page, url)
    expect(await headingOf(page)).toBe('Sign-in failed')
    await photograph(page, 'failed')
    expect((await ended).exitCode).toBe(6)
  })

  it('L5, L7: turns forged callbacks away while the true one still works', async () => {
    const { url, listener, ended } = await login(home())
    const { page } = await newTab(browser)
    const forgeries = ['callback?code=stolen&state=guessed', 'callback?error=access_denied', 'callback', 'finish']
    for (const forged of forgeries) {
      const response = await page.goto(`${listener}/${forged}`)
      expect(response?.status()).toBe(forged.includes('?') ? 400 : 404)
      expect(await headingOf(page)).toBe('Not this sign-in')
    }
    await photograph(page, 'not-this-sign-in')
    await signIn(page, url)
    expect(await headingOf(page)).toBe('You are signed in')
    expect((await ended).exitCode).toBe(0)
  })

  it('L20, L29: says at / that it waits, and ends although that tab stays open', async () => {
    const { url, listener, ended } = await login(home())
    const [waiting, signing] = [await newTab(browser), await newTab(browser)]
    await waiting.page.goto(`${listener}/`)
    expect(await headingOf(waiting.page)).toBe('Waiting for your sign-in')
    expect(await waiting.page.content()).not.toContain(new URL(url).host)
    expect(waiting.complaints).toEqual([])
    await photograph(waiting.page, 'waiting')
    await signIn(signing.page, url)
    expect((await ended).exitCode).toBe(0)
    expect(await headingOf(waiting.page)).toBe('Waiting for your sign-in')
  })

  it('L16: takes one answer when the address was opened in two tabs', async () => {
    const folder = home()
    const { url, listener, ended } = await login(folder)
    const [first, second] = [(await newTab(browser)).page, (await newTab(browser)).page]
    for (const page of [first, second]) {
      await page.goto(url)
      await answer(page, 'Sign in as ada@example.com')
    }
    await answer(second, 'Allow')
    expect(await headingOf(second)).toBe('You are signed in')
    expect((await ended).exitCode).toBe(0)
    const refused = first.waitForEvent('requestfailed', (request) => request.url().startsWith(listener))
    await first.getByRole('button', { name: 'Allow', exact: true }).click()
    expect((await refused).failure()?.errorText).toBe('net::ERR_CONNECTION_REFUSED')
    expect(accountsIn(folder)).toEqual(['claude'])
  })

  it.each([
    ['Ctrl-C', 'SIGINT', '1m', 130, 'Sign-in cancelled'],
    ['the end of the time', undefined, '3s', 5, 'Too late'],
  ] as const)('L36, L37: tells a tab that has come back of %s', async (_event, signal, timeout, exitCode, heading) => {
    const folder = home()
    const { url, process, ended } = await login(folder, 'claude', '--timeout', timeout)
    const { page } = await newTab(browser)
    const asked = new Promise<void>((resolve) => {
      breakTokens(() => {
        resolve()
        return 'hang'
      })
    })
    const arrived = signIn(page, url)
    await asked
    if (signal !== undefined) process.kill(signal)
    await arrived
    expect([await headingOf(page), (await ended).exitCode]).toEqual([heading, exitCode])
    expect(Object.keys(filesIn(folder))).not.toContain('auth.json')
    await photograph(page, heading)
  })
})

function listenerOf(url: string): string {
  return new URL(new URL(url).searchParams.get('redirect_uri') ?? '').origin
}

function accountsIn(home: string): string[] {
  const file = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { accounts: { name: string }[] }
  return file.accounts.map(({ name }) => name)
}

const answer = (page: Page, words: string) => page.getByRole('button', { name: words }).click()
const headingOf = (page: Page) => page.getByRole('heading', { level: 1 }).innerText()

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await answer(page, 'Sign in as ada@example.com')
  await answer(page, 'Allow')
}

/** Four pictures, after making sure that the page follows the scheme and fits the width. */
async function photograph(page: Page, name: string): Promise<void> {
  for (const [scheme, ground] of Object.entries(GROUNDS) as [keyof typeof GROUNDS, string][]) {
    for (const [size, width] of Object.entries(WIDTHS)) {
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height: 800 })
      if (!name.startsWith('sandbox-'))
        expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(ground)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      await page.screenshot({ path: join(SCREENS, `${name.replaceAll(' ', '-').toLowerCase()}-${scheme}-${size}.png`) })
    }
  }
}
