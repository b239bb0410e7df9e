import { AuthError } from '../model/errors.ts'
import { portHolder } from './port-holder.ts'

/** A port that was wanted (0: any) and the system's code for why it could not be had. */
export interface PortFailure {
  readonly port: number
  readonly code: string
}

/**
 * Why there is no listener, in words that tell a taken port from a forbidden one: the first
 * is ended by ending a program, the second is not.
 */
export function portTaken(failures: readonly PortFailure[], platform: NodeJS.Platform): AuthError {
  const reasons = new Set(failures.map((failure) => reason(failure, platform)))
  return new AuthError('port-taken', Array.from(reasons).join(', '), { hint: hint(failures, platform) })
}

function reason({ port, code }: PortFailure, platform: NodeJS.Platform): string {
  if (port === 0) return `no free port could be opened (${code})`
  if (code === 'EACCES') return `port ${port} is forbidden by the system (${code})`
  if (code !== 'EADDRINUSE') return `port ${port} could not be opened (${code})`
  const holder = platform === 'linux' ? portHolder(port) : undefined
  return `port ${port} is taken${holder === undefined ? '' : ` by ${holder.name} (pid ${holder.pid})`}`
}

function hint(failures: readonly PortFailure[], platform: NodeJS.Platform): string {
  const otherwise = 'sign in with --no-browser and paste the address that the browser ends on'
  if (!failures.some(({ code }) => code === 'EACCES')) return `end what holds the port, or ${otherwise}`
  if (platform !== 'win32') return `ports below 1024 are reserved for the system; ${otherwise}`
  // Hyper-V and WSL set ranges aside at start-up; no program holds them.
  return `see what Windows has reserved: netsh interface ipv4 show excludedportrange protocol=tcp; or ${otherwise}`
}
