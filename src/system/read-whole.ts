import { AuthError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'

const STDIN_LIMIT_BYTES = 65_536

/**
 * All of stdin; whoever waits for a program that never ends it can leave with Ctrl-C.
 *
 * @throws AuthError `usage`, and the signal's reason.
 */
export async function readWhole(stdin: NodeJS.ReadStream, signal: AbortSignal): Promise<Secret> {
  const chunks: Buffer[] = []
  let bytes = 0
  const stop = () => stdin.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > STDIN_LIMIT_BYTES) throw tooMuch()
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof AuthError ? error : new AuthError('usage', 'stdin cannot be read', { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
  }
  return new Secret(Buffer.concat(chunks).toString('utf8'))
}

function tooMuch(): AuthError {
  return new AuthError('usage', 'there is more on stdin than a secret can be', {
    hint: 'pipe in nothing but the secret',
  })
}
