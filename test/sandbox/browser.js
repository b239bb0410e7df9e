// A browser for `BROWSER=`: walks the address that it gets as its last word, and says nothing.
// SANDBOX_PERSON names who signs in, SANDBOX_DENY lets them say no.
import { walk } from './walk.js'

const { SANDBOX_PERSON: person, SANDBOX_DENY: deny } = process.env

walk(process.argv.at(-1), { ...(person && { person }), deny: Boolean(deny) }).catch(() => {
  process.exitCode = 1
})
