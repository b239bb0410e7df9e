import type { Readable } from 'node:stream'

/** Calls back with each whole line of a stream, without its line end; what follows the last one is dropped. */
export function eachLine(stream: Readable, use: (line: string) => void): void {
  let unread = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (unread + text).split('\n')
    unread = lines.pop() ?? ''
    lines.forEach(use)
  })
}
