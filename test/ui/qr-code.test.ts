import { describe, expect, it } from 'vitest'
import { qrCode } from '../../src/ui/qr-code.ts'

const URL = `https://claude.example/authorize?${'x'.repeat(400)}`

describe('qrCode', () => {
  it('draws half blocks, as wide as it says it needs', () => {
    const lines = qrCode(URL, 200)
    expect(lines.join('')).toMatch(/^[ █▀▄]+$/)
    const [width] = new Set(lines.map((line) => line.length))
    expect([...new Set(lines.map((line) => line.length))]).toEqual([77])
    expect(lines).toHaveLength(Math.ceil((width ?? 0) / 2))
  })

  it('says how wide the terminal must be rather than draw what would wrap', () => {
    expect(qrCode(URL, 76)).toEqual(['aiauth: the QR code needs a terminal of 77 columns; this one has 76'])
    expect(qrCode(URL, 77)).toHaveLength(39)
  })

  it('draws nothing into a pipe or a file', () => {
    expect(qrCode(URL, undefined)).toEqual(['aiauth: no QR code is shown, since stderr is no terminal'])
  })

  it('U11: holds the address and nothing else', async () => {
    const { encode } = await import('uqr')
    const drawn = qrCode(URL, 200).flatMap((line) => [
      Array.from(line, (sign) => sign === ' ' || sign === '▄'),
      Array.from(line, (sign) => sign === ' ' || sign === '▀'),
    ])
    const { data } = encode(URL, { border: 2, ecc: 'L' })
    expect(drawn.slice(0, data.length)).toEqual(data)
  })
})
