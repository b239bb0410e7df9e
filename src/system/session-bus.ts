import { execFile } from 'node:child_process'
import { childEnvironment } from './child-environment.ts'

/** A method of a program on the session's D-Bus; all that we ever tell it is text. */
export interface BusCall {
  readonly to: string
  readonly path: string
  readonly interface: string
  readonly method: string
  readonly values: readonly string[]
}

/** Programs that can ask the bus, tried in turn: each distribution has one. No shell is in between. */
const ASKERS: readonly (readonly [program: string, argumentsFor: (call: BusCall) => readonly string[]])[] = [
  [
    'dbus-send',
    ({ to, path, interface: face, method, values }) => [
      ...['--session', '--print-reply=literal', `--dest=${to}`, path, `${face}.${method}`],
      ...values.map((value) => `string:${value}`),
    ],
  ],
  [
    'busctl',
    ({ to, path, interface: face, method, values }) => [
      ...['--user', 'call', to, path, face, method, 's'.repeat(values.length)],
      ...values,
    ],
  ],
]
const ANSWER_LIMIT_MS = 2000

/** The answer as the program prints it; `undefined` where none of them is here, or it got no answer. */
export async function askBus(call: BusCall): Promise<string | undefined> {
  for (const [program, argumentsFor] of ASKERS) {
    const { isThere, output } = await outputOf(program, argumentsFor(call))
    if (isThere) return output
  }
  return undefined
}

function outputOf(
  program: string,
  values: readonly string[],
): Promise<{ readonly isThere: boolean; readonly output: string | undefined }> {
  const options = { timeout: ANSWER_LIMIT_MS, windowsHide: true, env: childEnvironment() }
  return new Promise((resolve) => {
    execFile(program, values, options, (error, output) =>
      resolve({ isThere: error?.code !== 'ENOENT', output: error === null ? output : undefined }),
    )
  })
}
