/** The released version; a test holds it equal to `package.json`. */
export const VERSION = '0.1.0'

/** Honest by default: no provider is told that another program is calling. */
export const USER_AGENT = `aiauth/${VERSION}`
