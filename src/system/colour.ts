/** Whether output may be coloured where there is a terminal, and whether also where there is none. */
export interface Colour {
  readonly allowed: boolean
  readonly forced: boolean
}

/**
 * The common rules: `--no-color`, `--json`, `NO_COLOR`, `CI` and a dumb terminal say no,
 * `FORCE_COLOR` says yes where none of them does.
 */
export function colourOf(variables: Readonly<Record<string, string | undefined>>, flags: ReadonlySet<string>): Colour {
  const isSet = (name: string) => (variables[name] ?? '') !== ''
  const isRefused = flags.has('--no-color') || flags.has('--json') || isSet('NO_COLOR') || isSet('CI')
  return {
    allowed: !isRefused && variables['TERM'] !== 'dumb',
    forced: isSet('FORCE_COLOR') && variables['FORCE_COLOR'] !== '0',
  }
}
