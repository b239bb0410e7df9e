/** What a child has no use for: secrets, and what would make its start slow or open to a debugger. */
const WITHHELD = /^(?:AIAUTH_PASSPHRASE.*|NODE_EXTRA_CA_CERTS|NODE_OPTIONS)$/i

/** Our own environment as far as a child program that keeps secrets for us may see it. */
export function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !WITHHELD.test(name)))
}
