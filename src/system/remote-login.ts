import { userInfo } from 'node:os'

/**
 * `user@address` for reaching this machine again when the terminal is an SSH session,
 * `undefined` otherwise. The address is the one that this session came in by.
 */
export function remoteLogin(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  const connection = variables['SSH_CONNECTION']
  if (connection === undefined && variables['SSH_TTY'] === undefined) return undefined
  const address = connection?.split(' ')[2] ?? ''
  const host = /^[0-9A-Fa-f.:]{2,45}$/.test(address) ? address : 'this-host'
  return `${userName()}@${host}`
}

function userName(): string {
  try {
    const { username } = userInfo()
    return /^[\w.-]+$/.test(username) ? username : 'you'
  } catch {
    return 'you'
  }
}
