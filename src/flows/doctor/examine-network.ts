import { hostOf, isSafeAddress } from '../../model/endpoint.ts'
import { AuthError } from '../../model/errors.ts'
import type { Finding } from '../../model/inspection.ts'
import type { Provider } from '../../model/provider.ts'
import { LATEST_MS } from '../../model/time.ts'
import { allProviders } from '../../providers/registry.ts'
import { httpFor } from '../http-for.ts'
import { quietly } from './quietly.ts'
import { utc, wrongClock } from './wrong-clock.ts'
import type { Examined, ExaminePorts } from './examine.ts'

const ANSWER_LIMIT_MS = 3000

/** A clock that is further off is wrong: `Date` has whole seconds, and a token is handed out with 60 s left at least. */
const CLOCK_TOLERANCE_MS = 60_000

/**
 * One answer of one provider's server, whatever it says: by the same way that renewals take, so
 * that it shows a proxy or certificates in trouble, and with the time of another clock. No token
 * is sent. A server that is not reached is told of and no more: the way to it may be back soon.
 *
 * @throws AuthError `cancelled`.
 */
export async function examineNetwork(ports: ExaminePorts, examined: Examined): Promise<Finding[]> {
  const server = serverToAsk(ports, examined)
  if (server === undefined) return []
  const { host, url, userAgent, proxy } = server
  const late = new AuthError('network', `${host} did not answer within ${ANSWER_LIMIT_MS / 1000} s`)
  const deadline = ports.clock.deadline(ports.interruption, ANSWER_LIMIT_MS, late)
  const startedAtMs = ports.clock.nowMs()
  try {
    const headers = { accept: '*/*', 'user-agent': userAgent }
    const request = { purpose: 'time', method: 'GET', url, headers } as const
    const reply = await httpFor(ports, proxy).send(request, deadline.signal)
    const nowMs = ports.clock.nowMs()
    const message = `${host} answers in ${Math.max(0, nowMs - startedAtMs)} ms`
    return [{ id: 'network', level: 'ok', message, fix: null }, clockFinding(host, reply.headers, startedAtMs, nowMs)]
  } catch (error) {
    if (!(error instanceof AuthError) || error.code === 'cancelled') throw error
    const message = `the clock says ${utc(ports.clock.nowMs())}; no server was reached to compare it with`
    return [
      { id: 'network', level: 'note', message: error.message, fix: error.hint ?? 'check the network connection' },
      { id: 'clock', level: 'note', message, fix: null },
    ]
  } finally {
    deadline.end()
  }
}

interface Server {
  readonly host: string
  readonly url: string
  readonly userAgent: string
  readonly proxy: string | null
}

/** That of the first account that has one, else that of the first provider which can be signed in to. */
function serverToAsk({ settings }: ExaminePorts, { file }: Examined): Server | undefined {
  const rows = (quietly(() => allProviders(settings.read())) ?? []).filter(({ enabled }) => enabled)
  const used = (file?.accounts ?? []).flatMap(({ provider, mode, proxy }) =>
    rows.filter((row) => row.id === provider && row.mode === mode).map((row) => ({ row, proxy })),
  )
  for (const { row, proxy } of [...used, ...rows.map((each) => ({ row: each, proxy: null }))]) {
    const url = addressesOf(row).find((each) => each !== undefined && isSafeAddress(each))
    if (url !== undefined) return { host: hostOf(url), url, userAgent: row.userAgent, proxy }
  }
  return undefined
}

const addressesOf = (row: Provider) => [row.tokenEndpoint, row.issuer, row.usageEndpoint, row.profileEndpoint]

/** An answer out of a cache was made `Age` seconds before it was sent (RFC 9111 §5.1). */
function clockFinding(
  host: string,
  { date = '', age = '0' }: Readonly<Record<string, string>>,
  startedAtMs: number,
  nowMs: number,
): Finding {
  const serverMs = Date.parse(date) + (Number.parseInt(age, 10) || 0) * 1000
  if (!(serverMs > 0 && serverMs <= LATEST_MS)) {
    const message = `${host} does not say what time it is, so the clock was not compared`
    return { id: 'clock', level: 'note', message, fix: 'compare the clock of this machine yourself' }
  }
  const hereMs = (startedAtMs + nowMs) / 2
  if (Math.abs(hereMs - serverMs) > CLOCK_TOLERANCE_MS) return wrongClock(nowMs, `that of ${host}`, serverMs)
  return { id: 'clock', level: 'ok', message: `the clock says ${utc(nowMs)}, as that of ${host} does`, fix: null }
}
