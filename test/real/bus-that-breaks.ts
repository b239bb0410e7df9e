import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/**
 * An address that leads to the bus of `env`, but whose first connections are cut off when a
 * message with the word `at` comes by.
 */
export async function busThatBreaks(
  env: NodeJS.ProcessEnv,
  { first, at }: { readonly first: number; readonly at: string },
): Promise<{ readonly address: string; readonly connections: () => number }> {
  const folder = mkdtempSync(join(tmpdir(), 'bus-'))
  const bus = (env['DBUS_SESSION_BUS_ADDRESS'] ?? '').replace(/^unix:path=|,.*$/g, '')
  let count = 0
  const server = createServer((client) => {
    const breaks = ++count <= first
    const upstream = connect(bus)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    upstream.on('data', (bytes) => client.write(bytes))
    client.on('data', (bytes: Buffer) => {
      if (breaks && bytes.includes(at)) end()
      else upstream.write(bytes)
    })
  })
  const path = join(folder, 'bus')
  await once(server.listen(path), 'listening')
  onTestFinished(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  return { address: `unix:path=${path}`, connections: () => count }
}
