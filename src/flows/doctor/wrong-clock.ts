import type { Finding } from '../../model/inspection.ts'

/** This machine's clock beside another time that contradicts it. */
export function wrongClock(nowMs: number, words: string, otherMs: number): Finding {
  const message = `the clock says ${utc(nowMs)}, and ${words} ${utc(otherMs)}: one of them is wrong`
  return { id: 'clock', level: 'warning', message, fix: 'set the clock of this machine; tokens are renewed by it' }
}

/** A time as findings tell it. */
export const utc = (ms: number) => new Date(ms).toISOString()
