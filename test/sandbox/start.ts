import { chatgpt } from './chatgpt.ts'
import { claude } from './claude.ts'
import { DEVICE_PATHS } from './device-side.ts'
import { openaiWith } from './openai.ts'
import { startVendor, type VendorServer } from './vendor-server.ts'

/** A whole world of providers on loopback, each a real and strict authorization server. */
export interface Sandbox {
  readonly claude: VendorServer
  /** As the Codex CLI's client sees it. */
  readonly openai: VendorServer
  /** "Sign in with ChatGPT". */
  readonly chatgpt: VendorServer
  /** The content of a `config.json` that points the built-in providers here. */
  readonly settings: object
  close(): Promise<void>
}

export interface SandboxOptions {
  /**
   * The redirect ports that are registered for the Codex client. They are the program's to
   * listen on; name others than the real ones where two programs run at the same time.
   */
  readonly codexPorts?: readonly number[]
}

/** Starts the three vendors. Nothing is shared between two sandboxes but a signing key. */
export async function startSandbox({ codexPorts = [1455, 1457] }: SandboxOptions = {}): Promise<Sandbox> {
  const dresses = [claude, openaiWith(codexPorts), chatgpt] as const
  const [first, second, third] = await Promise.all([
    startVendor(dresses[0]),
    startVendor(dresses[1]),
    startVendor(dresses[2]),
  ])
  return {
    claude: first,
    openai: second,
    chatgpt: third,
    settings: {
      providers: {
        claude: {
          ...endpoints(first, dresses[0].paths),
          profileEndpoint: `${first.origin}/api/oauth/profile`,
          usageEndpoint: `${first.origin}/api/oauth/usage`,
          // The name sets it apart from the server itself, whose own redirects stay within it.
          manualRedirectUri: `${first.origin.replace('127.0.0.1', 'localhost')}${dresses[0].codePage ?? ''}`,
          modes: {
            console: {
              authorizationEndpoint: `${first.origin}/oauth/authorize`,
              keyEndpoint: `${first.origin}/api/oauth/claude_cli/create_api_key`,
            },
          },
        },
        openai: {
          modes: {
            codex: {
              ...endpoints(second, dresses[1].paths),
              usageEndpoint: `${second.origin}/backend-api/wham/usage`,
              deviceAuthorizationEndpoint: second.origin + DEVICE_PATHS.own,
              redirect: { host: '127.0.0.1', ports: codexPorts, path: '/auth/callback' },
            },
            chatgpt: { issuer: third.origin, ...endpoints(third, dresses[2].paths) },
          },
        },
      },
    },
    close: async () => {
      await Promise.all([first, second, third].map((vendor) => vendor.close()))
    },
  }
}

function endpoints(
  { origin }: VendorServer,
  paths: { readonly authorize: string; readonly token: string; readonly revoke: string },
): object {
  return {
    authorizationEndpoint: origin + paths.authorize,
    tokenEndpoint: origin + paths.token,
    revocationEndpoint: origin + paths.revoke,
  }
}
