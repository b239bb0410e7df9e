const COMPLETE = '--complete'
/** What begins like this was meant as a flag; a code that does goes to stdin. */
const FLAG = /^(?:-[hV]$|--[a-z]|--$)/

/**
 * The words of a command line with the code behind `--complete <session>` where it cannot be
 * taken for a flag: one code in sixty-four begins with a dash.
 */
export function withCodeBehindSession(argv: readonly string[]): readonly string[] {
  const isLogin = argv.find((word) => !word.startsWith('-')) === 'login'
  const at = isLogin ? argv.findIndex((word) => word === COMPLETE || word.startsWith(`${COMPLETE}=`)) : -1
  const place = at + (argv[at] === COMPLETE ? 2 : 1)
  const code = at < 0 ? '' : (argv[place] ?? '')
  if (!code.startsWith('-') || FLAG.test(code) || argv.includes('--')) return argv
  return [...argv.slice(0, place), ...argv.slice(place + 1), '--', code]
}
