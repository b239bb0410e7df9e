/** A test person: who they are, and what each vendor knows about them. */
export interface Person {
  /** What `SANDBOX_PERSON` and `walk` call them; also their subject at every vendor. */
  readonly id: string
  readonly name: string
  readonly email: string
  readonly claude: {
    readonly plan: 'max' | 'pro'
    readonly rateLimitTier: string
    readonly accountUuid: string
    readonly organizationUuid: string
    readonly organizationName: string
  }
  readonly openai: {
    readonly plan: 'pro' | 'plus'
    readonly accountId: string
    readonly userId: string
    readonly organizationId: string
  }
}

/** Ada has the large plans, Ben the small ones: enough for every "another account" and "another tier". */
export const PEOPLE: readonly Person[] = [
  {
    id: 'ada',
    name: 'Ada Example',
    email: 'ada@example.com',
    claude: {
      plan: 'max',
      rateLimitTier: 'default_claude_max_20x',
      accountUuid: 'a1a1a1a1-0000-4000-8000-000000000001',
      organizationUuid: 'a1a1a1a1-0000-4000-8000-000000000002',
      organizationName: "Ada's Organization",
    },
    openai: {
      plan: 'pro',
      accountId: 'a1a1a1a1-0000-4000-8000-000000000003',
      userId: 'user-ada',
      organizationId: 'org-ada',
    },
  },
  {
    id: 'ben',
    name: 'Ben Example',
    email: 'ben@example.com',
    claude: {
      plan: 'pro',
      rateLimitTier: 'default_claude_pro',
      accountUuid: 'b2b2b2b2-0000-4000-8000-000000000001',
      organizationUuid: 'b2b2b2b2-0000-4000-8000-000000000002',
      organizationName: "Ben's Organization",
    },
    openai: {
      plan: 'plus',
      accountId: 'b2b2b2b2-0000-4000-8000-000000000003',
      userId: 'user-ben',
      organizationId: 'org-ben',
    },
  },
]

export function findPerson(id: string | undefined): Person | undefined {
  return PEOPLE.find((person) => person.id === id)
}
