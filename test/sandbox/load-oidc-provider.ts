type OidcProvider = typeof import('oidc-provider')

let loading: Promise<OidcProvider> | undefined

/**
 * oidc-provider without its word about Node 20, which it runs on all the same. Only that one
 * line is kept back, and only while the package loads.
 */
export function loadOidcProvider(): Promise<OidcProvider> {
  return (loading ??= load())
}

async function load(): Promise<OidcProvider> {
  const warn = console.warn.bind(console)
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes('oidc-provider WARNING: Unsupported runtime.')) warn(...words)
  }
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}
