import type { Account } from './account.ts'
import { filePath, record } from './untrusted.ts'

/** The tools whose sign-in an account can share. */
export type LinkedTool = 'codex' | 'claude-code'

const LINKED_TOOLS: readonly LinkedTool[] = ['codex', 'claude-code']

/** Another tool's file that holds the same grant as an account: `linkedTo` in `auth.json`. */
export interface Link {
  readonly tool: LinkedTool
  /** Absolute. */
  readonly path: string
}

/** The link of an account; `undefined` where it has none, or one of a later version. */
export function linkOf({ linkedTo }: Pick<Account, 'linkedTo'>): Link | undefined {
  const tool = LINKED_TOOLS.find((known) => known === record(linkedTo)['tool'])
  const path = filePath(record(linkedTo)['path'])
  return tool === undefined || path === undefined ? undefined : { tool, path }
}
