/** What can be seen of the place where the program runs; the adapter looks, `surroundings` judges. */
export interface Traces {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly platform: string
  /** Those of `TRACE_FILES` that exist. */
  readonly files: readonly string[]
  /** The kernel's own description (`/proc/version`), empty where there is none. */
  readonly kernel: string
  /** Name of the user, empty where the system does not tell. */
  readonly userName: string
}

/** What follows for a sign-in. */
export interface Surroundings {
  /** Why a browser that opened here would be of no use, as half a sentence; `undefined` where one can open. */
  readonly noBrowser: string | undefined
  /** `ada@192.0.2.7` when this is a remote terminal: what `ssh -L` needs to get here. */
  readonly remoteLogin: string | undefined
  /** A coding agent runs this program: even where there is a terminal, nobody may be typing. */
  readonly isAgent: boolean
}

/** Docker and Podman put one of these into every container. */
export const TRACE_FILES: readonly string[] = ['/.dockerenv', '/run/.containerenv']

/** Set by Claude Code, Codex, Cursor, Gemini CLI, opencode, Copilot CLI, and by those who follow a common name. */
const AGENT_VARIABLES: readonly string[] = [
  'AGENT',
  'AI_AGENT',
  'CLAUDECODE',
  'CODEX_SANDBOX',
  'CODEX_SANDBOX_NETWORK_DISABLED',
  'CODEX_THREAD_ID',
  'COPILOT_CLI',
  'CURSOR_AGENT',
  'GEMINI_CLI',
  'OPENCODE',
]

/** Everything about the place in one judgement. */
export function surroundings(traces: Traces): Surroundings {
  const has = isSetIn(traces.variables)
  return {
    noBrowser: OBSTACLES.find(([isThere]) => isThere(traces))?.[1],
    remoteLogin: isRemote(traces) ? remoteLogin(traces) : undefined,
    isAgent: AGENT_VARIABLES.some(has),
  }
}

/** The first that holds is told. WSL opens the browser of Windows, which reaches its loopback ports. */
const OBSTACLES: readonly (readonly [isThere: (traces: Traces) => boolean, why: string])[] = [
  [isRemote, 'this is a remote terminal'],
  [({ variables }) => isSetIn(variables)('CODEX_SANDBOX'), 'this is a sandbox'],
  [({ variables }) => isSetIn(variables)('CI'), 'this is a CI job'],
  [(traces) => isContainer(traces) && !hasDisplay(traces), 'this is a container'],
  [(traces) => needsDisplay(traces) && !hasDisplay(traces), 'there is no display here'],
]

function isRemote({ variables }: Traces): boolean {
  return variables['SSH_CONNECTION'] !== undefined || variables['SSH_TTY'] !== undefined
}

function isContainer({ variables, files }: Traces): boolean {
  return files.length > 0 || ['container', 'KUBERNETES_SERVICE_HOST'].some(isSetIn(variables))
}

function hasDisplay({ variables }: Traces): boolean {
  return ['DISPLAY', 'WAYLAND_DISPLAY'].some(isSetIn(variables))
}

function needsDisplay({ variables, platform, kernel }: Traces): boolean {
  const isWsl = isSetIn(variables)('WSL_DISTRO_NAME') || /microsoft/i.test(kernel)
  return !['android', 'darwin', 'win32'].includes(platform) && !isWsl
}

/** The address is the one that this terminal came in by (`SSH_CONNECTION`: client and port, server and port). */
function remoteLogin({ variables, userName }: Traces): string {
  const address = variables['SSH_CONNECTION']?.split(' ')[2] ?? ''
  const host = /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? address : 'this-host'
  return `${/^[\w.-]+$/.test(userName) ? userName : 'you'}@${host}`
}

/** `CI=false` and the like say that it is not so. */
function isSetIn(variables: Traces['variables']): (name: string) => boolean {
  return (name) => !['', '0', 'false', undefined].includes(variables[name]?.toLowerCase())
}
