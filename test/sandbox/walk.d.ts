/** Where a walk ended. */
export interface WalkEnd {
  readonly status: number
  readonly url: string
  readonly page: string
}

export interface WalkOptions {
  /** Who signs in, by the id of a person; default: the first button. */
  readonly person?: string
  /** Say no on the first page. */
  readonly deny?: boolean
  /** Cookies by origin, for walks of one and the same browser. */
  readonly jars?: Map<string, Map<string, string>>
}

/**
 * Visits an address like a browser with a person before it, over plain HTTP on loopback:
 * follows redirects, keeps cookies, presses the sandbox's buttons.
 */
export function walk(url: string, options?: WalkOptions): Promise<WalkEnd>
