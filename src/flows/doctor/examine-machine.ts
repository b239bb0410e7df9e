import { AuthError } from '../../model/errors.ts'
import type { Finding } from '../../model/inspection.ts'
import { parseProxy } from '../../model/proxy.ts'
import { allProviders } from '../../providers/registry.ts'
import type { ExaminePorts } from './examine.ts'
import { quietly } from './quietly.ts'

const OLDEST_NODE = 20

/** Options under which Node gives away what is in its memory or on its way, or runs what is not ours beside us. */
const RISKY_NODE_OPTIONS: readonly (readonly [RegExp, string])[] = [
  [
    /--(?:inspect\S*|report-on-\S+|report-uncaught-exception|heapsnapshot-\S+|heap-prof|diagnostic-dir)/g,
    'can write a token from memory to a file or show it to a debugger',
  ],
  [/--tls-keylog/g, 'writes the keys of every connection to a file'],
  [/(?:^|\s)(?:--(?:require|import|loader|experimental-loader)|-r)(?=[=\s])/g, 'runs other code within aiauth'],
]

const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'] as const

/** Node, its options, the way to the network and the variables that would go before an account. */
export function examineMachine(ports: ExaminePorts): Finding[] {
  return [nodeFinding(ports), ...nodeOptions(ports), ...proxyFindings(ports), ...certificates(ports), ...strays(ports)]
}

function nodeFinding({ inspection }: ExaminePorts): Finding {
  const { nodeVersion, platform } = inspection
  const isOld = Number(nodeVersion.split('.')[0]) < OLDEST_NODE
  const message = `Node ${nodeVersion} on ${platform}`
  return isOld
    ? {
        id: 'node',
        level: 'problem',
        message: `${message} is older than aiauth needs`,
        fix: `install Node ${OLDEST_NODE} or newer`,
      }
    : { id: 'node', level: 'ok', message, fix: null }
}

function nodeOptions({ environment }: ExaminePorts): Finding[] {
  const options = environment.variables['NODE_OPTIONS'] ?? ''
  const findings = RISKY_NODE_OPTIONS.flatMap(([pattern, effect]) =>
    [...new Set(options.match(pattern))].map((option): Finding => ({
      id: 'node-options',
      level: 'warning',
      message: `NODE_OPTIONS has ${option.trim()}, which ${effect}`,
      fix: 'unset NODE_OPTIONS where tokens are used',
    })),
  )
  const isUnchecked = environment.variables['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
  const unchecked: Finding = {
    id: 'certificates',
    level: 'note',
    message: 'NODE_TLS_REJECT_UNAUTHORIZED=0 is set; aiauth checks certificates all the same, other programs do not',
    fix: 'unset NODE_TLS_REJECT_UNAUTHORIZED',
  }
  return isUnchecked ? [...findings, unchecked] : findings
}

function proxyFindings({ environment, settings }: ExaminePorts): Finding[] {
  const variable = PROXY_VARIABLES.find((name) => (environment.variables[name] ?? '') !== '')
  const setting = quietly(() => settings.read()['proxy'])
  const [address, source] =
    typeof setting === 'string' && setting !== ''
      ? [setting, 'proxy in config.json']
      : [variable === undefined ? '' : (environment.variables[variable] ?? ''), variable ?? '']
  if (address === '') return [{ id: 'proxy', level: 'ok', message: 'no proxy is set', fix: null }]
  try {
    parseProxy(address, source)
    return [{ id: 'proxy', level: 'ok', message: `requests go through the proxy of ${source}`, fix: null }]
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    return [{ id: 'proxy', level: 'problem', message: error.message, fix: error.hint ?? `correct ${source}` }]
  }
}

function certificates({ environment, inspection }: ExaminePorts): Finding[] {
  const path = environment.variables['NODE_EXTRA_CA_CERTS'] ?? ''
  if (path === '') return []
  const isThere = inspection.entry(path)?.kind === 'file'
  return isThere
    ? [{ id: 'certificates', level: 'ok', message: `certificates of ${path} are trusted, too`, fix: null }]
    : [
        {
          id: 'certificates',
          level: 'problem',
          message: `NODE_EXTRA_CA_CERTS names ${path}, which is no file`,
          fix: 'correct or unset NODE_EXTRA_CA_CERTS',
        },
      ]
}

/** What would go before an account's token in a program that is started without `aiauth exec`. */
function strays({ environment, settings }: ExaminePorts): Finding[] {
  const rows = quietly(() => allProviders(settings.read())) ?? []
  const effects = new Map(rows.flatMap((row) => Object.entries(row.environment.remove)))
  return [...effects]
    .filter(([name]) => (environment.variables[name] ?? '') !== '')
    .map(([name, effect]) => ({
      id: 'environment',
      level: 'warning',
      message: `${name} is set: ${effect}`,
      fix: `unset ${name}, or start programs with aiauth exec`,
    }))
}
