import type { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import type { Provider } from '../model/provider.ts'
import { beginDevice, codeExpired, type DeviceSignIn } from '../oauth/device.ts'
import { beginOwnDeviceFlow } from '../oauth/own-device-flow.ts'
import type { TokenResponse } from '../oauth/token-response.ts'
import { grantOf, type Grant } from './grant.ts'

export interface DeviceSignInInput {
  readonly provider: Provider & { readonly deviceAuthorizationEndpoint: string }
  readonly scopes: readonly string[]
  /** Tells the user where to go and what to enter there. */
  readonly announce: (device: DeviceSignIn) => void
  /** Told before each pause how long the code still lasts. */
  readonly waiting: (leftMs: number) => void
}

/** Added to the interval whenever the server asks for it, for good (RFC 8628 §3.5). */
const SLOW_DOWN_MS = 5000
const LONGEST_PAUSE_MS = 60_000

/**
 * Signs in by a code that is entered on any device. Faults of the network and the server do not
 * end it, for the person may be entering the code at this moment.
 *
 * @throws AuthError `sign-in-timed-out`, `sign-in-denied`, as `beginDevice` and `grantOf`, and
 * the signal's reason.
 */
export async function signInByDevice(
  ports: Pick<Ports, 'http' | 'clock'>,
  { provider, scopes, announce, waiting }: DeviceSignInInput,
  signal: AbortSignal,
): Promise<Grant> {
  const begin = provider.ownDeviceFlow === undefined ? beginDevice : beginOwnDeviceFlow
  const device = await begin(ports, provider, scopes, signal)
  announce(device)
  const response = await granted(ports, device, waiting, signal)
  return grantOf(ports, provider, response, { clientId: provider.clientId, nonce: undefined }, signal)
}

/** The time is counted by the pauses, so a clock that jumps neither ends the wait nor prolongs it. */
async function granted(
  { clock }: Pick<Ports, 'clock'>,
  device: DeviceSignIn,
  waiting: DeviceSignInInput['waiting'],
  signal: AbortSignal,
): Promise<TokenResponse> {
  let { intervalMs, lifetimeMs: leftMs } = device
  let pauseMs = intervalMs
  let fault: AuthError | undefined
  while (leftMs > 0) {
    waiting(leftMs)
    const waitMs = Math.min(pauseMs, leftMs)
    await clock.sleep(waitMs, signal)
    leftMs -= waitMs
    const answer = await device.poll(signal)
    if (answer.kind === 'granted') return answer.response
    if (answer.kind === 'slow-down') intervalMs += SLOW_DOWN_MS
    fault = answer.kind === 'fault' ? answer.error : undefined
    pauseMs = answer.kind === 'fault' ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : intervalMs
  }
  throw codeExpired(fault)
}
