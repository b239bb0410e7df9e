import { describe, expect, it } from 'vitest'
import { surroundings, type Traces } from '../../src/model/surroundings.ts'

const DESK: Traces = {
  variables: { DISPLAY: ':0' },
  platform: 'linux',
  files: [],
  kernel: 'Linux 6.8',
  userName: 'ada',
}
const at = (traces: Partial<Traces>) => surroundings({ ...DESK, ...traces })
const SSH = { SSH_CONNECTION: '192.0.2.9 50000 192.0.2.7 22' }

describe('surroundings', () => {
  it.each<[string, Partial<Traces>]>([
    ['a Linux desktop', {}],
    ['a Wayland desktop', { variables: { WAYLAND_DISPLAY: 'wayland-0' } }],
    ['macOS', { platform: 'darwin', variables: {} }],
    ['Windows', { platform: 'win32', variables: {} }],
    ['WSL by its variable', { variables: { WSL_DISTRO_NAME: 'Ubuntu' } }],
    ['WSL by its kernel', { variables: {}, kernel: 'Linux version 5.15.90.1-microsoft-standard-WSL2' }],
    ['a container with a display', { files: ['/.dockerenv'] }],
    ['a desktop where CI is switched off', { variables: { DISPLAY: ':0', CI: 'false' } }],
    ['a coding agent at a desk', { variables: { DISPLAY: ':0', CLAUDECODE: '1' } }],
  ])('lets a browser open on %s', (_place, traces) => expect(at(traces).noBrowser).toBeUndefined())

  it.each<[string, Partial<Traces>]>([
    ['this is a remote terminal', { variables: { ...SSH, DISPLAY: 'localhost:10.0' } }],
    ['this is a remote terminal', { platform: 'darwin', variables: { SSH_TTY: '/dev/ttys001' } }],
    ['this is a sandbox', { platform: 'darwin', variables: { CODEX_SANDBOX: 'seatbelt' } }],
    ['this is a CI job', { variables: { DISPLAY: ':99', CI: 'true' } }],
    ['this is a container', { variables: {}, files: ['/.dockerenv'] }],
    ['this is a container', { variables: {}, files: ['/run/.containerenv'] }],
    ['this is a container', { variables: { container: 'podman' } }],
    ['this is a container', { variables: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }],
    ['this is a container', { variables: {}, files: ['/.dockerenv'], kernel: 'microsoft-standard-WSL2' }],
    ['there is no display here', { variables: { DISPLAY: '' } }],
    ['there is no display here', { platform: 'freebsd', variables: {} }],
  ])('U6, U10: knows that %s', (why, traces) => expect(at(traces).noBrowser).toBe(why))

  it.each<[string, string | undefined, Partial<Traces>]>([
    ['the address that the terminal came in by', 'ada@192.0.2.7', { variables: SSH }],
    ['an IPv6 address', 'ada@2001:db8::7', { variables: { SSH_CONNECTION: '2001:db8::9 5 2001:db8::7 22' } }],
    [
      'a place to fill in for an address that is none',
      'ada@this-host',
      { variables: { SSH_CONNECTION: 'a b $(id) 22' } },
    ],
    ['a place to fill in for a name that a shell would read', 'you@192.0.2.7', { variables: SSH, userName: 'a;id' }],
    ['nothing at a desk', undefined, {}],
  ])('names for ssh -L %s', (_case, login, traces) => expect(at(traces).remoteLogin).toBe(login))

  it.each(['CLAUDECODE', 'CODEX_THREAD_ID', 'CURSOR_AGENT', 'GEMINI_CLI', 'OPENCODE', 'COPILOT_CLI', 'AI_AGENT'])(
    'knows a coding agent by %s',
    (name) => expect([at({ variables: { [name]: '1' } }).isAgent, at({}).isAgent]).toEqual([true, false]),
  )
})
