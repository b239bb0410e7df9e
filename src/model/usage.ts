/** One rate-limit window of a subscription. */
export interface UsageWindow {
  /** `5 hours`, `7 days`, `7 days, opus`: short enough for a table. */
  readonly name: string
  /** 0 to 100, and more where a plan allows it. */
  readonly usedPercent: number
  /** RFC 3339 UTC; `null` while the window has not begun. */
  readonly resetsAt: string | null
}

/** `Account.usage` as this version writes it. */
export interface Usage {
  /** RFC 3339 UTC. */
  readonly checkedAt: string
  readonly windows: readonly UsageWindow[]
}
