import type { Outcome, Screen } from '../model/ports.ts'

type FailureReason = Extract<Outcome, { kind: 'failed' }>['reason']

interface PageWords {
  readonly mark: keyof typeof MARKS
  readonly heading: string
  readonly says: string
  readonly next: string
}

/**
 * The whole page that a browser is shown at the end of a sign-in, or beside it. Pure, and
 * all of its words are ours: nothing of a request can get in, and the provider's title is
 * escaped although it is ours as well (security case L22).
 *
 * One file without script, font or image from anywhere: the policy that it is served with
 * allows nothing but the inline style.
 */
export function callbackPage(screen: Screen): string {
  const { mark, heading, says, next } = wordsFor(screen)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(heading)} · aiauth</title>
<style>${STYLE}</style>
</head>
<body class="${mark}">
<main role="${mark === 'cross' ? 'alert' : 'status'}">
<svg viewBox="0 0 72 72" aria-hidden="true"><circle cx="36" cy="36" r="34"/><path pathLength="1" d="${MARKS[mark]}"/></svg>
<h1>${escaped(heading)}</h1>
<p>${escaped(says)}</p>
<p class="next">${escaped(next)}</p>
</main>
<footer>aiauth</footer>
</body>
</html>
`
}

function wordsFor(screen: Screen): PageWords {
  if (screen.kind === 'failed') return { mark: 'cross', ...FAILURES[screen.reason], next: BACK_AFTER_FAILURE }
  if (screen.kind === 'waiting') return WAITING
  if (screen.kind === 'not-this-sign-in') return NOT_THIS_SIGN_IN
  return {
    mark: 'check',
    heading: 'You are signed in',
    says: `Your ${screen.title} account is ready on this computer.`,
    next: 'You can close this tab and go back to the terminal.',
  }
}

const WAITING: PageWords = {
  mark: 'clock',
  heading: 'Waiting for your sign-in',
  says: 'Go on in the tab where you sign in. When you are done there, it comes back here by itself.',
  next: 'No such tab? The terminal shows the address to open.',
}

const NOT_THIS_SIGN_IN: PageWords = {
  mark: 'question',
  heading: 'Not this sign-in',
  says: 'This address does not belong to the sign-in that is waiting on this computer, so nothing was done.',
  next: 'Go back to the terminal and open the address that it shows.',
}

const BACK_AFTER_FAILURE = 'You can close this tab and go back to the terminal: it says what to do next.'

const FAILURES: Readonly<Record<FailureReason, Pick<PageWords, 'heading' | 'says'>>> = {
  denied: { heading: 'Sign-in declined', says: 'Access was declined on the sign-in page, so nothing was stored.' },
  provider: { heading: 'Sign-in failed', says: 'The provider did not complete the sign-in, so nothing was stored.' },
  network: {
    heading: 'Sign-in failed',
    says: 'The provider could not be reached from this computer to complete the sign-in.',
  },
  storage: {
    heading: 'Sign-in not stored',
    says: 'The provider agreed, but the sign-in could not be stored on this computer.',
  },
  cancelled: {
    heading: 'Sign-in cancelled',
    says: 'The sign-in was cancelled in the terminal before it was complete.',
  },
  'timed-out': { heading: 'Too late', says: 'The sign-in took longer than aiauth was told to wait.' },
  internal: { heading: 'Sign-in failed', says: 'Something went wrong inside aiauth. This is not your fault.' },
}

/** Strokes on a 72 by 72 field with a circle of radius 34 around them. */
const MARKS = {
  check: 'M23 37.5l9 9 17.5-19',
  cross: 'M26.5 26.5l19 19M45.5 26.5l-19 19',
  clock: 'M36 20v16l10.5 6.5',
  question: 'M28.5 29a7.5 7.5 0 1 1 11 6.6c-2.3 1.3-3.5 2.7-3.5 5.4M36 49.5v.1',
} as const

/** Text contrast is at least 4.5:1 on both grounds (WCAG 2.2, 1.4.3), that of the marks 3:1 (1.4.11). */
const STYLE = `
:root{color-scheme:light dark;--ground:#f5f5f2;--card:#fff;--edge:#e4e3de;--text:#1c1c1a;--soft:#5d5c57;--check:#14804a;--cross:#c0362c;--clock:#9a6200;--question:#4f5bb5}
@media(prefers-color-scheme:dark){:root{--ground:#131314;--card:#1d1d1f;--edge:#323234;--text:#f3f3f0;--soft:#a9a8a3;--check:#4ccb8a;--cross:#ff7d70;--clock:#eab04d;--question:#a3acff}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:24px;padding:24px;background-color:var(--ground);background-image:radial-gradient(60rem 30rem at 50% -8rem,color-mix(in srgb,var(--mark) 16%,transparent),transparent);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.check{--mark:var(--check)}.cross{--mark:var(--cross)}.clock{--mark:var(--clock)}.question{--mark:var(--question)}
main{width:100%;max-width:440px;padding:44px 40px 36px;text-align:center;background:var(--card);border:1px solid var(--edge);border-radius:20px;box-shadow:0 1px 2px #0000000a,0 16px 48px #00000014}
svg{width:72px;height:72px;margin-bottom:20px;fill:none;stroke:var(--mark);stroke-width:4.5;stroke-linecap:round;stroke-linejoin:round}
circle{stroke-width:2;fill:color-mix(in srgb,var(--mark) 12%,transparent)}
h1,p{text-wrap:balance}
h1{font-size:1.6rem;line-height:1.25;font-weight:650;letter-spacing:-.015em}
p{margin-top:12px;color:var(--soft)}
.next{margin-top:24px;padding-top:20px;border-top:1px solid var(--edge);color:var(--text);font-weight:550}
footer{color:var(--soft);font:.85rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(max-width:480px){main{padding:36px 24px 28px}}
@media(prefers-reduced-motion:no-preference){main{animation:rise .35s ease-out}.check path{stroke-dasharray:1;animation:draw .45s .15s ease-out both}}
@keyframes rise{from{opacity:0;transform:translateY(8px)}}
@keyframes draw{from{stroke-dashoffset:1}}
`

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
