import { describe, expect, it } from 'vitest'
import { announcement, type Announcement } from '../../src/ui/sign-in-words.ts'
import { PLAIN } from '../../src/ui/style.ts'

const [URL_HERE, URL_ELSEWHERE] = ['https://as.example/a?redirect_uri=here', 'https://as.example/a?redirect_uri=page']
const DESK = { noBrowser: undefined, remoteLogin: undefined, isAgent: false }
const SSH = { noBrowser: 'this is a remote terminal', remoteLogin: 'ada@192.0.2.7', isAgent: false }
const lines = (view: Partial<Announcement>) =>
  announcement(
    {
      title: 'Claude',
      url: URL_HERE,
      manualUrl: undefined,
      redirectUri: 'http://localhost:40000/callback',
      isListening: true,
      opens: false,
      surroundings: DESK,
      ...view,
    },
    PLAIN,
  )

describe('announcement', () => {
  it('names one address while a browser opens here', () => {
    expect(lines({ opens: true })).toEqual([
      'aiauth: signing in to Claude',
      'aiauth: opening your browser; if nothing happens, open this address:',
      URL_HERE,
    ])
  })

  it('names the one that comes back by itself first at a desk where none is to be opened', () => {
    expect(lines({ manualUrl: URL_ELSEWHERE })).toEqual([
      'aiauth: signing in to Claude',
      'aiauth: open this address in a browser:',
      URL_HERE,
      'aiauth: or open this one on another machine, and paste here the code that it shows:',
      URL_ELSEWHERE,
    ])
  })

  it('names the page with the code first where no browser can open, and the tunnel for the other', () => {
    expect(lines({ manualUrl: URL_ELSEWHERE, surroundings: SSH })).toEqual([
      'aiauth: signing in to Claude',
      'aiauth: this is a remote terminal; open this address in a browser:',
      URL_ELSEWHERE,
      'aiauth: sign in there, and paste here the code that it shows',
      'aiauth: or, with nothing to paste, run this on your own machine:',
      'ssh -L 40000:127.0.0.1:40000 ada@192.0.2.7',
      'aiauth: and open this address instead:',
      URL_HERE,
    ])
  })

  it('names the tunnel alone where there is no such page, also beside a browser that is opened over SSH', () => {
    const tunnel = [
      'aiauth: so that your browser finds the way back, run this on your own machine:',
      'ssh -L 40000:127.0.0.1:40000 ada@192.0.2.7',
    ]
    expect(lines({ surroundings: SSH }).slice(2)).toEqual([URL_HERE, ...tunnel])
    expect(lines({ surroundings: SSH, opens: true }).slice(2)).toEqual([URL_HERE, ...tunnel])
  })

  it('names no tunnel to a port that nobody has', () => {
    expect(lines({ surroundings: SSH, isListening: false }).slice(2)).toEqual([
      URL_HERE,
      'aiauth: no port could be opened here, so paste what the browser shows in the end',
    ])
  })
})
