import { fstatSync, statSync } from 'node:fs'

/** Whether a person reads or types there; Node's stream, which costs 3 ms, is asked only where it may be so. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  const streams = { 0: () => process.stdin, 1: () => process.stdout, 2: () => process.stderr }
  try {
    const facts = fstatSync(descriptor)
    // `/dev/null` is a character device too, and what most programs give us for stdin.
    if (!facts.isCharacterDevice() || facts.rdev === statSync('/dev/null', { throwIfNoEntry: false })?.rdev)
      return false
    return streams[descriptor]().isTTY
  } catch {
    return false
  }
}
