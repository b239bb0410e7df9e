import { describe, expect, it } from 'vitest'
import { switchedOff } from '../../src/model/switched-off.ts'
import { record } from '../../src/model/untrusted.ts'
import { withEnabled } from '../../src/model/with-enabled.ts'
import { account } from '../fakes/account.ts'

const off = (providers: unknown, enabled?: boolean, mode = 'max') =>
  switchedOff(record({ providers }), account({ mode, ...(enabled !== undefined && { enabled }) }))?.message

describe('switchedOff', () => {
  it.each([
    [{ claude: { enabled: false } }, 'the provider claude is switched off'],
    [{ claude: { modes: { max: { enabled: false } } } }, 'the provider claude is switched off'],
    [{ claude: { enabled: true, modes: { max: { enabled: false } } } }, 'the provider claude is switched off'],
    [{ claude: { enabled: false, modes: { max: { enabled: true } } } }, undefined],
    [{ claude: { enabled: true } }, undefined],
    [{ openai: { enabled: false } }, undefined],
    [undefined, undefined],
  ])('reads %j as %s, the mode before the provider', (providers, message) => {
    expect(off(providers)).toBe(message)
  })

  it('reads the account before its provider', () => {
    expect(off({ claude: { enabled: false } }, false)).toBe('work is switched off')
    expect(off({ claude: { enabled: true } }, false)).toBe('work is switched off')
    expect(off({}, true)).toBeUndefined()
  })

  it('says what to type', () => {
    expect(switchedOff({}, account({ enabled: false }))).toMatchObject({
      code: 'usage',
      hint: 'aiauth set work enabled=true',
    })
    expect(switchedOff({ providers: { claude: { enabled: false } } }, account())).toMatchObject({
      code: 'usage',
      hint: 'aiauth providers enable claude',
    })
  })

  it.each([
    null,
    'x',
    5,
    [],
    [null],
    { claude: null },
    { claude: 'x' },
    { claude: [] },
    { claude: { enabled: 'false' } },
    { claude: { enabled: null, modes: null } },
    { claude: { modes: 'x' } },
    { claude: { modes: { max: null } } },
    { claude: { modes: { max: { enabled: 0 } } } },
  ])('F7: takes the odd shape %j for nothing', (providers) => {
    expect(off(providers)).toBeUndefined()
  })

  it.each(['__proto__', 'constructor', 'toString'])('finds nothing for a provider or mode called %s', (name) => {
    const settings = { providers: { claude: { modes: {} } } }
    expect(switchedOff(settings, account({ provider: name, mode: name }))).toBeUndefined()
    expect(switchedOff(settings, account({ mode: name }))).toBeUndefined()
  })
})

describe('withEnabled', () => {
  it.each([
    [undefined, { enabled: false }],
    [
      { title: 'T', enabled: true },
      { title: 'T', enabled: false },
    ],
    [
      { modes: { 'a.b': { enabled: true, clientId: 'x' }, c: 'odd' } },
      { enabled: false, modes: { 'a.b': { clientId: 'x' }, c: 'odd' } },
    ],
    [{ modes: 'odd' }, { modes: 'odd', enabled: false }],
  ])('switches %j off as %j', (source, expected) => {
    expect({ ...withEnabled(source, false) }).toEqual(expected)
  })
})
