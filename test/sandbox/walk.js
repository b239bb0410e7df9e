import { request } from 'node:http'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const PAGES_LIMIT = 30
const SILENCE_LIMIT_MS = 60_000

/**
 * A browser that speaks HTTP and presses the sandbox's buttons. It keeps the cookies of each
 * origin, follows redirects on loopback, and refuses to go anywhere else. Plain JavaScript
 * without packages, since `browser.js` is started by the program under test.
 */
export async function walk(url, { person, deny = false, jars = new Map() } = {}) {
  let step = { url: new URL(url), method: 'GET' }
  for (let pages = 0; pages < PAGES_LIMIT; pages++) {
    const answer = await visit(step, jars)
    const next = redirection(step.url, answer) ?? submission(step.url, answer.page, person, deny)
    if (next === undefined) return { status: answer.status, url: step.url.href, page: answer.page }
    step = next
  }
  throw new Error(`no end after ${PAGES_LIMIT} pages`)
}

function visit({ url, method, body = '' }, jars) {
  if (url.protocol !== 'http:' || !LOOPBACK.includes(url.hostname)) throw new Error(`not on loopback: ${url.host}`)
  const jar = jars.get(url.origin) ?? new Map()
  jars.set(url.origin, jar)
  const headers = {
    accept: 'text/html',
    cookie: [...jar].map((pair) => pair.join('=')).join('; '),
    ...(method === 'POST' && {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    }),
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, timeout: SILENCE_LIMIT_MS }, (response) => {
      let page = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (page += chunk))
      response.on('error', reject)
      response.on('end', () => {
        for (const cookie of response.headers['set-cookie'] ?? []) keep(jar, cookie)
        resolve({ status: response.statusCode, location: response.headers.location, page })
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`silence from ${url.host}`)))
    sent.on('error', reject)
    sent.end(body)
  })
}

function keep(jar, cookie) {
  const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? []
  if (name === undefined) return
  const expires = /;\s*expires=([^;]+)/i.exec(cookie)?.[1]
  if (value === '' || (expires !== undefined && Date.parse(expires) <= Date.now())) jar.delete(name)
  else jar.set(name, value)
}

function redirection(from, { status, location }) {
  if (status < 300 || status > 399 || location === undefined) return undefined
  return { url: new URL(location, from), method: 'GET' }
}

/** The button to press on a page of the sandbox; any other page is the end of the walk. */
function submission(url, page, person, deny) {
  const buttons = [...page.matchAll(/<button[^>]* name="(person|answer)" value="([^"]*)"/g)]
  if (buttons.length === 0) return undefined
  const named = person === undefined ? buttons[0] : buttons.find(([, , value]) => value === person)
  const isConsent = buttons.every(([, name]) => name === 'answer')
  const pressed = deny ? buttons.find(([, , value]) => value === 'deny') : isConsent ? buttons[0] : named
  if (pressed === undefined) throw new Error(`nobody is called ${person} here`)
  return { url, method: 'POST', body: new URLSearchParams({ [pressed[1]]: pressed[2] }).toString() }
}
