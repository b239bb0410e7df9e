import { writeSync } from 'node:fs'
import { errorCode } from './read-private-file.ts'

/** How long to wait before a full pipe is tried again, in milliseconds. */
const RETRY_MS = 5

/**
 * Writes all of a text to a descriptor, at once and in order, so that the process may end
 * right afterwards. A reader that has gone (`| head -c1`) is no fault of ours: the rest is
 * dropped quietly.
 */
export function writeFully(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(descriptor, bytes, written)
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') return
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}
