import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { startInTerminal, type TerminalSession } from '../real/tmux.ts'
import { BIN } from './program.ts'

/** What a person does: waits for words, presses a key, or types. */
export type Step = RegExp | string

const KEYS: readonly string[] = ['Enter', 'BSpace', 'C-c', 'C-d', 'C-j', 'C-u', 'C-z']

export interface AtTerminal {
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly size?: { readonly columns: number; readonly rows: number }
}

/** The built program at a terminal, with nothing of ours or the user's around it; without colours, unless wanted. */
export function atTerminal(argv: readonly string[], options: AtTerminal): TerminalSession {
  return commandAtTerminal([process.execPath, BIN, ...argv], options)
}

/** Any program there, such as a shell that starts ours. */
export function commandAtTerminal(command: readonly string[], { home, env = {}, size }: AtTerminal): TerminalSession {
  const own = { PATH: process.env['PATH'] ?? '', HOME: home, AIAUTH_HOME: home, CODEX_HOME: home, NO_COLOR: '1' }
  const terminal = startInTerminal(command, { ...own, ...env }, size)
  onTestFinished(() => terminal.close())
  return terminal
}

export async function act(terminal: TerminalSession, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (typeof step !== 'string') await terminal.sees(step)
    else if (KEYS.includes(step)) terminal.key(step)
    else terminal.paste(step)
  }
}

/** What a terminal itself sends back for Backspace and Ctrl-U: one step back, a blank, one step back. */
const ERASED = /[\b] [\b]/g
/** Neither a colour nor a cursor movement nor a mode that is left switched on. */
export const STRAY = /[^\P{Cc}\r\n]/u

/** Nothing on the screen but lines, the cursor at the start of one, and the terminal as it was. */
export function expectTidy(terminal: TerminalSession): void {
  expect(terminal.raw().replaceAll(ERASED, '')).not.toMatch(STRAY)
  expect(terminal.raw()).toMatch(/\r\n$/)
  expectModes(terminal.modes())
}

export const [HIDE_CURSOR, SHOW_CURSOR] = ['\u001b[?25l', '\u001b[?25h'] as const
/** Colour, cursor hidden and shown, line erased, cursor to its start, the screen drawn anew. */
export const ALLOWED = /\u001b\[(?:[\d;]*m|\?25[lh]|\?2026[lh]|[02]?K|[01]?G|1A|H|J)/g
/** The same where colours, a spinner or a screen are drawn: the cursor is to be seen in the end. */
export function expectCursor(terminal: TerminalSession): void {
  expect(terminal.raw().replace(ALLOWED, '')).not.toMatch(STRAY)
  expect(terminal.raw().lastIndexOf(SHOW_CURSOR)).toBeGreaterThanOrEqual(terminal.raw().lastIndexOf(HIDE_CURSOR))
  expect(terminal.raw()).toMatch(/\r\n(?:\u001b\[[^A-Za-z]*[A-Za-z])*$/)
  expectModes(terminal.modes())
}

/** Lines are edited and shown by the terminal, and Ctrl-C is a signal. */
export function expectModes(modes: string): void {
  for (const mode of ['echo', 'icanon', 'isig', 'icrnl', 'opost']) {
    expect(modes.split(/[\s;]+/)).toContain(mode)
  }
}

/** Every file below a home with what it holds: nothing may be half-written, or written at all. */
export function contentsOf(home: string): Record<string, string> {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => statSync(join(home, name)).isFile())
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(home, name), 'utf8')]))
}
