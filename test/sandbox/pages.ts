import type { Dress } from './dress.ts'
import { PEOPLE } from './people.ts'

/** Who signs in: one button a person, and one that says no. */
export function signInPage(dress: Dress): string {
  const buttons = PEOPLE.map((person) =>
    button('person', person.id, `Sign in as ${person.email}`, `${person.name}, ${dress.plan(person)}`),
  )
  return page(dress, 'Who signs in?', `${buttons.join('')}${deny}`)
}

/** What is asked for, and a yes or a no. */
export function consentPage(dress: Dress, email: string, clientId: string, scopes: readonly string[]): string {
  const items = scopes.map((scope) => `<li>${escaped(scope)}</li>`).join('')
  const question = `<p>${escaped(email)}, it asks for:</p><ul>${items}</ul><p><small>client ${escaped(clientId)}</small></p>`
  return page(dress, 'Allow this program?', `${question}${button('answer', 'allow', 'Allow', '')}${deny}`)
}

/** What a person carries to the program by hand. */
export function codePage(dress: Dress, query: URLSearchParams): string {
  const pasted = `${query.get('code') ?? ''}#${query.get('state') ?? ''}`
  return page(dress, 'Paste this into the program', `<p><code>${escaped(pasted)}</code></p>`)
}

/** A request that went wrong before there was anybody to send it back to. */
export function errorPage(dress: Dress, message: string): string {
  return page(dress, 'This cannot go on', `<p role="alert">${escaped(message)}</p>`)
}

/** The headers of every page: nothing runs here, and nothing is remembered. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

function page({ id, title }: Dress, heading: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sandbox of ${escaped(title)}: ${escaped(heading)}</title>
<style>${STYLE}</style>
</head>
<body class="${id}">
<main>
<p class="where">Sandbox of ${escaped(title)}</p>
<h1>${escaped(heading)}</h1>
<form method="post">${content}</form>
</main>
<footer>A test server on this machine. No real account is near.</footer>
</body>
</html>
`
}

function button(name: string, value: string, words: string, more: string): string {
  const second = more === '' ? '' : `<small>${escaped(more)}</small>`
  return `<button name="${name}" value="${escaped(value)}">${escaped(words)}${second}</button>`
}

const deny = '<button class="deny" name="answer" value="deny">Deny</button>'

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const STYLE = `
:root { color-scheme: light dark; --accent: #2f6f9f; --line: #8884; }
.claude { --accent: #b8552f; }
.openai, .chatgpt { --accent: #0d7a5f; }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; gap: 1.5rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(26rem, 90vw); padding: 2rem; border: 1px solid var(--line); border-top: 4px solid var(--accent); border-radius: 12px; }
h1 { margin: 0 0 1.25rem; font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; }
.where { margin: 0 0 0.25rem; color: color-mix(in srgb, var(--accent) 65%, CanvasText); font-size: 0.85rem; font-weight: 600; }
ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
button { display: block; width: 100%; margin-top: 0.75rem; padding: 0.7rem 1rem; border: 1px solid var(--accent); border-radius: 8px; background: var(--accent); color: #fff; font: inherit; cursor: pointer; }
button:hover { filter: brightness(1.1); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
small { display: block; opacity: 0.9; }
.deny { border-color: var(--line); background: none; color: inherit; }
footer { width: min(26rem, 90vw); font-size: 0.8rem; opacity: 0.7; text-align: center; }
`
