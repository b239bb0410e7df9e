import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const APT_LINE = 'apt-get install -y --no-install-recommends gnome-keyring dbus-daemon dbus-bin util-linux'
const PROGRAMS = ['gnome-keyring-daemon', 'dbus-daemon', 'dbus-send', 'setpriv']
const SILENT_DIALOG = `[D-BUS Service]
Name=org.gnome.keyring.SystemPrompter
Exec=/usr/bin/env setpriv --pdeathsig KILL sleep 120
`
const START_LIMIT_MS = 10_000
const LOGIN = 'array:objpath:/org/freedesktop/secrets/collection/login'

/** A real gnome-keyring on a bus of its own. */
export interface SecretService {
  /** Leads a program to this bus, and to no other. */
  readonly env: NodeJS.ProcessEnv
  /** Starts the daemon; `empty` is one without any collection, as where nobody ever logged in. */
  readonly start: (state?: 'unlocked' | 'empty') => Promise<void>
  readonly lock: () => void
  readonly freeze: () => void
  readonly thaw: () => void
  readonly crash: () => Promise<void>
  readonly stop: () => Promise<void>
}

/**
 * Why there can be no Secret Service here (printed too), `undefined` when there can. Other
 * systems than Linux have keychains of their own, which no test may touch.
 *
 * @throws Error when CI is set on Linux: a suite that is skipped there would prove nothing.
 */
export function whyNoSecretService(): string | undefined {
  if (process.platform !== 'linux') return 'the Secret Service is a thing of Linux'
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const missing = PROGRAMS.filter((program) => !folders.some((folder) => existsSync(join(folder, program))))
  if (missing.length === 0) return undefined
  const reason = `no ${missing.join(', ')} here: ${APT_LINE}`
  if ((process.env['CI'] ?? '') !== '') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

/**
 * Starts a bus and, unless `daemon` is false, an unlocked gnome-keyring on it: 30 ms.
 *
 * The bus starts no service by itself, so every dialog is dismissed at once. With
 * `dialogs: 'open'` it starts a dialog program that never shows up: the dialog stays open,
 * as when the person is away. All of it dies with this process, even when that is killed.
 */
export async function startSecretService(options: { daemon?: false; dialogs?: 'open' } = {}): Promise<SecretService> {
  const folder = mkdtempSync(join(tmpdir(), 'secret-service-'))
  for (const name of ['run', 'data', 'home', 'services']) mkdirSync(join(folder, name), { mode: 0o700 })
  const env = environment(folder)
  const bus = await startBus(folder, env, options.dialogs === 'open')
  let daemon: ChildProcess | undefined
  const service: SecretService = {
    env,
    async start(state = 'unlocked') {
      daemon = await startDaemon(folder, env, state)
    },
    lock() {
      send(env, 'secrets', '/secrets', 'Secret.Service.Lock', LOGIN)
    },
    freeze: () => daemon?.kill('SIGSTOP'),
    thaw: () => daemon?.kill('SIGCONT'),
    crash: () => killed(daemon),
    async stop() {
      await Promise.all([killed(daemon), killed(bus)])
      rmSync(folder, { recursive: true, force: true })
    },
  }
  if (options.daemon !== false) await service.start()
  return service
}

function environment(folder: string): NodeJS.ProcessEnv {
  const unwanted = /^(?:DISPLAY|WAYLAND_DISPLAY|GNOME_KEYRING_CONTROL|NODE_EXTRA_CA_CERTS|SSH_.*)$/
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name))),
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    XDG_DATA_HOME: join(folder, 'data'),
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'run', 'bus')}`,
  }
}

/** The kernel kills it when the thread that started it ends. */
function spawnMortal(program: string, options: readonly string[], env: NodeJS.ProcessEnv) {
  return spawn('setpriv', ['--pdeathsig', 'KILL', program, ...options], { env, stdio: ['pipe', 'pipe', 'ignore'] })
}

async function startBus(folder: string, env: NodeJS.ProcessEnv, dialogsStayOpen: boolean): Promise<ChildProcess> {
  const [config, services] = [join(folder, 'bus.conf'), join(folder, 'services')]
  if (dialogsStayOpen) writeFileSync(join(services, 'dialog.service'), SILENT_DIALOG)
  writeFileSync(
    config,
    `<busconfig><type>session</type><listen>${env['DBUS_SESSION_BUS_ADDRESS'] ?? ''}</listen>
     <servicedir>${services}</servicedir><limit name="service_start_timeout">120000</limit>
     <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`,
  )
  const bus = spawnMortal('dbus-daemon', [`--config-file=${config}`, '--nofork', '--nosyslog', '--print-address'], env)
  const isUp = await Promise.race([once(bus.stdout, 'data').then(() => true), once(bus, 'exit').then(() => false)])
  if (!isUp) throw new Error('dbus-daemon did not start')
  return bus
}

async function startDaemon(folder: string, env: NodeJS.ProcessEnv, state: 'unlocked' | 'empty'): Promise<ChildProcess> {
  const how = state === 'unlocked' ? '--unlock' : '--start'
  const control = `--control-directory=${join(folder, 'run', 'keyring')}`
  const daemon = spawnMortal('gnome-keyring-daemon', ['--foreground', how, '--components=secrets', control], env)
  daemon.stdin.end('password')
  const startedAtMs = performance.now()
  while (!send(env, 'DBus', '/DBus', 'DBus.NameHasOwner', 'string:org.freedesktop.secrets').includes('true')) {
    if (performance.now() - startedAtMs > START_LIMIT_MS) throw new Error('gnome-keyring-daemon did not start')
    await sleep(10)
  }
  return daemon
}

/** Calls a method; all three names below `org.freedesktop`. */
function send(env: NodeJS.ProcessEnv, to: string, path: string, method: string, argument: string): string {
  const call = [`--dest=org.freedesktop.${to}`, `/org/freedesktop${path}`, `org.freedesktop.${method}`, argument]
  const reply = spawnSync('dbus-send', ['--print-reply=literal', ...call], { env, encoding: 'utf8' })
  if (reply.status !== 0) throw new Error(reply.stderr)
  return reply.stdout
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
