import type { Account } from './account.ts'

/** What is meant where no account is named, and who says so. */
export interface Preset {
  /** An account's name or a provider's id. */
  readonly name: string
  /** Of the `.aiauth` file that says so; `undefined` where `AIAUTH_ACCOUNT` does. */
  readonly path?: string
}

export function presetSource({ path = 'AIAUTH_ACCOUNT' }: Preset): string {
  return path
}

/** To be said when a file has decided: it may have come with somebody else's folder. */
export function presetNotice(account: Account, preset: Preset | undefined): string | undefined {
  return preset?.path === undefined ? undefined : `aiauth: using ${account.name}, as ${preset.path} says`
}
