import { describe, expect, it } from 'vitest'
import type { Screen } from '../../src/model/ports.ts'
import { callbackPage } from '../../src/ui/callback-page.ts'

const REASONS = ['denied', 'provider', 'network', 'storage', 'cancelled', 'timed-out', 'internal'] as const
const SCREENS: readonly Screen[] = [
  { kind: 'waiting' },
  { kind: 'not-this-sign-in' },
  { kind: 'signed-in', title: 'Claude (Pro and Max)' },
  ...REASONS.map((reason) => ({ kind: 'failed', reason }) as const),
]

const nameOf = (screen: Screen) => (screen.kind === 'failed' ? `failed: ${screen.reason}` : screen.kind)
const named = SCREENS.map((screen) => [nameOf(screen), callbackPage(screen)] as const)
const heading = (page: string) => /<h1>(.*?)<\/h1>/.exec(page)?.[1]

describe('callbackPage', () => {
  it.each(named)('L22: loads, runs and links nothing: %s', (_, page) => {
    expect(page).not.toMatch(/<script|<link|<img|<a |<form|<iframe|<base|http-equiv|\son\w+=|url\(|@import|https?:/i)
  })

  it.each(named)('is one small document that says its language, title and width: %s', (_, page) => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(page).toContain(`<title>${heading(page) ?? '?'} · aiauth</title>`)
    expect(page).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
    expect(page).toMatch(/<main role="(status|alert)">/)
    expect(Buffer.byteLength(page)).toBeLessThan(4096)
  })

  it.each(named)('sends back to the terminal: %s', (_, page) => {
    expect(page.replace(/<style>.*<\/style>/s, '')).toContain('terminal')
  })

  it('claims a sign-in on one page only', () => {
    const claims = named.filter(([, page]) => page.includes('You are signed in') || page.includes('class="check"'))
    expect(claims.map(([name]) => name)).toEqual(['signed-in'])
  })

  it('says each thing in words of its own', () => {
    expect(new Set(named.map(([, page]) => page)).size).toBe(SCREENS.length)
  })

  it('marks every failure, and only failures, as an alert', () => {
    const alerts = named.filter(([, page]) => page.includes('role="alert"'))
    expect(alerts.map(([name]) => name)).toEqual(REASONS.map((reason) => `failed: ${reason}`))
  })

  it("L22: escapes the provider's title, although it is ours", () => {
    const page = callbackPage({ kind: 'signed-in', title: `<script>alert('1')</script>"&` })
    expect(page).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;')
    expect(page).not.toContain('<script')
  })

  it('follows the light or dark choice of the system', () => {
    const page = callbackPage({ kind: 'waiting' })
    expect(page).toContain('<meta name="color-scheme" content="light dark">')
    expect(page).toContain('@media(prefers-color-scheme:dark)')
  })

  // WCAG 2.2: 1.4.3 wants 4.5:1 for text, 1.4.11 wants 3:1 for what a mark says.
  it.each(['light', 'dark'] as const)('has enough contrast to be read in %s', (scheme) => {
    const colours = coloursOf(callbackPage({ kind: 'waiting' }), scheme)
    for (const ground of ['card', 'ground']) {
      for (const text of ['text', 'soft'])
        expect(contrast(colours, text, ground), `${text} on ${ground}`).toBeGreaterThan(4.5)
    }
    for (const mark of ['check', 'cross', 'clock', 'question'])
      expect(contrast(colours, mark, 'card'), mark).toBeGreaterThan(3)
  })
})

function coloursOf(page: string, scheme: 'light' | 'dark'): Map<string, string> {
  const rules = Array.from(page.matchAll(/:root\{(.*?)\}/g), ([, rule = '']) => rule)
  const rule = rules[scheme === 'light' ? 0 : 1] ?? ''
  return new Map(Array.from(rule.matchAll(/--(\w+):#(\w+)/g), ([, name = '', hex = '']) => [name, hex]))
}

/** Relative luminance and contrast ratio as WCAG 2.2 defines them. */
function contrast(colours: Map<string, string>, a: string, b: string): number {
  const [dark = 0, light = 0] = [a, b].map((name) => luminance(colours.get(name) ?? '')).sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(hex: string): number {
  const full = hex.length === 3 ? Array.from(hex, (digit) => digit + digit).join('') : hex
  const [red = NaN, green = NaN, blue = NaN] = [0, 2, 4].map((at) => {
    const part = parseInt(full.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
