import { AuthError } from '../../model/errors.ts'

/** What is read, `undefined` where it cannot be: a damaged file is told of by itself. */
export function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof AuthError) return undefined
    throw error
  }
}
