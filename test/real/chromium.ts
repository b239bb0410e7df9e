import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium as engine, type Browser, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'

declare global {
  // Playwright's types name these four; the library `dom` would let every test call `window`.
  type Node = unknown
  type HTMLElement = unknown
  type SVGElement = unknown
  type HTMLElementTagNameMap = Record<string, unknown>
}

const APT_LINE = 'apt-get install -y --no-install-recommends chromium'
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]
/** Without these it talks to its maker by itself, or looks for a graphics card. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Why there can be no Chromium here (printed too), `undefined` when there can.
 *
 * @throws Error when CI is set: a suite that is skipped there would prove nothing.
 */
export function whyNoChromium(): string | undefined {
  if (installed() !== undefined) return undefined
  const reason = `no Chromium here: ${APT_LINE}`
  if ((process.env['CI'] ?? '') !== '') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

/**
 * Starts the installed Chromium without a window and with a profile of its own. It dies with
 * this process.
 *
 * @throws Error when there is none, or it does not start.
 */
export async function chromium(): Promise<Browser> {
  const executablePath = installed()
  if (executablePath === undefined) throw new Error(APT_LINE)
  return engine.launch({ executablePath, chromiumSandbox: false, args: FLAGS })
}

/** A tab with cookies of its own, gone when the test is over, and all that the browser complained about in it. */
export async function newTab(browser: Browser): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ reducedMotion: 'reduce' })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => complaints.push(request.url()))
  return { page, complaints }
}

/** What the back button can reach of this origin. */
export async function historyOf(page: Page, origin: string): Promise<string[]> {
  const { entries } = await (await page.context().newCDPSession(page)).send('Page.getNavigationHistory')
  return entries.map(({ url }) => url).filter((url) => url.startsWith(origin))
}

function installed(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...places, ...ELSEWHERE].find((place) => existsSync(place))
}
