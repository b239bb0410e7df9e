import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatAuthFile, newAuthFile } from '../../src/auth-file/format.ts'
import { sealedVaultOnDisk } from '../../src/system/sealed-vault-on-disk.ts'
import { account, bundle } from '../fakes/account.ts'
import { filesIn, run, temporaryHome } from './program.ts'

const expiresAt = new Date(Date.now() + 7_200_000).toISOString()
const WORK = account({ expiresAt, secret: { store: 'plaintext', generation: 1, renewable: true } })

async function homeWithWork(config?: object): Promise<string> {
  const home = temporaryHome(config)
  const file = { ...newAuthFile('f'), storage: 'plaintext', accounts: [WORK] }
  writeFileSync(join(home, 'auth.json'), formatAuthFile(file), { mode: 0o600 })
  const tokens = { ...bundle().tokens, expiresAtMs: Date.parse(expiresAt) }
  await sealedVaultOnDisk(home, undefined).write(bundle({ tokens }))
  return home
}

describe('aiauth providers disable and enable', () => {
  it('are kept in config.json beside what the user wrote, and honoured by the next command', async () => {
    const home = await homeWithWork({
      browser: 'x',
      providers: { claude: { title: 'T', modes: { max: { enabled: true } } } },
    })
    const disabled = await run(['providers', 'disable', 'claude', '--json'], { home })
    expect([disabled.exitCode, JSON.parse(disabled.stdout)]).toEqual([
      0,
      { provider: { id: 'claude', enabled: false } },
    ])
    expect(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'))).toEqual({
      browser: 'x',
      providers: { claude: { title: 'T', enabled: false, modes: { max: {} } } },
    })
    expect(filesIn(home)).toMatchObject({ 'config.json': '600' })
    expect(await run(['token'], { home })).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'aiauth: error: the provider claude is switched off\naiauth: hint: aiauth providers enable claude\n',
    })
    expect((await run(['status'], { home })).stdout).toMatch(/^ {2}work .* disabled /m)
    expect((await run(['providers', 'enable', 'claude'], { home })).exitCode).toBe(0)
    expect(await run(['token'], { home })).toMatchObject({ exitCode: 0, stdout: 'AT-1\n', stderr: '' })
  })

  it('leave the file untouched when it is so already, also where there is none', async () => {
    const home = await homeWithWork()
    expect((await run(['providers', 'enable', 'openai'], { home })).exitCode).toBe(0)
    expect(filesIn(home)).not.toHaveProperty(['config.json'])
    await run(['providers', 'disable', 'openai'], { home })
    const { ino, mtimeMs } = statSync(join(home, 'config.json'))
    const again = await run(['providers', 'disable', 'openai'], { home })
    expect(again).toMatchObject({ exitCode: 0, stderr: 'aiauth: the provider openai is already switched off\n' })
    expect(statSync(join(home, 'config.json'))).toMatchObject({ ino, mtimeMs })
  })

  it.each(['{"providers": "rt-LEAK', '[]'])('refuse a config.json that is %s, and leave it alone', async (text) => {
    const home = await homeWithWork()
    writeFileSync(join(home, 'config.json'), text, { mode: 0o600 })
    const { exitCode, stdout, stderr } = await run(['providers', 'disable', 'claude'], { home })
    expect(exitCode).toBe(8)
    expect(stdout + stderr).not.toContain('LEAK')
    expect(readFileSync(join(home, 'config.json'), 'utf8')).toBe(text)
  })
})

describe('aiauth set', () => {
  it('switches an account off and on, and leaves auth.json alone when it is so already', async () => {
    const home = await homeWithWork()
    const path = join(home, 'auth.json')
    expect((await run(['set', 'work', 'enabled=false'], { home })).exitCode).toBe(0)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ accounts: [{ name: 'work', enabled: false }] })
    const { ino } = statSync(path)
    expect((await run(['set', 'work', 'enabled=no'], { home })).exitCode).toBe(0)
    expect(statSync(path).ino).toBe(ino)
    expect((await run(['token', 'work'], { home })).stderr).toContain('aiauth: hint: aiauth set work enabled=true\n')
    await run(['set', 'work', 'enabled=true'], { home })
    expect(readFileSync(path, 'utf8')).not.toContain('enabled')
    expect((await run(['token', 'work'], { home })).stdout).toBe('AT-1\n')
  })
})
