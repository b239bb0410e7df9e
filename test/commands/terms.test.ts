import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli.ts'
import { AuthError } from '../../src/model/errors.ts'
import { fakePorts } from '../fakes/ports.ts'

const run = async (mode: string, argv: string[], answer?: string) => {
  const ports = fakePorts({ input: 'nothing', ...(answer !== undefined && { interactive: true, typed: [answer] }) })
  const exitCode = await runCli(['login', ...argv, '--mode', mode], ports, { json: false, debug: false })
  return { exitCode, err: ports.stderr.join(''), asked: ports.requests.length, opened: ports.openPorts.size }
}

describe("the vendor's terms", () => {
  it.each([
    ['max', ['claude'], 'Anthropic does not permit third-party developers'],
    ['console', ['claude'], 'ordinary use of Claude Code and other native Anthropic applications'],
    ['codex', ['openai'], "OpenAI's own Codex CLI"],
    ['codex', ['openai', '--device'], "OpenAI's own Codex CLI"],
  ])('are told before %s of %j, the client of another program, and nothing is done without a yes', async (...given) => {
    const [mode, argv, words] = given
    const { exitCode, err, asked, opened } = await run(mode, argv)
    expect([exitCode, asked, opened]).toEqual([2, 0, 0])
    expect(err).toContain(words)
    expect(err).toContain(`aiauth: hint: aiauth login ${argv[0] ?? ''} --mode ${mode} --accept-terms`)
    expect((await run(mode, argv, 'no')).exitCode).toBe(2)
  })

  it.each([
    ['setup-token', 'claude'],
    ['api-key', 'claude'],
    ['api-key', 'openai'],
  ])('are no matter for %s of %s, which the vendor has issued itself', async (mode, provider) => {
    expect((await run(mode, [provider])).err).not.toContain('terms')
  })

  it('are no matter for Sign in with ChatGPT, whose client is our own', async () => {
    const ports = fakePorts({ browse: () => undefined })
    const running = runCli(['login', 'openai', '--mode', 'chatgpt'], ports, { json: false, debug: false })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(ports.stderr.join('')).toMatch(/^https:\/\/auth\.openai\.com\/api\/accounts\/authorize\?/m)
    expect(ports.stderr.join('')).not.toContain('terms')
    ports.interrupt(new AuthError('cancelled', 'enough'))
    await running
  })
})
