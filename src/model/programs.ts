import type { UntrustedRecord } from './untrusted.ts'

/** The programs of others: those that we run, and those whose settings we must know. */
export interface Programs {
  /**
   * Runs a program in our place: with our stdin, stdout and stderr, in our process group, and
   * with the signals that were meant for us. It is the last thing that this process does.
   *
   * @returns its exit code. When a signal has ended it, the same one ends us, or the code is
   * 128 and the signal's number where that would leave a core file.
   * @throws AuthError `command-not-found`, `command-not-executable`, `cancelled`.
   */
  run(call: ProgramCall): Promise<number>
  /** What another program's settings say, unchecked; `{}` when they are not there or cannot be read. */
  settings(file: SettingsFile): UntrustedRecord
}

export interface ProgramCall {
  /** A path, or a name that is looked up in `PATH`; never a shell's line. */
  readonly command: string
  readonly words: readonly string[]
  /** All of its environment, the access token in it. */
  readonly variables: Readonly<Record<string, string>>
}

/** Where another program keeps its settings. */
export interface SettingsFile {
  /** The variable that names the folder. */
  readonly variable: string
  /** The folder below the user's home when the variable is not set. */
  readonly folder: string
  readonly name: string
}

/** How a command ends that has run a program: with that program's exit code, which is no failure of ours. */
export class ProgramEnded extends Error {
  override readonly name = 'ProgramEnded'
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`the program ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}
