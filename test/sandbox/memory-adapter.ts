import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/**
 * One server's grants in one map. oidc-provider's own memory is shared by all servers of a
 * process and warns about itself; this one dies with its server, so that a new start is the
 * "everything was revoked" of a real one. Lifetimes are oidc-provider's to check.
 */
export function memoryAdapter(): AdapterFactory {
  const rows = new Map<string, AdapterPayload>()
  return (model) => modelAdapter(rows, `${model}:`)
}

/* eslint-disable @typescript-eslint/require-await -- the interface is asynchronous, a map is not */
function modelAdapter(rows: Map<string, AdapterPayload>, prefix: string): Adapter {
  const ours = () => [...rows].filter(([key]) => key.startsWith(prefix))
  return {
    upsert: async (id, payload) => void rows.set(prefix + id, payload),
    find: async (id) => rows.get(prefix + id),
    findByUid: async (uid) => ours().find(([, payload]) => payload.uid === uid)?.[1],
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const payload = rows.get(prefix + id)
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000)
    },
    destroy: async (id) => void rows.delete(prefix + id),
    revokeByGrantId: async (grantId) => {
      for (const [key] of ours().filter(([, payload]) => payload.grantId === grantId)) rows.delete(key)
    },
  }
}
/* eslint-enable @typescript-eslint/require-await */
