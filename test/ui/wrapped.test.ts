import { describe, expect, it } from 'vitest'
import { wrapped } from '../../src/ui/wrapped.ts'

describe('wrapped', () => {
  it('keeps every line within the columns and below where the first one starts', () => {
    expect(wrapped(' 1  ', 'copy it, byte by byte, and read it back', 20)).toEqual([
      ' 1  copy it, byte by',
      '    byte, and read',
      '    it back',
    ])
  })

  it('leaves a word whole that is longer than a line', () => {
    expect(wrapped('- ', 'remove /home/ada/.codex/auth.json now', 12)).toEqual([
      '- remove',
      '  /home/ada/.codex/auth.json',
      '  now',
    ])
  })

  it('makes one line where there is no terminal, and of an empty text', () => {
    expect(wrapped('- ', 'word '.repeat(200).trim(), undefined)).toHaveLength(1)
    expect(wrapped('- ', '', 40)).toEqual(['- '])
  })
})
