import { AuthError, type AuthErrorCode } from '../model/errors.ts'
import { cleanLine } from '../model/untrusted.ts'

const UNLOCK_COMMANDS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'security unlock-keychain',
  // Replacing is how a running daemon is unlocked; it takes all of stdin, so no line end may follow.
  linux: 'read -rs p; printf %s "$p" | gnome-keyring-daemon --replace --unlock',
}

const BROKEN = 'the connection to your keychain broke'

export const UNLOCK_IT = 'unlock it, then try again'

/** Every way the keychain fails, the first row whose text fits: `[text, code, message, hint]`. */
const FAILURES: readonly (readonly [RegExp, AuthErrorCode, string, () => string])[] = [
  [
    /prompt was dismissed|\bis ?locked\b|-25308|interaction is not allowed/i,
    'storage-locked',
    'your keychain is locked',
    unlockAdvice,
  ],
  [
    /did not receive a reply|timed? ?out/i,
    'storage-timed-out',
    'your keychain does not answer',
    () => 'look for its dialog, or restart it, then try again',
  ],
  [
    /no result found/i,
    'storage-unavailable',
    'your keychain has no default collection',
    () => 'create or open one in your keychain program',
  ],
  [
    /longer than the platform limit|rejected by the platform/i,
    'storage-unavailable',
    'your keychain takes no value of this size',
    () => 'keep the tokens elsewhere: --storage passphrase',
  ],
  [
    /\b1312\b|logon session/i,
    'storage-unavailable',
    'this Windows session has no credential store, as over SSH',
    () => 'sign in at the machine itself',
  ],
  [
    /not provided by any \.service|ServiceUnknown|NameHasNoOwner/,
    'storage-unavailable',
    'no keychain service runs here (D-Bus knows no org.freedesktop.secrets)',
    () => 'install and start gnome-keyring, KWallet or KeePassXC',
  ],
  [
    /failed to connect|autolaunch|address/i,
    'storage-unavailable',
    'no keychain here (no D-Bus session)',
    () => 'run it inside a desktop session, or start a D-Bus session with a keychain service',
  ],
  [/dbus error/i, 'storage-unavailable', BROKEN, () => 'try again'],
  [
    /cannot find (?:module|package|native binding)|dlopen|failed to load native/i,
    'storage-unavailable',
    'the keychain package is missing or made for another system',
    () => 'npm install --global aiauth, with optional dependencies',
  ],
]

/**
 * What went wrong with the keychain, as a failure that the user can act on.
 *
 * The native package has no error codes, so its texts are matched. They are those of
 * `@napi-rs/keyring` 2.1.2, which is why it is pinned: from 1.x to 2.0 all of them changed.
 * Those of Linux are tested against real services; those of macOS (-25308) and Windows
 * (1312) are from other people's reports.
 */
export function keychainError(cause: unknown): AuthError {
  if (cause instanceof AuthError) return cause
  const text = cause instanceof Error ? cause.message : ''
  const [, code, message, hint] = FAILURES.find(([sign]) => sign.test(text)) ?? [
    undefined,
    'storage-unavailable' as const,
    `your keychain failed (${cleanLine(text)})`,
    () => 'try again',
  ]
  return new AuthError(code, message, { hint: hint(), cause })
}

/** Whether the connection to the keychain broke in the middle: another one may hold. */
export function isBroken(error: unknown): boolean {
  return error instanceof AuthError && error.message === BROKEN
}

/** Over SSH no dialog can appear, so there the command is told. */
function unlockAdvice(): string {
  const isRemote = process.env['SSH_CONNECTION'] !== undefined || process.env['SSH_TTY'] !== undefined
  const command = isRemote ? UNLOCK_COMMANDS[process.platform] : undefined
  return command ?? UNLOCK_IT
}
